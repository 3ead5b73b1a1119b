"""The fit of the shipped weights: rows are kept and read back, and the file that is written is one that is scored with."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from bench.fit_score import STRENGTHS, asked_of, best_priors, provenance, report
from vinymatic.index.results import Effort
from vinymatic.index.score import SIGNALS, probability
from vinymatic.index.score_weights import SHIPPED, dump_weights, parse_weights
from vinymatic.lifecycle.calibration_asking import Asked
from vinymatic.lifecycle.calibration_fit import Row
from vinymatic.lifecycle.calibration_steps import fitted

pytestmark = pytest.mark.unit


def questions(count: int) -> list[Asked]:
    """Photos whose candidates are right as often as the shipped weights say."""
    rng = np.random.default_rng(1)
    weights = SHIPPED.of(Effort.STANDARD)

    def row() -> Row:
        signals = tuple(map(float, rng.uniform((0, 0, 0, 0, 0, 0, -0.5), (5, 3, 1, 2, 1, 1, 1))))
        return Row(signals, bool(rng.random() < probability(signals, weights)))

    groups = ("easy", "medium", "hard", "real")
    return [
        Asked(f"{n}.jpg", groups[n % 4], n // 4 % 2, n % 3 > 0, {step: (row(), row()) for step in Effort})
        for n in range(count)
    ]


def test_rows_that_were_kept_are_the_same_when_read() -> None:
    asked = questions(3)
    assert asked_of(json.loads(json.dumps([asdict(one) for one in asked]))) == asked


def test_every_step_is_reported_by_kind_of_photo_and_what_is_written_is_read() -> None:
    asked = questions(400)
    priors = best_priors(asked)
    assert priors.strength in STRENGTHS
    lines = report(asked, priors)
    assert [line for line in lines if line in ("fast", "standard", "max", "cascade")] == [
        "fast",
        "standard",
        "max",
        "cascade",
    ]
    assert sum(line.startswith("  real ") for line in lines) == 4
    weights = fitted(asked, priors, "shipped-today")
    read = parse_weights(dump_weights(weights.name, provenance(asked, 9), dict(weights.by_step)))
    assert replace(read, sha256="") == weights
    assert all(getattr(read.of(step), name) for step in Effort for name in SIGNALS if name != "hull")
