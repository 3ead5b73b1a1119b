"""`vinymatic gate`."""

from __future__ import annotations

import click

from vinymatic.cli.options import index_command
from vinymatic.settings import IndexAccess


@index_command(IndexAccess, reads=("gate_photos_url",))
@click.option(
    "--photos", type=click.IntRange(min=0), default=200, show_default=True, help="Simulated photos, of as many covers."
)
@click.option("--labelled", metavar="URL", help="Your own photos with labels.csv, instead of GATE_PHOTOS_URL.")
@click.option("--recall-loss", type=float, default=0.01, show_default=True, help="Most by which recall may fall.")
@click.option(
    "--false-accept-gain",
    type=float,
    default=0.005,
    show_default=True,
    help="Most by which the share of false accepts may rise.",
)
@click.option(
    "--slowdown",
    type=float,
    default=2.0,
    show_default=True,
    help="Most by which a search may take longer, as a factor.",
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def gate(
    settings: IndexAccess,
    photos: int,
    labelled: str | None,
    recall_loss: float,
    false_accept_gain: float,
    slowdown: float,
    *,
    as_json: bool,
) -> None:
    """Measure the candidate epoch against the active one: the same photos, asked of both.

    Writes a report beside the index, which `vinymatic promote` reads. Exit code 1 when the candidate does not pass. The index itself is
    not changed.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.index.layout import gate_page_key
    from vinymatic.lifecycle import gate as gates
    from vinymatic.lifecycle.places import index_store, labelled_store, store_at, work_folder

    store = index_store(settings)
    own = labelled_store(settings) if labelled is None else store_at(settings, labelled)
    policy = gates.GatePolicy(photos, recall_loss, false_accept_gain, slowdown)
    with bars() as progress:
        report = gates.gate(store, work_folder(settings), policy=policy, labelled=own, progress=progress)
    if as_json:
        click.echo(report.model_dump_json())
    else:
        click.echo(f"{'passed' if report.passed else 'FAILED'}: epoch {report.epoch}, by manifest {report.number}")
        for measured in report.rounds:
            for name, figures in (("active", measured.active), ("candidate", measured.candidate)):
                click.echo(
                    f"  {measured.name}, {name}: {figures.found} of {figures.present} found,"
                    f" {figures.accepted + figures.wrong} of {figures.present + figures.absent} accepted falsely,"
                    f" {figures.median_seconds * 1_000:.1f} ms"
                )
        for line in (*report.failures, *report.notes):
            click.echo(f"  {line}")
        click.echo(f"  {store.url}/{gate_page_key(report.epoch, report.codebook)}")
    if not report.passed:
        raise click.exceptions.Exit(1)
