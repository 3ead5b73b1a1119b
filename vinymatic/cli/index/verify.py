"""`vinymatic index verify`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.cli.words import bytes_in_words, counted
from vinymatic.settings import IndexAccess

if TYPE_CHECKING:
    from vinymatic.lifecycle.findings import VerificationReport

_SHOWN = 20


@index_command(IndexAccess)
@click.option("--number", type=click.IntRange(min=1), help="Look at this manifest; without it, at the newest.")
@click.option("--all", "every", is_flag=True, help="Look at every manifest that is kept.")
@click.option("--json", "as_json", is_flag=True, help="As one JSON object, with every finding.")
def verify(settings: IndexAccess, number: int | None, *, every: bool, as_json: bool) -> None:
    """Prove that every file of the index is there, has the right bytes, opens, and fits the others.

    Exit code 1 when something is wrong. Changes nothing; `vinymatic index repair` does.
    """
    if number is not None and every:
        raise click.UsageError("--number and --all exclude each other")

    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import verification
    from vinymatic.lifecycle.places import index_store, work_folder

    with bars() as progress:
        report = verification.verify(
            index_store(settings), work_folder(settings), number=number, every=every, progress=progress
        )
    tell({"passed": report.clean, "problems": len(report.problems), "covers": report.covers, "files": report.files})
    if as_json:
        click.echo(json.dumps(asdict(report) | {"clean": report.clean}, ensure_ascii=False))
    else:
        _print(report)
    if not report.clean:
        raise click.exceptions.Exit(1)


def _print(report: VerificationReport) -> None:
    from vinymatic.lifecycle.findings import Kind

    numbers = ", ".join(map(str, report.manifests)) or "none could be read"
    click.echo(
        f"{report.url}: manifest {numbers}: {counted(report.covers, 'cover')}, {counted(report.files, 'file')}"
        f" ({bytes_in_words(report.bytes)}): {counted(len(report.problems), 'problem') if report.problems else 'all good'}"
    )
    for finding in report.problems:
        click.echo(f"  {finding}")
    orphans = [finding for finding in report.findings if finding.kind is Kind.ORPHAN]
    for finding in report.findings:
        if not finding.is_problem and finding not in orphans:
            click.echo(f"  note: {finding.message}")
    for finding in orphans[:_SHOWN]:
        click.echo(f"  note: {finding.key}: {finding.message}")
    if len(orphans) > _SHOWN:
        click.echo(f"  note: and {len(orphans) - _SHOWN} more files that no manifest names")
    if report.young_orphans:
        click.echo(f"  note: {counted(report.young_orphans, 'file')} that no manifest names yet, of the last 24 hours")
