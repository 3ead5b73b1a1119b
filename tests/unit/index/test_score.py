"""Scores: probabilities whose order agrees with the evidence. The weights are fitted elsewhere; no number of theirs is held here."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.candidates import CENTRE, LEFT, RIGHT, evidence
from vinymatic.index.results import Effort
from vinymatic.index.score import LARGEST_MARGIN, SIGNALS, ScoreWeights, probability, signals
from vinymatic.index.score_weights import SHIPPED
from vinymatic.index.search import lies_elsewhere, rival_margins

pytestmark = pytest.mark.unit

WEIGHTS = SHIPPED.of(Effort.STANDARD)

STRONG = signals(
    evidence(weighted_coverage=18.0, inliers=90, coverage=0.9, hull=0.8, visible_ratio=0.5), margin=0.0, correlation=0.9
)
WEAK = signals(
    evidence(weighted_coverage=0.8, inliers=6, coverage=0.12, hull=0.03, visible_ratio=0.05),
    margin=0.0,
    correlation=-0.1,
)


@pytest.mark.parametrize("step", Effort)
def test_strong_evidence_scores_high_and_weak_evidence_low(step: Effort) -> None:
    assert probability(STRONG, SHIPPED.of(step)) > 0.9
    assert probability(WEAK, SHIPPED.of(step)) < 0.3


def test_a_stronger_rival_lowers_the_score() -> None:
    middling = evidence(weighted_coverage=5.0, inliers=20)
    alone, rivalled = (probability(signals(middling, margin, 0.4), WEIGHTS) for margin in (0.0, 2.5))
    assert rivalled < alone


def test_every_signal_has_its_weight() -> None:
    assert len(WEIGHTS.as_tuple()) == len(STRONG) == len(fields(ScoreWeights)) - 1
    assert WEIGHTS.as_tuple() == tuple(getattr(WEIGHTS, name) for name in SIGNALS)


def test_nothing_to_compare_says_nothing_either_way() -> None:
    assert signals(evidence(), 0.0, None) == signals(evidence(), 0.0, 0.0)


def test_a_hopeless_margin_counts_no_more_than_a_bad_one() -> None:
    assert signals(evidence(), 1e9, 0.5) == signals(evidence(), LARGEST_MARGIN, 0.5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=len(STRONG), max_size=len(STRONG)))
def test_a_score_is_a_probability_whatever_the_signals(values: list[float]) -> None:
    assert 0.0 <= probability(tuple(values), WEIGHTS) <= 1.0
    assert math.isfinite(probability(tuple(values), WEIGHTS))


def test_a_candidate_s_margin_is_its_strongest_rival_for_the_same_place() -> None:
    ranked = [evidence(LEFT, 10.0), evidence(RIGHT, 8.0), evidence(CENTRE, 4.0)]
    assert rival_margins(ranked) == [pytest.approx(0.4), 0.0, pytest.approx(2.5)]
    assert rival_margins(ranked[:1]) == [0.0]
    assert rival_margins([]) == []


def test_a_rival_without_weight_is_no_division_by_zero() -> None:
    margins = rival_margins([evidence(LEFT, 3.0), evidence(LEFT, 0.0)])
    assert all(math.isfinite(margin) for margin in margins)
    assert margins[0] == 0.0


def test_what_lies_elsewhere_has_most_of_its_inliers_outside() -> None:
    left, right = evidence(LEFT), evidence(RIGHT)
    assert lies_elsewhere(right, left.outline)
    assert not lies_elsewhere(left, left.outline)
    assert not lies_elsewhere(evidence(CENTRE), left.outline)
