"""`vinymatic index list`, `show` and `status`: what is in the index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words
from vinymatic.errors import CoverNotFoundError, NoIndexError
from vinymatic.settings import IndexAccess

if TYPE_CHECKING:
    from vinymatic.index.snapshot import CoverEntry, Snapshot

_PAGE = 1000


@contextmanager
def newest_snapshot(settings: IndexAccess) -> Iterator[Snapshot]:
    """Raises `NoIndexError` where nothing is committed."""
    from vinymatic.lifecycle.places import cache_folder, index_store
    from vinymatic.lifecycle.reader import Reader

    reader = Reader(index_store(settings), cache_folder(settings), dimensions=settings.sift_dimensions)
    try:
        reader.refresh()
        with reader.acquire() as snapshot:
            yield snapshot
    finally:
        reader.close()


@index_command(IndexAccess)
@click.option("--prefix", default="", help="Only IDs that start with this.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, with all that is known of a cover.")
def list_(settings: IndexAccess, prefix: str, as_json: bool) -> None:
    """List the covers by ID."""
    with newest_snapshot(settings) as snapshot:
        last = ""
        while page := snapshot.list_covers(start_after=last, limit=_PAGE, prefix=prefix):
            for cover in page:
                click.echo(json.dumps(asdict(cover), ensure_ascii=False) if as_json else cover.id)
            last = page[-1].id


@index_command(IndexAccess)
@click.argument("cover_id", metavar="[ID]", required=False)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def show(settings: IndexAccess, cover_id: str | None, as_json: bool) -> None:
    """Show what the index is, or the cover with this ID."""
    if cover_id is None:
        facts = _index_facts(settings)
    else:
        with newest_snapshot(settings) as snapshot:
            facts = asdict(snapshot.cover(cover_id))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    width = max(map(len, facts))
    for name, value in facts.items():
        shown = bytes_in_words(value) if name in ("bytes", "size") and isinstance(value, int) else value
        click.echo(f"{name.replace('_', ' '):{width}}  {'-' if shown is None else shown}")


@index_command(IndexAccess)
@click.argument("key")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def status(settings: IndexAccess, key: str, as_json: bool) -> None:
    """Say whether KEY is indexed (in which manifest), rejected (why) or unknown."""
    from vinymatic.lifecycle.places import index_store
    from vinymatic.lifecycle.rejects import find_reject
    from vinymatic.lifecycle.status import ingest_status

    answer = ingest_status(_entry(settings, key), find_reject(index_store(settings), key))
    if as_json:
        click.echo(json.dumps(asdict(answer), ensure_ascii=False))
        return
    parts: list[str] = [answer.state]
    if answer.manifest is not None:
        parts.append(f"in manifest {answer.manifest}")
    if answer.code is not None:
        parts.append(f"({answer.code}): {answer.message}")
    click.echo(" ".join(parts))


def _entry(settings: IndexAccess, key: str) -> CoverEntry | None:
    try:
        with newest_snapshot(settings) as snapshot:
            return snapshot.cover(key)
    except (NoIndexError, CoverNotFoundError):
        return None


def _index_facts(settings: IndexAccess) -> dict[str, str | int | float | None]:
    from vinymatic.lifecycle.commit import require_newest
    from vinymatic.lifecycle.due import drift_of
    from vinymatic.lifecycle.places import index_store
    from vinymatic.lifecycle.summary import summarize

    store = index_store(settings)
    manifest = require_newest(store)
    tell({}, index=store)
    drift = drift_of(summarize(manifest))
    return {
        "url": store.url,
        "manifest": manifest.number,
        "written_at": manifest.created_at,
        "written_by": manifest.writer,
        "dimensions": manifest.dimensions,
        "covers": manifest.covers,
        "features": sum(segment.features for segment in manifest.segments),
        "segments": len(manifest.segments),
        "bytes": sum(file.size for file in manifest.files()),
        "epoch": manifest.active_epoch,
        "candidate_epoch": manifest.candidate_epoch,
        "previous_epoch": manifest.previous_epoch,
        "inverted_lists": manifest.active_codebook.lists,
        "trained_at": manifest.trained_at,
        "images_since_training": manifest.images_since_training,
        "drift": None if drift is None else round(drift, 3),
    }
