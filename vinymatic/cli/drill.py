"""`vinymatic drill`."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import timedelta

import click

from vinymatic.cli.backup import BACKUP_PLACE, needed_backup_store
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import IndexAccess


@index_command(IndexAccess, reads=BACKUP_PLACE)
@click.option("--number", type=click.IntRange(min=1), help="Drill the backup of this manifest; without it, the newest.")
@click.option(
    "--through",
    metavar="URL",
    help="Restore it into this place first, which must hold nothing, ask it there, and take everything away again.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def drill(settings: IndexAccess, number: int | None, through: str | None, as_json: bool) -> None:
    """Load a backup as the API would, ask it what it was asked when it was made, and compare.

    Exit code 1 when one answer differs or the backup cannot be loaded. The index itself is not touched.
    """
    from vinymatic.lifecycle import drill as drills
    from vinymatic.lifecycle.places import backup_url, index_url, is_within, store_at

    backup, place = needed_backup_store(settings), None
    if through is not None:
        for url, what in ((index_url(settings), "the index"), (backup_url(settings), "its backup")):
            if is_within(through, url) or is_within(url, through):
                raise click.UsageError(f"--through {through}: that is where {what} lies, in {url}")
        place = store_at(settings, through)
    report = drills.drill(backup, number=number, scratch=settings.backup_folder, through=place)
    facts = {"passed": report.passed} | asdict(report)
    tell(facts)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        restored = f"restored in {report.restore_seconds:.1f} s, " if report.through else ""
        age = timedelta(seconds=round(report.age_seconds))
        click.echo(
            f"{'passed' if report.passed else 'FAILED'}: manifest {report.number} in {report.url}, {age} old,"
            f" {report.covers} covers: {report.right} of {report.questions} answers right"
            f" ({restored}loaded in {report.load_seconds:.1f} s, asked in {report.ask_seconds:.1f} s)"
        )
        for line in (*([report.problem] if report.problem else []), *report.wrong):
            click.echo(f"  {line}")
    if not report.passed:
        raise click.exceptions.Exit(1)
