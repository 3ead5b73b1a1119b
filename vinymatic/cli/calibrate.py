"""`vinymatic calibrate`."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vinymatic.cli.options import LIKE_THE_API, index_command
from vinymatic.cli.outcome import tell
from vinymatic.settings import ApiSettings

if TYPE_CHECKING:
    from vinymatic.lifecycle.calibration import Calibration
    from vinymatic.lifecycle.calibration_report import Figures


@index_command(ApiSettings, reads=LIKE_THE_API)
@click.option(
    "--photos", metavar="PLACE", required=True, help="Folder or URL with labels.csv and the photos that it names."
)
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Write the weights here, for SCORE_WEIGHTS."
)
@click.option("--json", "as_json", is_flag=True, help="As one JSON object.")
def calibrate(settings: ApiSettings, photos: str, out: Path | None, as_json: bool) -> None:
    """Fit the score's weights on your own labelled photos, and print how reliable they are.

    labels.csv has the columns photo,cover; an empty cover says that the index does not hold what the photo shows. Every photo is asked at
    every step, read as an API with these settings reads it, and once more with its cover left out. Weights are fitted on one half of the
    covers and judged on the other, both ways, beside those in use; --out writes what all photos give.
    """
    from vinymatic.cli.progress import bars
    from vinymatic.lifecycle.calibration import calibrate as fit
    from vinymatic.lifecycle.labelled import photo_limits
    from vinymatic.lifecycle.places import index_store, score_weights, store_at, work_folder

    store = index_store(settings)
    if out is not None:
        # Before the work of minutes, not after it.
        out.parent.mkdir(parents=True, exist_ok=True)
    with bars() as progress:
        done = fit(
            store,
            work_folder(settings),
            store_at(settings, photos if "://" in photos else Path(photos).absolute().as_uri()),
            limits=photo_limits(settings.sift_dimensions, settings),
            threshold=settings.similarity_threshold,
            in_use=score_weights(settings),
            progress=progress,
        )
    if out is not None:
        out.write_bytes(done.file())
    tell(_outcome(done, out), index=store)
    if as_json:
        facts = _outcome(done, out) | {
            "judged": [asdict(one) for one in done.judged],
            "file": json.loads(done.file()),
        }
        click.echo(json.dumps(facts, ensure_ascii=False))
        return
    for line in _lines(done, settings.similarity_threshold):
        click.echo(line)
    click.echo(
        f"\n--out FILE writes the weights {done.weights.name}" if out is None else f"\n{out}: {done.weights.name}"
    )


def _lines(done: Calibration, threshold: float) -> list[str]:
    from vinymatic.lifecycle.calibration_report import figures_line, reliability_lines

    lines = [
        f"manifest {done.manifest}, {done.present} photos of {done.covers} covers of the index, {done.absent} of others",
        f"in use: {done.in_use.name}; refitted: on one half of the covers, judged on the other; accepted from {threshold:g} on",
    ]
    for one in done.judged:
        lines += [
            "",
            one.name,
            f"  in use    {figures_line(one.before)}",
            f"  refitted  {figures_line(one.after)}",
            *(f"  {line}" for line in reliability_lines(one.before, one.after)),
        ]
    return [*lines, *(["", *(f"note: {note}" for note in done.notes)] if done.notes else [])]


def _outcome(done: Calibration, out: Path | None) -> dict[str, object]:
    cascade = done.judged[-1]
    return {
        "manifest": done.manifest,
        "present": done.present,
        "absent": done.absent,
        "covers": done.covers,
        "in_use": done.in_use.name,
        "weights": done.weights.name,
        "before": _short(cascade.before),
        "after": _short(cascade.after),
        "notes": list(done.notes),
        "out": None if out is None else str(out),
    }


def _short(figures: Figures) -> dict[str, float]:
    return {
        "brier": round(figures.brier, 5),
        "right": figures.right,
        "wrong": figures.wrong,
        "false_accepts": figures.accepted,
    }
