"""The statistics of the recognition's bench."""

from __future__ import annotations

import pytest

from bench.figures import CurvePoint, Scored, at_false_accepts, curve, histogram, share, thinned, upper_bound

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("hits", "tries", "bound"),
    [(0, 3_000, 0.000998), (0, 200, 0.01487), (1, 10, 0.39416), (5, 100, 0.10225)],
)
def test_the_bound_is_that_of_clopper_and_pearson(hits: int, tries: int, bound: float) -> None:
    assert upper_bound(hits, tries) == pytest.approx(bound, rel=1e-3)


def test_nothing_tried_shows_nothing() -> None:
    assert upper_bound(0, 0) == 1.0
    assert upper_bound(4, 4) == 1.0


def test_the_curve_counts_what_is_accepted_at_or_over_each_threshold() -> None:
    present = [Scored(0.9, True), Scored(0.8, False), Scored(0.6, True), Scored(0.0, False)]
    assert curve(present, [0.7, 0.0]) == [
        CurvePoint(0.9, 0.25, 0.0, 0.0),
        CurvePoint(0.8, 0.25, 0.25, 0.0),
        CurvePoint(0.7, 0.25, 0.25, 0.5),
        CurvePoint(0.6, 0.5, 0.25, 0.5),
    ]


def test_of_the_thresholds_with_few_false_accepts_the_best_is_taken_and_the_strictest_of_equals() -> None:
    points = curve([Scored(0.9, True), Scored(0.5, True), Scored(0.4, True)], [0.45, 0.0])
    best = at_false_accepts(points, 0.0)
    assert best is not None
    assert best.threshold == 0.5
    assert best.right == pytest.approx(2 / 3)
    assert at_false_accepts(curve([Scored(0.5, True)], [0.6]), 0.0) is None


def test_a_curve_without_photos_has_no_points() -> None:
    assert curve([], []) == []
    assert curve([Scored(0.0, False)], [0.0]) == []


def test_a_thinned_curve_keeps_its_ends() -> None:
    points = curve([Scored(number / 1_000, True) for number in range(1, 1_001)], [])
    few = thinned(points, 50)
    assert len(few) == 50
    assert (few[0], few[-1]) == (points[0], points[-1])
    assert thinned(points[:10], 50) == points[:10]


def test_a_histogram_counts_every_score_once() -> None:
    assert histogram([0.0, 0.05, 0.5, 0.99, 1.0], bins=2) == [2, 3]


def test_a_share_of_nothing_is_no_number() -> None:
    assert (share(3, 4), share(0, 0)) == ("75.0 %", "–")
