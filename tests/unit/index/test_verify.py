"""Geometric verification: a true view is recovered, everything else is no evidence, and nothing crashes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.unit.index.small import descriptors
from tests.unit.index.views import ASKEW, HEIGHT, NOISE, WIDTH, flat_cover, photo_through, query_of, view
from vinymatic.features.types import Features
from vinymatic.index.verify import FEWEST_INLIERS, Evidence, project, verify

pytestmark = pytest.mark.unit

CORNERS = np.array([[0, 0], [300, 0], [300, 300], [0, 300]], np.float64)


def seen(homography: NDArray[np.float64], **conditions: float) -> Evidence | None:
    """The evidence of a photo of a made-up cover through this homography."""
    cover = flat_cover()
    return verify(query_of(photo_through(cover, homography, **conditions)), cover)  # type: ignore[arg-type]


def some(evidence: Evidence | None) -> Evidence:
    assert evidence is not None
    return evidence


@pytest.mark.parametrize(
    "homography",
    [
        ASKEW,
        view([(10, 10), (230, 10), (230, 230), (10, 230)]),
        view([(280, 120), (160, 230), (50, 110), (170, 5)]),
        view([(250, 220), (60, 200), (80, 30), (260, 40)]),
    ],
    ids=["askew", "straight", "turned", "upside down"],
)
@pytest.mark.parametrize("others", [0, 150])
def test_a_known_view_is_recovered(homography: NDArray[np.float64], others: int) -> None:
    evidence = some(seen(homography, others=others))
    assert np.abs(evidence.outline - project(homography, CORNERS)).max() < 2
    assert evidence.inliers > 60
    assert evidence.coverage > 0.8
    assert 15 < evidence.weighted_coverage <= 25
    assert 0.7 < evidence.hull <= 1
    assert 0.8 < evidence.visible_ratio <= 1
    assert evidence.cosine > 0.98
    assert evidence.photo_points.shape == (evidence.inliers, 2)
    assert np.abs(project(homography, evidence.cover_points.astype(np.float64)) - evidence.photo_points).max() < 4


def test_blurred_descriptors_agree_less() -> None:
    sharp, blurred = some(seen(ASKEW)), some(seen(ASKEW, blur=30))
    assert blurred.cosine < sharp.cosine
    assert blurred.weighted_coverage < sharp.weighted_coverage


def test_a_part_of_the_cover_gives_its_whole_outline() -> None:
    cover = flat_cover(150)
    half = Features(cover.points[cover.points[:, 0] < 140], cover.descriptors[cover.points[:, 0] < 140], 300, 300)
    evidence = some(verify(query_of(photo_through(half, ASKEW)), cover))
    assert np.abs(evidence.outline - project(ASKEW, CORNERS)).max() < 5
    assert evidence.coverage <= 0.6
    assert evidence.hull < 0.5
    assert evidence.visible_ratio < 0.7


def test_a_cover_that_reaches_out_of_the_photo_is_judged_by_what_is_in_it() -> None:
    moved = view([(-150, 10), (90, 10), (90, 230), (-150, 230)])
    cover = flat_cover(150)
    photo = photo_through(cover, moved)
    inside = (photo.points[:, 0] >= 0) & (photo.points[:, 0] < WIDTH)
    evidence = some(
        verify(query_of(replace(photo, points=photo.points[inside], descriptors=photo.descriptors[inside])), cover)
    )
    assert evidence.visible_ratio > 0.8
    assert evidence.coverage < 0.7


def test_a_mirrored_cover_is_no_evidence() -> None:
    assert seen(view([(230, 10), (10, 10), (10, 230), (230, 230)])) is None


def test_a_speck_is_no_evidence() -> None:
    assert seen(view([(100, 100), (110, 100), (110, 110), (100, 110)]), shake=0.05) is None


def test_a_view_in_which_the_cover_reaches_behind_the_camera_is_no_evidence() -> None:
    # What is matched lies in front; the cover's far side would lie behind, and its outline is none.
    behind = np.array([[0.5, 0, 20], [0, 0.5, 20], [-1 / 150, 0, 1.0]])
    cover = flat_cover(400)
    front = (cover.points[:, :2] < 100).all(axis=1)
    part = replace(cover, points=cover.points[front], descriptors=cover.descriptors[front])
    assert len(part) > 30
    query = query_of(photo_through(part, behind))
    assert verify(query, cover) is None
    assert verify(query, replace(part, width=100, height=100)) is not None


def test_features_on_one_line_or_one_spot_are_no_evidence() -> None:
    for collapse in ([[1.0, 0.0], [1.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]]):
        cover = flat_cover()
        photo = photo_through(cover, ASKEW)
        flattened = photo.points.copy()
        flattened[:, :2] = photo.points[:, :2] @ np.array(collapse, np.float32).T
        assert verify(query_of(replace(photo, points=flattened)), cover) is None
        squeezed = cover.points.copy()
        squeezed[:, :2] = cover.points[:, :2] @ np.array(collapse, np.float32).T
        assert verify(query_of(photo), replace(cover, points=squeezed)) is None


def test_an_unrelated_cover_is_no_evidence() -> None:
    cover, other = flat_cover(), flat_cover(seed=3)
    assert verify(query_of(photo_through(cover, ASKEW, others=100)), other) is None


def test_the_same_features_at_random_spots_are_no_view() -> None:
    cover = flat_cover()
    photo = photo_through(cover, ASKEW)
    spots = np.random.default_rng(5).uniform((0, 0), (WIDTH, HEIGHT), (len(photo), 2)).astype(np.float32)
    evidence = verify(query_of(replace(photo, points=np.column_stack([spots, photo.points[:, 2:]]))), cover)
    assert evidence is None or evidence.inliers < 12


def test_features_of_one_spot_count_once() -> None:
    cover = flat_cover(40)
    turned = np.clip(cover.descriptors.astype(int) + 40 * (np.arange(128) % 2), 0, 255).astype(np.uint8)
    doubled = Features(
        np.repeat(cover.points, 2, axis=0), np.stack([cover.descriptors, turned], axis=1).reshape(80, 128), 300, 300
    )
    once = some(verify(query_of(photo_through(cover, ASKEW)), cover))
    twice = some(verify(query_of(photo_through(doubled, ASKEW)), doubled))
    assert abs(twice.inliers - once.inliers) <= 3


def test_features_that_many_covers_share_weigh_nothing() -> None:
    cover, photo = flat_cover(), photo_through(flat_cover(), ASKEW)
    distances = ((photo.descriptors.astype(np.float32) - cover.descriptors) ** 2).sum(axis=1)
    rare, shared = some(verify(query_of(photo), cover)), verify(query_of(photo, float(distances.max()) + 1), cover)
    assert some(shared).weighted_coverage < 0.5 * rare.weighted_coverage
    assert verify(query_of(photo, 1.0), cover) is None


@pytest.mark.parametrize("mine", [0, 1, 2, 4])
@pytest.mark.parametrize("theirs", [0, 1, 2, 80])
def test_too_few_features_are_no_evidence(mine: int, theirs: int) -> None:
    def first(features: Features, count: int) -> Features:
        return replace(features, points=features.points[:count], descriptors=features.descriptors[:count])

    cover, photo = flat_cover(), photo_through(flat_cover(), ASKEW)
    assert verify(query_of(first(photo, mine)), first(cover, theirs)) is None
    assert verify(query_of(first(photo, theirs)), first(cover, mine)) is None


def test_five_agreeing_features_are_the_least() -> None:
    cover = flat_cover()
    photo = photo_through(cover, ASKEW, shake=0.0)
    few = replace(photo, points=photo.points[: FEWEST_INLIERS - 1], descriptors=photo.descriptors[: FEWEST_INLIERS - 1])
    assert verify(query_of(few), cover) is None


def test_the_same_photo_gives_the_same_evidence_on_every_thread() -> None:
    cover = flat_cover()
    query = query_of(photo_through(cover, ASKEW, others=150, blur=25))
    expected = some(verify(query, cover))
    with ThreadPoolExecutor(4) as pool:
        for evidence in pool.map(lambda _: some(verify(query, cover)), range(12)):
            assert np.array_equal(evidence.homography, expected.homography)
            assert evidence.inliers == expected.inliers


@settings(max_examples=60)
@given(
    st.integers(0, 40),
    st.sampled_from(["line", "spot", "grid", "random", "huge"]),
    st.sampled_from(["line", "spot", "grid", "random", "huge"]),
    st.integers(0, 1_000),
)
def test_no_arrangement_of_points_crashes(count: int, mine: str, theirs: str, seed: int) -> None:
    rng = np.random.default_rng(seed)

    def points(kind: str) -> NDArray[np.float32]:
        spots = {
            "line": np.column_stack([np.arange(count), np.arange(count)]),
            "spot": np.full((count, 2), 7.0),
            "grid": np.column_stack([np.arange(count) % 5, np.arange(count) // 5]) * 9.0,
            "random": rng.uniform(0, 300, (count, 2)),
            "huge": rng.uniform(0, 4_095, (count, 2)),
        }[kind]
        return np.column_stack([spots, np.ones((count, 2))]).astype(np.float32)

    photo = Features(points(mine), descriptors(count), WIDTH, HEIGHT)
    cover = Features(points(theirs), descriptors(count), 300, 300)
    evidence = verify(query_of(photo, NOISE), cover)
    if evidence is not None:
        assert FEWEST_INLIERS <= evidence.inliers <= count
        assert 0 < evidence.coverage <= 1
        assert 0 <= evidence.weighted_coverage <= 25
        assert 0 <= evidence.cosine <= 1
        assert np.isfinite(evidence.outline).all()


def test_points_at_infinity_come_out_huge_and_finite() -> None:
    vanishing = np.array([[1.0, 0, 0], [0, 1.0, 0], [0.01, 0, -1.0]])
    assert np.isfinite(project(vanishing, np.array([[100.0, 50.0], [99.999999, 50.0], [0.0, 0.0]]))).all()
