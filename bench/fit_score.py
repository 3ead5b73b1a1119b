"""Fits the shipped weights of the score: `python -m bench.fit_score --data FOLDER [--covers N] [--write FILE]`.

Simulated: two thirds of the scans in FOLDER/distractors, and generated sleeves in series that share a layout, make the catalogue; photos
of them and of the covers that were left out are asked. Real: the photos in FOLDER/photos, once with FOLDER/references in the catalogue
and once without. Each photo is asked at every step of the cascade; its best candidate there and the two behind it are rows, right or
wrong. Covers whose own clean scan already matches the catalogue (the same artwork under another title) are left out: there a "false"
accept is the truth. Weights are fitted on one half of the covers and judged on the other, beside those shipped now.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.fit_score_photos import GROUPS, PHOTO, SLEEVES, collect
from vinymatic.index.results import Effort, SearchOptions
from vinymatic.index.score import SIGNALS, ScoreWeights
from vinymatic.index.score_weights import SHIPPED, FittedFeatures, Provenance, StepWeights, dump_weights
from vinymatic.lifecycle.calibration_asking import Asked
from vinymatic.lifecycle.calibration_fit import Row
from vinymatic.lifecycle.calibration_report import figures_line, reliability_lines
from vinymatic.lifecycle.calibration_steps import CASCADE, StepPriors, cross_fitted, doubts, fitted, judge
from vinymatic.threads import limit_native_threads

# Not what is shipped now: that was fitted on the same photos, and holding to it would count them twice.
NOTHING = StepWeights.same("none", ScoreWeights(0.0, *(0.0 for _ in SIGNALS)))
# How firmly weights are held to nothing: the one whose scores are best on the half that was not fitted on.
STRENGTHS = (0.25, 1.0, 4.0, 16.0)
THRESHOLD = SearchOptions().similarity_threshold


def asked_of(records: list[dict[str, Any]]) -> list[Asked]:
    """What `--rows` kept."""
    return [
        Asked(
            **record
            | {
                "rows": {
                    Effort(step): tuple(Row(tuple(row["signals"]), row["right"]) for row in rows)
                    for step, rows in record["rows"].items()
                }
            }
        )
        for record in records
    ]


def best_priors(asked: list[Asked]) -> StepPriors:
    def amiss(priors: StepPriors) -> float:
        judged = judge(asked, SHIPPED, cross_fitted(asked, priors), THRESHOLD)
        return sum(one.after.brier for one in judged if one.name != CASCADE)

    return min((StepPriors(NOTHING, strength, holds_bias=False) for strength in STRENGTHS), key=amiss)


def report(asked: list[Asked], priors: StepPriors) -> list[str]:
    lines = [f"held to nothing with a strength of {priors.strength:g}, the best of {STRENGTHS}"]
    after = cross_fitted(asked, priors)
    whole = judge(asked, SHIPPED, after, THRESHOLD)
    groups = {group: judge([one for one in asked if one.group == group], SHIPPED, after, THRESHOLD) for group in GROUPS}
    for place, total in enumerate(whole):
        lines += ["", total.name]
        for name, one in [("all", total), *((group, judged[place]) for group, judged in groups.items())]:
            lines += [
                f"  {name:7} shipped   {figures_line(one.before)}",
                f"  {'':7} refitted  {figures_line(one.after)}",
            ]
        lines += [f"  {line}" for line in reliability_lines(total.before, total.after)]
    return lines


def provenance(asked: list[Asked], covers: int) -> Provenance:
    rows = [row for one in asked for step in Effort for row in one.rows[step]]
    groups = Counter(one.group for one in asked)
    return Provenance(
        date=datetime.now(UTC).date().isoformat(),
        command=f"python -m bench.fit_score --data FOLDER --covers {covers}",
        data="simulated photos of scanned game covers and of generated sleeves in series, and phone photos of DVD covers",
        counts={
            "game covers": covers,
            "generated sleeves": SLEEVES,
            **{f"questions, {group}": groups[group] for group in GROUPS},
            "questions with the cover in the catalogue": sum(one.present for one in asked),
            "rows": len(rows),
            "right rows": sum(row.right for row in rows),
        },
        features=FittedFeatures(
            sift_dimensions=PHOTO.dimensions, num_features=PHOTO.num_features, nor_x=PHOTO.nor_x, nor_y=PHOTO.nor_y
        ),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="the folder with distractors, references and photos")
    parser.add_argument("--covers", type=int, default=1_500, help="scans of FOLDER/distractors")
    parser.add_argument("--rows", type=Path, help="keep the rows in this file, or read them from it when it is there")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the weights of all rows")
    arguments = parser.parse_args()
    limit_native_threads()
    if arguments.rows and arguments.rows.exists():
        asked = asked_of(json.loads(arguments.rows.read_text()))
    elif arguments.data is None:
        parser.error("--data must say where distractors, references and photos are")
    else:
        with tempfile.TemporaryDirectory() as folder:
            asked = collect(arguments.data, arguments.covers, Path(folder))
        if arguments.rows:
            arguments.rows.write_text(json.dumps([asdict(one) for one in asked]))
    priors = best_priors(asked)
    print("\n".join(report(asked, priors)))
    weights = fitted(asked, priors, f"shipped-{datetime.now(UTC).date().isoformat()}")
    for step, own in weights.by_step:
        print(f"\n{step}: " + ", ".join(f"{name} {value:g}" for name, value in asdict(own).items()))
    for note in doubts(asked, weights):
        print(f"note: {note}")
    if arguments.write:
        arguments.write.write_bytes(
            dump_weights(weights.name, provenance(asked, arguments.covers), dict(weights.by_step))
        )
        print(f"{arguments.write}: {weights.name}")


if __name__ == "__main__":
    main()
