"""`vinymatic retrain`."""

from __future__ import annotations

import click

from vinymatic.cli.gate import gate_outcome
from vinymatic.cli.options import index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import IngestorSettings

_LIMITS = ("retraining_interval", "retraining_days", "retraining_growth", "retraining_drift", "gate_photos_url")


@index_command(IngestorSettings, reads=_LIMITS)
@click.option("--if-due", is_flag=True, help="Only when one of the limits below is reached.")
def retrain(settings: IngestorSettings, *, if_due: bool) -> None:
    """Train a candidate, measure it, and make it active when it passes its gate; otherwise discard it.

    The same as `vinymatic train`, `gate` and `promote`, or `discard`. Searches and ingestors go on meanwhile. Run again, it goes on
    where it was stopped. Exit code 3 when the candidate did not pass.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle import retraining
    from vinymatic.lifecycle.gate_report import EXIT_CODE_REFUSED
    from vinymatic.lifecycle.places import index_store, labelled_store, work_folder

    store = index_store(settings)
    if if_due and not _due(settings):
        tell({"due": False}, index=store)
        return
    with bars() as progress:
        done = retraining.retrain(
            store,
            work_folder(settings),
            dimensions=settings.sift_dimensions,
            labelled=labelled_store(settings),
            progress=progress,
        )
    tell(gate_outcome(done.gate) | {"number": done.number, "promoted": done.promoted}, index=store)
    if done.promoted:
        click.echo(f"manifest {done.number}: epoch {done.epoch} passed its gate and is active")
        return
    click.echo(f"manifest {done.number}: epoch {done.epoch} did not pass its gate and is discarded")
    for line in done.gate.failures:
        click.echo(f"  {line}")
    raise click.exceptions.Exit(EXIT_CODE_REFUSED)


def _due(settings: IngestorSettings) -> bool:
    from datetime import UTC, datetime

    from vinymatic.lifecycle.commit import require_newest
    from vinymatic.lifecycle.due import retraining_due
    from vinymatic.lifecycle.places import index_store, retraining_policy
    from vinymatic.lifecycle.summary import summarize

    store = index_store(settings)
    reasons = retraining_due(summarize(require_newest(store)), retraining_policy(settings), datetime.now(UTC))
    for due in reasons:
        click.echo(f"due by {due.reason.value}: {due.text}")
    if not reasons:
        click.echo("no retraining is due")
    return bool(reasons)
