"""Fitting the score's weights: a known model is found again, signs are kept, and few rows do not overturn what is known."""

from __future__ import annotations

from dataclasses import astuple, replace

import numpy as np
import pytest

from vinymatic.index.results import Effort
from vinymatic.index.score import SIGNALS, ScoreWeights, probability
from vinymatic.index.score_weights import SHIPPED
from vinymatic.lifecycle.calibration_fit import Prior, Row, can_be_fitted, fit

pytestmark = pytest.mark.unit

TRUE = ScoreWeights(
    bias=-6.0,
    inliers=1.0,
    weighted_coverage=1.5,
    visible_ratio=1.0,
    margin=-2.0,
    hull=1.5,
    coverage=2.0,
    correlation=4.0,
)
NOTHING = Prior(ScoreWeights(*(0.0 for _ in range(8))), strength=1e-3, holds_bias=False)
KNOWN = Prior(SHIPPED.of(Effort.STANDARD), strength=40.0)
LOWEST = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, -0.5)
HIGHEST = (5.0, 3.0, 1.0, 3.0, 1.0, 1.0, 1.0)


def rows_of(weights: ScoreWeights, count: int, seed: int = 1) -> list[Row]:
    """Candidates that are right as often as `weights` say."""
    rng = np.random.default_rng(seed)
    values = [tuple(map(float, row)) for row in rng.uniform(LOWEST, HIGHEST, (count, len(SIGNALS)))]
    return [Row(row, bool(rng.random() < probability(row, weights))) for row in values]


def distance(one: ScoreWeights, other: ScoreWeights) -> float:
    return float(np.abs(np.subtract(astuple(one), astuple(other))).max())


def amiss(one: ScoreWeights, other: ScoreWeights) -> float:
    """Mean difference of their scores."""
    fresh = rows_of(TRUE, 1_000, seed=9)
    return float(np.mean([abs(probability(row.signals, one) - probability(row.signals, other)) for row in fresh]))


def test_a_known_model_is_found_again() -> None:
    found = fit(rows_of(TRUE, 20_000), NOTHING)
    assert distance(found, TRUE) < 0.5
    fresh = rows_of(TRUE, 2_000, seed=2)
    assert max(abs(probability(row.signals, found) - probability(row.signals, TRUE)) for row in fresh) < 0.06


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_mean_score_is_the_share_that_is_right(seed: int) -> None:
    rows = rows_of(TRUE, 1_000, seed)
    found = fit(rows, NOTHING)
    mean = float(np.mean([probability(row.signals, found) for row in rows]))
    assert mean == pytest.approx(np.mean([row.right for row in rows]), abs=1e-3)


def test_a_held_bias_gives_way_to_many_rows() -> None:
    rows = rows_of(TRUE, 20_000)
    found = fit(rows, KNOWN)
    mean = float(np.mean([probability(row.signals, found) for row in rows]))
    assert mean == pytest.approx(np.mean([row.right for row in rows]), abs=0.01)


def test_few_rows_do_not_overturn_what_is_known_and_many_do() -> None:
    few, many = fit(rows_of(TRUE, 30), KNOWN), fit(rows_of(TRUE, 20_000), KNOWN)
    assert amiss(few, KNOWN.weights) < 0.1 < 0.2 < amiss(few, TRUE)
    assert amiss(many, TRUE) < 0.02


@pytest.mark.parametrize(("name", "wrong"), [("hull", -3.0), ("coverage", -2.0), ("margin", 1.5)])
def test_a_signal_never_gets_the_wrong_sign(name: str, wrong: float) -> None:
    rows = rows_of(replace(TRUE, **{name: wrong}), 5_000)
    found = fit(rows, NOTHING)
    assert getattr(found, name) == 0.0
    # The others are fitted without it, not cut off beside it.
    assert found.correlation == pytest.approx(TRUE.correlation, abs=1.0)
    mean = float(np.mean([probability(row.signals, found) for row in rows]))
    assert mean == pytest.approx(np.mean([row.right for row in rows]), abs=1e-3)


def test_a_signal_that_is_the_same_everywhere_keeps_its_weight() -> None:
    rows = [Row((*row.signals[:-1], 0.7), row.right) for row in rows_of(TRUE, 500)]
    assert fit(rows, KNOWN).correlation == KNOWN.weights.correlation


def test_a_signal_s_unit_does_not_matter() -> None:
    rows = rows_of(TRUE, 200)
    percent = [Row((*row.signals[:-1], row.signals[-1] * 100), row.right) for row in rows]
    known = Prior(replace(KNOWN.weights, correlation=KNOWN.weights.correlation / 100), KNOWN.strength)
    assert fit(percent, known).correlation == pytest.approx(fit(rows, KNOWN).correlation / 100, abs=1e-3)


def test_separable_rows_far_from_what_is_known_still_end() -> None:
    rows = [Row((float(n), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), n >= 50) for n in range(100)]
    found = fit(rows, Prior(ScoreWeights(60.0, *(0.0 for _ in SIGNALS)), strength=1.0, holds_bias=False))
    assert all((probability(row.signals, found) >= 0.5) == row.right for row in rows)


def test_the_order_of_rows_does_not_matter() -> None:
    rows = rows_of(TRUE, 300)
    assert fit(rows, KNOWN) == fit(rows, KNOWN)
    assert distance(fit(rows[::-1], KNOWN), fit(rows, KNOWN)) <= 1e-4


@pytest.mark.parametrize("right", [True, False])
def test_rows_of_one_kind_fit_nothing(right: bool) -> None:
    rows = [Row(HIGHEST, right)] * 5
    assert not can_be_fitted(rows)
    assert not can_be_fitted([])
    with pytest.raises(ValueError, match="all right or all wrong"):
        fit(rows, KNOWN)
