"""`vinymatic index repair`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from vinymatic.cli.backup import BACKUP_PLACE, needed_backup_store
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import IngestorSettings

if TYPE_CHECKING:
    from vinymatic.lifecycle.repair_means import Sources

_READS = (*BACKUP_PLACE, "num_features", "nor_x", "nor_y", "max_pixels", "max_object_bytes")


@index_command(IngestorSettings, reads=_READS)
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--from-backup/--no-backup",
    default=None,
    help="Take lost files from the backup, or leave it alone; without either, from the backup where one is set.",
)
@click.option("--drop-lost", is_flag=True, help="Go on without the covers that cannot be saved.")
def repair(settings: IngestorSettings, *, dry_run: bool, from_backup: bool | None, drop_lost: bool) -> None:
    """Put right what `vinymatic index verify` finds: from the backup, by making it again, or from the scans in S3_BUCKET.

    Exit code 1 when something stays wrong. No cover is given up without --drop-lost. Searches and ingestors may go on meanwhile; killed,
    it is run again.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import repair as repairs
    from vinymatic.lifecycle.places import index_store, work_folder

    with bars() as progress:
        done = repairs.repair(
            index_store(settings),
            work_folder(settings),
            _sources(settings, from_backup),
            drop_lost=drop_lost,
            dry_run=dry_run,
            progress=progress,
        )
    tell(
        {"number": done.number, "done": done.done, "unsaved": done.unsaved, "lost": len(done.lost), "dry_run": dry_run}
    )
    for step in done.done:
        click.echo(f"would do: {step}" if dry_run else f"done: {step}")
    for cover_id, why in sorted(done.lost.items()):
        click.echo(f"lost: {cover_id}: {why}")
    for line in done.unsaved:
        click.echo(f"not saved: {line}")
    state = "stays damaged" if done.unsaved else "would be whole" if dry_run and done.done else "is whole"
    click.echo(f"manifest {done.number} {state}")
    if done.unsaved:
        raise click.exceptions.Exit(1)


def _sources(settings: IngestorSettings, from_backup: bool | None) -> Sources:
    from vinymatic.cli.bulk import limits_of, spec_of
    from vinymatic.lifecycle.places import backup_store, covers_store
    from vinymatic.lifecycle.repair_means import Sources

    backup = needed_backup_store(settings) if from_backup else None
    if from_backup is None:
        backup = backup_store(settings)
    scans = covers_store(settings) if settings.s3_bucket else None
    return Sources(backup, scans, spec_of(settings), limits_of(settings))
