"""`vinymatic restore`."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime

import click

from vinymatic.cli.backup import BACKUP_PLACE, needed_backup_store
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words
from vinymatic.settings import IndexAccess
from vinymatic.storage.port import ObjectStore


def _moment(ctx: click.Context, parameter: click.Parameter, value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} is no time such as 2026-11-01T12:00Z", ctx=ctx, param=parameter) from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


@index_command(IndexAccess, reads=BACKUP_PLACE)
@click.option("--number", type=click.IntRange(min=1), help="Bring back the backup of this manifest.")
@click.option(
    "--at",
    callback=_moment,
    metavar="TIME",
    help="Bring back the newest state at or before TIME, such as 2026-11-01T12:00Z (UTC where it says no zone).",
)
@click.option("--id", "id_", metavar="ID", help="Bring back the backup whose ID this is, or how it begins.")
@click.option("--to", metavar="URL", help="Where to, instead of the index: s3://bucket/prefix or file:///folder.")
def restore(settings: IndexAccess, number: int | None, at: datetime | None, id_: str | None, to: str | None) -> None:
    """Bring the index back from its backup; without an option, from the newest.

    What the index holds now is not rewound: the restored state becomes a new manifest after it.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import backup as copies
    from vinymatic.lifecycle.places import index_store, store_at

    if sum(option is not None for option in (number, at, id_)) > 1:
        raise click.UsageError("--number, --at and --id exclude each other")
    source = needed_backup_store(settings)
    index = index_store(settings) if to is None else store_at(settings, to)
    if at is not None or id_ is not None:
        number = _chosen(source, at, id_)
    with bars() as progress:
        done = copies.restore(source, index, number=number, progress=progress)
    tell(asdict(done), index=index)
    click.echo(
        f"{index.url} is restored from manifest {done.backup_number} of {source.url}, as manifest {done.number}:"
        f" {done.copied_files} files copied ({bytes_in_words(done.copied_bytes)}), {done.checked_files} were there and good"
    )


def _chosen(source: ObjectStore, at: datetime | None, id_: str | None) -> int:
    from vinymatic.lifecycle.backups import backup_at, backup_with_id, list_backups

    entries = list_backups(source)
    if at is not None:
        return backup_at(entries, at).number
    assert id_ is not None
    return backup_with_id(entries, id_).number
