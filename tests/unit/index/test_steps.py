"""The cascade: what is done first, what follows, and when it ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.views import flat_cover
from vinymatic.features import FeatureSpec
from vinymatic.index.results import Effort, SearchOptions
from vinymatic.index.steps import FAST, NOTHING_SCORE, STANDARD, SURE_SCORE, THOROUGH, Step, first_step, next_step

pytestmark = pytest.mark.unit

SPEC = FeatureSpec(num_features=500, nor_x=480, nor_y=480)
DOUBT = 0.4


def way(scores: list[float], **options: float | Effort) -> list[Step]:
    """The steps of a photo whose best candidate has these scores in turn."""
    chosen = SearchOptions(**options)  # type: ignore[arg-type]
    steps = [first_step(chosen, SPEC)]
    for score in scores:
        following = next_step(steps[-1], chosen, score)
        if following is None:
            break
        steps.append(following)
    return steps


def test_what_is_beyond_doubt_takes_the_cheapest_step_alone() -> None:
    assert way([SURE_SCORE, 0, 0]) == [FAST]


def test_a_doubt_takes_more_until_the_most_was_done() -> None:
    assert way([DOUBT] * 9) == [FAST, STANDARD, THOROUGH]


def test_where_nothing_is_the_dearest_step_is_spared_but_not_on_the_fast_ones_word() -> None:
    assert way([0.0, 0.0, 0.0]) == [FAST, STANDARD]
    assert way([0.0, NOTHING_SCORE, 0.0]) == [FAST, STANDARD, THOROUGH]


def test_a_threshold_above_what_is_sure_is_tried_for() -> None:
    assert way([0.93] * 9, similarity_threshold=0.95) == [FAST, STANDARD, THOROUGH]


@pytest.mark.parametrize(("effort", "step"), [(Effort.FAST, FAST), (Effort.MAX, THOROUGH)])
@given(score=st.floats(0, 1))
def test_who_asks_for_the_least_or_the_most_gets_that_step_alone(effort: Effort, step: Step, score: float) -> None:
    assert way([score] * 9, effort=effort) == [step]


@pytest.mark.parametrize("effort", list(Effort))
def test_several_covers_get_more_pixels_and_features_the_more_they_are(effort: Effort) -> None:
    steps = [first_step(SearchOptions(max_covers=count, effort=effort), SPEC) for count in range(2, 21)]
    sizes = [(step.extraction(SPEC).num_features, step.extraction(SPEC).nor_x, step.verified) for step in steps]
    assert sizes == sorted(sizes)
    assert sizes[0][:2] == (1_000, 640)
    assert sizes[-1][:2] == (6_000, 2_000)
    assert way([DOUBT] * 9, max_covers=2, effort=effort) == steps[:1]


def test_the_fast_step_searches_the_best_of_what_the_next_one_needs() -> None:
    features = flat_cover(80)
    spec = FeatureSpec(num_features=80, nor_x=480, nor_y=360)
    assert FAST.extraction(spec) == STANDARD.extraction(spec) == spec
    assert len(STANDARD.searched(features, spec)) == 80
    best = FAST.searched(features, spec)
    assert (best.points == features.points[: len(best)]).all()
    assert len(best) == 48


def test_a_box_that_is_no_square_keeps_its_shape() -> None:
    spec = THOROUGH.extraction(FeatureSpec(num_features=500, nor_x=480, nor_y=360))
    assert (spec.nor_x, spec.nor_y, spec.num_features) == (640, 480, 1_000)
