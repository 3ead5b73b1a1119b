"""What weights are judged by: bins, Brier score, what is accepted, each photo by weights that did not see it."""

from __future__ import annotations

import math

import pytest

from vinymatic.index.results import Effort
from vinymatic.index.score import ScoreWeights
from vinymatic.index.score_weights import SHIPPED, StepWeights
from vinymatic.lifecycle.calibration_asking import Asked
from vinymatic.lifecycle.calibration_fit import Row
from vinymatic.lifecycle.calibration_report import at_step, by_cascade, reliability, reliability_lines
from vinymatic.lifecycle.calibration_steps import StepPriors, cross_fitted, doubts, fitted, judge

pytestmark = pytest.mark.unit

# A score is what its row's first signal says.
PLAIN = StepWeights.same("plain", ScoreWeights(0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0))
PRIORS = StepPriors(SHIPPED, strength=40.0)


def row(score: float, right: bool) -> Row:
    return Row((math.log(score / (1 - score)), 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), right)


def asked(*rows: Row, present: bool = True, fold: int = 0, **by_step: tuple[Row, ...]) -> Asked:
    return Asked("photo", "mine", fold, present, {step: by_step.get(step.value, rows) for step in Effort})


PHOTOS = [
    asked(row(0.95, True), row(0.2, False)),
    asked(row(0.4, False), row(0.7, True)),
    asked(row(0.8, False), row(0.6, True)),
    asked(row(0.3, True)),
    asked(),
    asked(row(0.55, False), present=False),
    asked(row(0.1, False), present=False),
]


def test_the_first_that_passes_is_taken() -> None:
    figures = at_step(PHOTOS, Effort.FAST, lambda _: PLAIN, 0.5)
    assert (figures.present, figures.right, figures.wrong) == (5, 2, 1)
    assert (figures.absent, figures.accepted) == (2, 1)
    strict = at_step(PHOTOS, Effort.FAST, lambda _: PLAIN, 0.9)
    assert (strict.right, strict.wrong, strict.accepted) == (1, 0, 0)


def test_the_brier_score_is_the_mean_square_of_what_is_amiss() -> None:
    figures = at_step([asked(row(0.9, True), row(0.4, False))], Effort.MAX, lambda _: PLAIN, 0.5)
    assert figures.brier == pytest.approx((0.1**2 + 0.4**2) / 2)
    assert at_step([], Effort.MAX, lambda _: PLAIN, 0.5).brier == 0.0


def test_bins_say_how_many_their_mean_score_and_how_many_of_them_are_right() -> None:
    first, last = reliability([(0.01, False), (0.05, True), (0.95, True), (1.0, True)])
    assert (first.least, first.count, first.right) == (0.0, 2, 0.5)
    assert (last.least, last.count, last.right) == (0.9, 2, 1.0)
    assert [first.score, last.score] == pytest.approx([0.03, 0.975])
    figures = at_step(PHOTOS, Effort.FAST, lambda _: PLAIN, 0.5)
    lines = reliability_lines(figures, figures)
    assert any(line.split() == ["0.9", "to", "1.0", "1", "0.950", "1.000", "1", "0.950", "1.000"] for line in lines)


def test_the_cascade_answers_with_the_step_at_which_it_stops() -> None:
    sure = asked(row(0.95, True), standard=(row(0.95, False),), max=(row(0.95, False),))
    second = asked(row(0.3, False), standard=(row(0.95, True),), max=(row(0.95, False),))
    third = asked(standard=(row(0.3, False),), max=(row(0.95, True),))
    hopeless = asked(standard=(row(0.01, False),), max=(row(0.95, True),))
    figures = by_cascade([sure, second, third, hopeless], lambda _: PLAIN, 0.5)
    assert (figures.right, figures.wrong, figures.present) == (3, 0, 4)


def test_a_photo_is_judged_by_weights_of_the_other_half() -> None:
    here = [asked(row(0.9, True), row(0.1, False), fold=0)] * 40
    there = [asked(row(0.9, False), row(0.1, True), fold=1)] * 40
    weights = cross_fitted([*here, *there], PRIORS)
    assert weights(here[0]) == fitted(there, PRIORS)
    assert weights(there[0]) == fitted(here, PRIORS)
    assert weights(here[0]) != weights(there[0])
    judged = judge([*here, *there], SHIPPED, weights, 0.5)
    assert [one.name for one in judged] == ["fast", "standard", "max", "cascade"]


def test_each_step_is_fitted_on_its_own_rows_and_keeps_what_is_known_without_both_kinds() -> None:
    photos = [asked(row(0.7, True), row(0.2, False), fold=n % 2, fast=(row(0.7, True),)) for n in range(20)]
    weights = fitted(photos, PRIORS)
    assert weights.of(Effort.FAST) == SHIPPED.of(Effort.FAST)
    assert weights.of(Effort.STANDARD) != SHIPPED.of(Effort.STANDARD)
    assert [note for note in doubts(photos, weights) if note.startswith("fast: candidates")]
