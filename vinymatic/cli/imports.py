"""The ways of `vinymatic import`: from a folder, from the bucket, and through the queue."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click
from tqdm import tqdm

from vinymatic.cli.bulk import advise_training, limits_of, open_cli_writer, report, spec_of
from vinymatic.cli.index.scans import find_scans, index_scans
from vinymatic.cli.words import counted
from vinymatic.errors import SettingError, VinymaticError
from vinymatic.lifecycle.bucket import list_bucket, only_covers, read_object
from vinymatic.lifecycle.bulk import BATCH, Summary, index_items
from vinymatic.lifecycle.catalogue import Catalogue
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.fill_queue import fill_queue
from vinymatic.lifecycle.inventory import Listed, each_once, opened, parse_columns, read_inventory, read_keys
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.places import change_queue, covers_store, index_store, is_own_key, work_folder
from vinymatic.lifecycle.prune import delete_covers, plan_prune, still_gone
from vinymatic.lifecycle.writer import Writer
from vinymatic.settings import IngestorSettings
from vinymatic.storage.port import ObjectStore

_SHOWN = 20
AGAIN = "stopped half-way; what is done stays, and the same command does the rest"


@dataclass(frozen=True)
class Source:
    """What names the objects of S3_BUCKET: the bucket itself, an inventory, or a list of keys."""

    bucket: bool
    inventory: Path | None
    columns: str | None
    keys: Path | None
    prefix: str

    def listed(self, settings: IngestorSettings, covers: ObjectStore, patience: Patience) -> list[Listed]:
        """The objects that may be covers, each once. Raises `ListingError`, `StorageError`; exit code 1 when there are none."""
        found = only_covers(self._all(settings, covers, patience), partial(is_own_key, settings))
        if not found:
            where = f" that starts with {self.prefix!r}" if self.prefix else ""
            raise click.ClickException(f"no object{where} in {self.inventory or self.keys or covers.url}")
        return found

    def _all(self, settings: IngestorSettings, covers: ObjectStore, patience: Patience) -> list[Listed]:
        if self.bucket:
            return list(
                tqdm(list_bucket(covers, self.prefix, patience), desc="list", unit="key", leave=False, disable=None)
            )
        if self.inventory is not None:
            columns = None if self.columns is None else parse_columns(self.columns)
            with opened(self.inventory) as lines:
                return each_once(read_inventory(lines, bucket=settings.s3_bucket, columns=columns), self.prefix)
        assert self.keys is not None
        with opened(self.keys) as lines:
            return each_once(read_keys(lines), self.prefix)


def from_folder(settings: IngestorSettings, folder: Path, *, batch: int | None, prune: bool, yes: bool) -> None:
    scans = find_scans(folder)
    if not scans:
        raise click.ClickException(f"no JPEG, PNG or WebP file in {folder}")
    store = index_store(settings)
    writer = open_cli_writer(settings, store)

    def run(summary: Summary, advance: Callable[[], object]) -> None:
        index_scans(
            writer,
            store,
            scans,
            spec_of(settings),
            limits_of(settings),
            summary=summary,
            batch=batch,
            advance=advance,
        )

    def gone(ids: Sequence[str]) -> list[str]:
        # Looked for among the files found, never by joining an id to a path: it may be `../` anything.
        there = {scan.id for scan in find_scans(folder)}
        return [cover_id for cover_id in ids if cover_id not in there]

    summary = _run(settings, writer, store, len(scans), "scan", run)
    if prune:
        _prune(writer, {scan.id for scan in scans}, "", gone, Patience(), yes=yes)
    _end(summary)


def from_bucket(settings: IngestorSettings, source: Source, *, batch: int | None, prune: bool, yes: bool) -> None:
    covers, patience = covers_store(settings), Patience()
    items = source.listed(settings, covers, patience)
    store = index_store(settings)
    writer = open_cli_writer(settings, store)
    read = partial(read_object, store=covers, spec=spec_of(settings), model=writer.model, limits=limits_of(settings))

    def run(summary: Summary, advance: Callable[[], object]) -> None:
        index_items(
            writer, store, items, read, summary=summary, batch=batch or BATCH, patience=patience, advance=advance
        )

    summary = _run(settings, writer, store, len(items), "object", run)
    if prune:
        gone = partial(still_gone, covers, patience=patience)
        _prune(writer, {item.id for item in items}, source.prefix, gone, patience, yes=yes)
    _end(summary)


def to_queue(settings: IngestorSettings, source: Source) -> None:
    queue = change_queue(settings)
    if queue is None:
        raise SettingError("SQS_QUEUE_URL", "", "the URL of the queue that the ingestors read")
    covers, patience = covers_store(settings), Patience()
    items = source.listed(settings, covers, patience)
    catalogue = Catalogue(FileCache(index_store(settings), work_folder(settings)))
    manifest = read_newest(index_store(settings))
    if manifest is not None:
        catalogue.follow(manifest)
    # Without an ETag in the listing the ingestor looks; it downloads only what has changed.
    keys = [item.id for item in items if item.etag is None or catalogue.etag(item.id) != item.etag]
    sent = 0
    with tqdm(total=len(keys), desc="send", unit="key", disable=None) as bar:

        def advance(more: int) -> None:
            nonlocal sent  # the bar does not count where it is not drawn
            sent += more
            bar.update(more)

        try:
            fill_queue(queue, keys, bucket=settings.s3_bucket, patience=patience, advance=advance)
        except VinymaticError:
            bar.close()
            click.echo(f"{sent} of {len(keys)} keys were sent; {AGAIN}")
            raise
    click.echo(f"{counted(len(keys), 'key')} sent to {settings.sqs_queue_url}, {len(items) - len(keys)} unchanged")


def _run(
    settings: IngestorSettings,
    writer: Writer,
    store: ObjectStore,
    total: int,
    unit: str,
    work: Callable[[Summary, Callable[[], object]], None],
) -> Summary:
    summary = Summary()
    with tqdm(total=total, desc="import", unit=unit, disable=None) as bar:
        try:
            work(summary, bar.update)
        except VinymaticError:
            bar.close()
            report(summary, store.url, writer.number)
            click.echo(AGAIN)
            raise
    report(summary, store.url, writer.number)
    advise_training(settings, writer)
    return summary


def _end(summary: Summary) -> None:
    """Exit code 1 when not one object could be indexed, as `index build` has it."""
    if summary.in_index == 0:
        raise click.exceptions.Exit(1)


def _prune(
    writer: Writer,
    source: Collection[str],
    prefix: str,
    gone: Callable[[Sequence[str]], list[str]],
    patience: Patience,
    *,
    yes: bool,
) -> None:
    ids = gone(plan_prune(writer.ids(), source, prefix=prefix))
    if yes:
        with tqdm(total=len(ids), desc="prune", unit="cover", disable=None) as bar:
            deleted = delete_covers(writer, ids, patience, bar.update)
        click.echo(f"{counted(deleted, 'cover')} deleted whose scans are gone; manifest {writer.number}")
        return
    for cover_id in ids[:_SHOWN]:
        click.echo(f"would delete: {cover_id}")
    if len(ids) > _SHOWN:
        click.echo(f"and {len(ids) - _SHOWN} more")
    if ids:
        click.echo(f"{counted(len(ids), 'cover')} would be deleted; nothing is, without --yes")
    else:
        click.echo("every cover has its scan")
