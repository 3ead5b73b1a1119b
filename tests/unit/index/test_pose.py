"""Where a cover lies by single pairs of features: those that agree find it, those that scatter do not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.small import descriptors
from tests.unit.index.views import flat_cover, query_of
from vinymatic.features.types import Features, PointArray
from vinymatic.index.pose import likely_place
from vinymatic.index.verify import NARROWED_FROM, narrowed, verify

pytestmark = pytest.mark.unit

SIDE = 300


def moved(points: PointArray, scale: float, turn: float, x: float, y: float) -> PointArray:
    """The features of a cover of SIDE × SIDE as a photo shows them that has its centre at `x`, `y`. `turn`: degrees."""
    radians = np.radians(turn)
    spin = scale * np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    spots = (points[:, :2] - SIDE / 2) @ spin.T + (x, y)
    return np.column_stack([spots, points[:, 2] * scale, (points[:, 3] + turn) % 360]).astype(np.float32)


def scattered(count: int, seed: int = 3) -> PointArray:
    rng = np.random.default_rng(seed)
    return rng.uniform((0, 0, 4, 0), (2_000, 1_500, 40, 360), (count, 4)).astype(np.float32)


@given(
    scale=st.floats(0.2, 2.0),
    turn=st.floats(0, 360, exclude_max=True),
    x=st.floats(0, 2_000),
    y=st.floats(0, 1_500),
)
def test_pairs_that_agree_find_the_cover_among_as_many_that_scatter(
    scale: float, turn: float, x: float, y: float
) -> None:
    cover = flat_cover(40).points
    photo = np.concatenate([moved(cover[:20], scale, turn, x, y), scattered(20)])
    place = likely_place(photo, cover, SIDE, SIDE)
    assert place is not None
    assert place.pairs >= 20
    assert (place.x, place.y) == pytest.approx((x, y), abs=0.05 * scale * SIDE + 1)
    assert place.holds(moved(cover, scale, turn, x, y)).all()
    assert not place.holds(np.array([[x + 3 * scale * SIDE, y, 8, 0]], np.float32)).any()


def test_pairs_that_scatter_find_nothing() -> None:
    cover = flat_cover(12).points
    assert likely_place(scattered(12), cover, SIDE, SIDE) is None


@pytest.mark.parametrize("count", [0, 2])
def test_fewer_than_three_pairs_are_no_evidence(count: int) -> None:
    cover = flat_cover(count).points
    assert likely_place(moved(cover, 1, 0, 500, 500), cover, SIDE, SIDE) is None


def crowd(cover: Features, count: int) -> Features:
    """A photo that shows the cover among `count` features of other things."""
    spots = moved(cover.points, 0.5, 20, 800, 600)
    rest = scattered(count)
    far = rest[np.hypot(rest[:, 0] - 800, rest[:, 1] - 600) > 400]
    told = np.concatenate([cover.descriptors, descriptors(len(far), start=4_000)])
    return Features(np.concatenate([spots, far]), told, 2_000, 1_500)


def test_of_a_crowded_photo_only_what_lies_near_the_cover_is_compared() -> None:
    cover = flat_cover()
    query = query_of(crowd(cover, 2 * NARROWED_FROM))
    near = narrowed(query, cover, np.arange(0, len(cover), 2))
    assert near is not None
    assert len(near.features) == len(cover)
    whole, part = verify(query, cover), verify(near, cover)
    assert whole is not None
    assert part is not None
    assert part.inliers == whole.inliers
    assert part.outline == pytest.approx(whole.outline, abs=1)


def test_a_crowded_photo_whose_voters_scatter_is_not_compared_at_all() -> None:
    cover = flat_cover()
    photo = crowd(cover, 2 * NARROWED_FROM)
    points = photo.points.copy()
    points[: len(cover)] = scattered(len(cover), seed=9)
    query = query_of(Features(points, photo.descriptors, photo.width, photo.height))
    assert narrowed(query, cover, np.arange(6)) is None


def test_a_photo_of_one_cover_is_compared_whole() -> None:
    cover = flat_cover()
    query = query_of(crowd(cover, 200))
    assert narrowed(query, cover, np.arange(3)) is query
