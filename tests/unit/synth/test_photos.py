"""Simulated photos: the outline given is where the cover is, and the levels keep their limits."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from vinymatic.synth.photos import LEVELS, Level, in_frame, simulate
from vinymatic.synth.raster import Bgr
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.unit


def straightened(photo: Bgr, corners: np.ndarray[tuple[int, ...], np.dtype[np.float64]], side: int = 160) -> Bgr:
    flat = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    warp = cv2.getPerspectiveTransform(corners.astype(np.float32), flat)
    return cv2.warpPerspective(photo, warp, (side, side), flags=cv2.INTER_AREA).astype(np.uint8)


def correlation(one: Bgr, other: Bgr) -> float:
    """Of the two pictures' greys without their slow changes, which light and glare make."""
    parts = []
    for image in (one, other):
        grey = cv2.GaussianBlur(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32), (0, 0), 2)
        parts.append((grey - cv2.GaussianBlur(grey, (0, 0), 12)).ravel())
    return float(np.corrcoef(parts[0], parts[1])[0, 1])


@pytest.mark.parametrize(("level", "least"), [(Level.EASY, 0.85), (Level.MEDIUM, 0.55), (Level.HARD, 0.3)])
@pytest.mark.parametrize("seed", range(4))
def test_the_outline_is_where_the_cover_is_and_the_right_way_up(level: Level, least: float, seed: int) -> None:
    cover = sleeve(seed).image
    photo = simulate(cover, seed, level)
    reference = cv2.resize(cover, (160, 160), interpolation=cv2.INTER_AREA).astype(np.uint8)
    seen = straightened(photo.image, photo.corners)
    assert correlation(seen, reference) > least
    for turned in (cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE):
        assert correlation(cv2.rotate(seen, turned).astype(np.uint8), reference) < correlation(seen, reference)


def test_the_same_arguments_give_the_same_photo() -> None:
    cover = sleeve(1, side=200).image
    one, other = simulate(cover, 7, Level.HARD), simulate(cover, 7, Level.HARD)
    assert np.array_equal(one.image, other.image)
    assert one.jpeg() == other.jpeg()
    assert np.array_equal(one.corners, other.corners)


def test_other_seeds_and_levels_give_other_photos() -> None:
    cover = sleeve(1, side=200).image
    corners = [simulate(cover, seed, level).corners for seed in range(2) for level in Level]
    assert len({c.tobytes() for c in corners}) == len(corners)


@pytest.mark.parametrize("level", Level)
def test_a_level_keeps_its_limits(level: Level) -> None:
    cover = sleeve(2, side=160).image
    conditions = LEVELS[level]
    for seed in range(12):
        photo = simulate(cover, seed, level, width=640, height=480)
        assert photo.image.shape == (480, 640, 3)
        assert photo.visible >= 1 - conditions.hidden - 0.01
        assert in_frame(photo.corners, 640, 480) >= 1 - conditions.hidden / 2 - 1e-3
        side = np.sqrt(cv2.contourArea(photo.corners.astype(np.float32)))
        assert side <= conditions.fill[1] * 480
        assert conditions.quality[0] - 1 <= photo.quality <= conditions.quality[1]


@pytest.mark.parametrize("shape", [(300, 500), (500, 300), (900, 900)])
def test_corners_go_clockwise_from_the_covers_top_left_for_any_shape(shape: tuple[int, int]) -> None:
    cover = np.full((*shape, 3), 128, np.uint8)
    photo = simulate(cover, 3, Level.EASY)
    top_left, top_right, bottom_right, bottom_left = photo.corners
    assert top_left[0] < top_right[0]
    assert top_right[1] < bottom_right[1]
    assert bottom_left[0] < bottom_right[0]
    assert cv2.contourArea(photo.corners.astype(np.float32), oriented=True) > 0  # y points down: positive is clockwise
    wide = np.hypot(*(top_right - top_left)) / np.hypot(*(bottom_left - top_left))
    assert wide == pytest.approx(shape[1] / shape[0], rel=0.2)


def test_the_file_is_a_jpeg_of_the_phones_quality_unless_told() -> None:
    photo = simulate(sleeve(1, side=200).image, 1, Level.EASY)
    assert photo.jpeg()[:2] == b"\xff\xd8"
    assert photo.jpeg() == photo.jpeg(photo.quality)
    assert len(photo.jpeg(20)) < len(photo.jpeg())
