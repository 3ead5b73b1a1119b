"""`vinymatic gate`."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import LIKE_THE_API, index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import ApiSettings

if TYPE_CHECKING:
    from vinymatic.lifecycle.gate_report import Figures, GateReport


def _finite(_: click.Context, parameter: click.Parameter, value: float) -> float:
    if not math.isfinite(value):
        raise click.BadParameter(f"{value} is no limit", param=parameter)
    return value


@index_command(ApiSettings, reads=("gate_photos_url", *LIKE_THE_API))
@click.option("--photos", type=click.IntRange(2, 100_000), default=200, show_default=True, help="Simulated photos.")
@click.option("--labelled", metavar="URL", help="Labelled photos, instead of GATE_PHOTOS_URL.")
@click.option(
    "--recall-loss",
    type=click.FloatRange(-1, 1),
    callback=_finite,
    default=0.01,
    show_default=True,
    help="Most that recall may fall.",
)
@click.option(
    "--false-accept-gain",
    type=click.FloatRange(-1, 1),
    callback=_finite,
    default=0.005,
    show_default=True,
    help="Most that the share of false accepts may rise.",
)
@click.option(
    "--slowdown",
    type=click.FloatRange(0, min_open=True),
    callback=_finite,
    default=2.0,
    show_default=True,
    help="Most by which the median time of a search may be multiplied.",
)
@click.option(
    "--report", type=click.Path(file_okay=False, path_type=Path), help="Write the report into this folder too."
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def gate(
    settings: ApiSettings,
    photos: int,
    labelled: str | None,
    recall_loss: float,
    false_accept_gain: float,
    slowdown: float,
    report: Path | None,
    as_json: bool,
) -> None:
    """Measure the candidate epoch against the active one, and write the report that `vinymatic promote` asks for.

    Both are asked simulated photos of the index's own covers, and labelled photos where there are any: a folder or prefix with labels.csv
    (columns photo,cover) and the photos that it names. Photos are read as an API with these settings reads them. Exit code 1 when a limit
    was not kept. Searches and ingestors go on meanwhile.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.index.layout import gate_page_key
    from vinymatic.index.results import SearchOptions
    from vinymatic.lifecycle.gate import GatePolicy
    from vinymatic.lifecycle.gate import gate as measure
    from vinymatic.lifecycle.gate_page import gate_page
    from vinymatic.lifecycle.labelled import photo_limits
    from vinymatic.lifecycle.places import index_store, labelled_store, score_weights, store_at, work_folder

    store = index_store(settings)
    with bars() as progress:
        done = measure(
            store,
            work_folder(settings),
            policy=GatePolicy(photos, recall_loss, false_accept_gain, slowdown),
            labelled=labelled_store(settings) if labelled is None else store_at(settings, labelled),
            limits=photo_limits(settings.sift_dimensions, settings),
            options=SearchOptions(similarity_threshold=settings.similarity_threshold),
            weights=score_weights(settings),
            progress=progress,
        )
    tell(gate_outcome(done), index=store)
    if report is not None:
        report.mkdir(parents=True, exist_ok=True)
        (report / "gate.json").write_bytes(done.to_json())
        (report / "gate.html").write_text(gate_page(done, store.url), "utf-8")
    if as_json:
        click.echo(json.dumps(done.model_dump(mode="json") | {"passed": done.passed}, ensure_ascii=False))
    else:
        _tell(
            done,
            f"{store.url.rstrip('/')}/{gate_page_key(done.epoch, done.codebook)}" if report is None else str(report),
        )
    if not done.passed:
        raise click.exceptions.Exit(1)


def _tell(done: GateReport, place: str) -> None:
    rounds = "; ".join(
        f"{measured.name}: {_figures(measured.active)} → {_figures(measured.candidate)}" for measured in done.rounds
    )
    click.echo(f"{'passed' if done.passed else 'FAILED'}: epoch {done.epoch} in manifest {done.number}, {rounds}")
    for line in (*done.failures, *done.notes, f"report: {place}"):
        click.echo(f"  {line}")


def _figures(figures: Figures) -> str:
    """`recall 0.980 (98/100), 2/200 false accepts, 41 ms`."""
    return (
        f"recall {figures.recall:.3f} ({figures.found}/{figures.present}),"
        f" {figures.accepted + figures.wrong}/{figures.photos} false accepts, {figures.median_seconds * 1_000:.0f} ms"
    )


def gate_outcome(done: GateReport) -> dict[str, object]:
    """The report without what only people look at."""
    return {
        "epoch": done.epoch,
        "number": done.number,
        "passed": done.passed,
        "failures": done.failures,
        "rounds": [
            {"name": one.name, "active": _short(one.active), "candidate": _short(one.candidate)} for one in done.rounds
        ],
    }


def _short(figures: Figures) -> dict[str, float]:
    return {
        "photos": figures.photos,
        "recall": round(figures.recall, 4),
        "false_accepts": round(figures.false_accepts, 4),
        "median_seconds": round(figures.median_seconds, 4),
    }
