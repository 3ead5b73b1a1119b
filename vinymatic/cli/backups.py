"""`vinymatic backup list` and `vinymatic backup prune`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime

import click

from vinymatic.cli.backup import BACKUP_PLACE, needed_backup_store
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words, counted
from vinymatic.settings import IndexAccess

_ID_SHOWN = 12
_NUMBERS_TOLD = 50


@index_command(IndexAccess, reads=BACKUP_PLACE)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_(settings: IndexAccess, as_json: bool) -> None:
    """List the backups, newest first: any of them can be restored and drilled."""
    from vinymatic.lifecycle.backups import list_backups

    entries = list_backups(needed_backup_store(settings))
    if as_json:
        for entry in entries:
            times = {"taken_at": entry.taken_at.isoformat(), "committed_at": entry.committed_at.isoformat()}
            click.echo(json.dumps(asdict(entry) | times))
        return
    if not entries:
        click.echo("no backups")
        return
    rows = [("NUMBER", "INDEX OF", "TAKEN", "COVERS", "EPOCH", "BYTES", "ID")]
    rows += [
        (
            str(entry.number),
            _minute(entry.committed_at),
            _minute(entry.taken_at),
            str(entry.covers),
            str(entry.epoch),
            bytes_in_words(entry.bytes),
            entry.id[:_ID_SHOWN],
        )
        for entry in entries
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@index_command(IndexAccess, reads=(*BACKUP_PLACE, "backup_keep_count", "backup_keep_days"))
@click.option("--keep-count", type=click.IntRange(min=0), help="Instead of BACKUP_KEEP_COUNT.")
@click.option("--keep-days", type=click.FloatRange(min=0), help="Instead of BACKUP_KEEP_DAYS.")
@click.option("--dry-run", is_flag=True, help="Say what would be deleted; delete nothing.")
def prune(settings: IndexAccess, keep_count: int | None, keep_days: float | None, dry_run: bool) -> None:
    """Delete backups beyond what is to be kept, and the files that only they needed.

    The newest always stays. Files younger than a day stay too: they may belong to a backup that is being made.
    """
    from vinymatic.lifecycle.places import retention_policy
    from vinymatic.lifecycle.retention import RetentionPolicy, apply_retention

    set_ = retention_policy(settings)
    policy = RetentionPolicy(
        set_.keep_count if keep_count is None else keep_count, set_.keep_days if keep_days is None else keep_days
    )
    done = apply_retention(needed_backup_store(settings), policy, dry_run=dry_run)
    tell(
        {
            "dry_run": dry_run,
            "kept_backups": len(done.kept),
            "dropped_backups": len(done.dropped),
            "deleted_files": done.deleted_files,
            "deleted_bytes": done.deleted_bytes,
            # The newest of each.
            "kept": done.kept[:_NUMBERS_TOLD],
            "dropped": done.dropped[:_NUMBERS_TOLD],
        }
    )
    click.echo(
        f"{counted(len(done.dropped), 'backup')} {'would go' if dry_run else 'deleted'}, {len(done.kept)} kept;"
        f" {counted(done.deleted_files, 'file')} ({bytes_in_words(done.deleted_bytes)})"
    )


def _minute(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%MZ")
