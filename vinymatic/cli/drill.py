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
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def drill(settings: IndexAccess, number: int | None, as_json: bool) -> None:
    """Load a backup as the API would, ask it what it was asked when it was made, and compare.

    Exit code 1 when one answer differs or the backup cannot be loaded. The index itself is not touched.
    """
    from vinymatic.lifecycle import drill as drills

    report = drills.drill(needed_backup_store(settings), number=number, scratch=settings.backup_folder)
    facts = {"passed": report.passed} | asdict(report)
    tell(facts)
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False))
    else:
        age = timedelta(seconds=round(report.age_seconds))
        click.echo(
            f"{'passed' if report.passed else 'FAILED'}: manifest {report.number} in {report.url}, {age} old,"
            f" {report.covers} covers: {report.right} of {report.questions} answers right"
            f" (loaded in {report.load_seconds:.1f} s, asked in {report.ask_seconds:.1f} s)"
        )
        for line in (*([report.problem] if report.problem else []), *report.wrong):
            click.echo(f"  {line}")
    if not report.passed:
        raise click.exceptions.Exit(1)
