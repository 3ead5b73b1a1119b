"""The appearance check: the same picture correlates, another does not, and what cannot be compared does not count."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.index import MAX_PIXELS, cover, simulated
from tests.unit.index.views import ASKEW, view
from vinymatic.features import decode
from vinymatic.features.extract import scale_into_box
from vinymatic.features.types import GreyArray
from vinymatic.index.appearance import correlation, make_thumbnail

pytestmark = pytest.mark.unit

SIDE = (300, 300)


@lru_cache
def scan(n: int) -> GreyArray:
    """A cover's box of 300 × 300."""
    return scale_into_box(decode(cover(n).jpeg(), max_pixels=MAX_PIXELS).grey, *SIDE)


def photo_of(grey: GreyArray, homography: NDArray[np.float64] = ASKEW, table: int = 90) -> GreyArray:
    """A photo of 320 × 240 with `grey` laid through the homography onto a plain table."""
    canvas = np.full((240, 320), table, np.uint8)
    return np.asarray(
        cv2.warpPerspective(grey, homography, (320, 240), dst=canvas, borderMode=cv2.BORDER_TRANSPARENT), np.uint8
    )


def likeness(
    photo: GreyArray, grey: GreyArray, homography: NDArray[np.float64] = ASKEW, size: tuple[int, int] = SIDE
) -> float | None:
    return correlation(photo, homography, size, make_thumbnail(grey))


def number(value: float | None) -> float:
    assert value is not None
    return value


@pytest.mark.parametrize("n", range(6))
def test_the_same_picture_correlates_and_another_does_not(n: int) -> None:
    photo = photo_of(scan(n))
    assert number(likeness(photo, scan(n))) > 0.85
    other = likeness(photo, scan(n + 20))
    assert other is None or other < 0.4


@pytest.mark.parametrize("n", range(4))
def test_a_simulated_photo_correlates_with_its_cover_seen_at_its_true_place(n: int) -> None:
    photo = simulated(n)
    boxed = scale_into_box(decode(photo.jpeg(), max_pixels=MAX_PIXELS).grey, 320, 320)
    place = view([(float(x) / 4, float(y) / 4) for x, y in photo.corners])
    assert boxed.shape == (240, 320)
    assert number(likeness(boxed, scan(n), place)) > 0.6
    other = likeness(boxed, scan(n + 20), place)
    assert other is None or other < 0.4


def test_light_and_contrast_do_not_matter() -> None:
    photo = photo_of(scan(1))
    assert number(likeness((photo * 0.5 + 20).astype(np.uint8), scan(1))) > 0.85


def test_a_picture_turned_by_90_degrees_is_another() -> None:
    value = likeness(photo_of(scan(1)), np.ascontiguousarray(np.rot90(scan(1))))
    assert value is None or value < 0.4


def test_a_cover_that_is_not_square_is_compared_whole() -> None:
    wide = np.ascontiguousarray(scan(1)[:200])
    place = cv2.getPerspectiveTransform(
        np.array([[0, 0], [300, 0], [300, 200], [0, 200]], np.float32),
        np.array([[60, 30], [250, 50], [230, 170], [40, 150]], np.float32),
    )
    photo = photo_of(wide, np.asarray(place, np.float64))
    assert number(likeness(photo, wide, np.asarray(place, np.float64), (300, 200))) > 0.85


def test_glare_does_not_count_against_a_cover() -> None:
    photo = photo_of(scan(2))
    clean = number(likeness(photo, scan(2)))
    cv2.circle(photo, (140, 120), 45, (255,), -1)
    assert number(likeness(photo, scan(2))) > clean - 0.15


def test_what_lies_outside_the_photo_does_not_count() -> None:
    shifted = view([(-120, 10), (100, 10), (100, 230), (-120, 230)])
    assert number(likeness(photo_of(scan(3), shifted), scan(3), shifted)) > 0.8


@pytest.mark.parametrize("margin", [56, 60, 70])
def test_a_uniform_margin_says_nothing(margin: int) -> None:
    inner = 300 - 2 * margin
    framed = np.full((300, 300), 235, np.uint8)
    framed[margin:-margin, margin:-margin] = cv2.resize(scan(1), (inner, inner), interpolation=cv2.INTER_AREA)
    # The scan's paper is not in the photo: there the table shows, dark and in shadow.
    tabled = framed.copy()
    width = margin - 2
    tabled[:, :width] = np.linspace(0, 200, width, dtype=np.uint8)
    tabled[:width] = np.linspace(10, 220, width, dtype=np.uint8)[:, None]
    tabled[-width:], tabled[:, -width:] = 60, 30
    assert number(likeness(photo_of(tabled), framed)) > 0.9


def test_a_plain_cover_cannot_be_compared() -> None:
    assert likeness(photo_of(scan(1)), np.full((300, 300), 120, np.uint8)) is None


def test_an_overexposed_photo_cannot_be_compared() -> None:
    assert likeness(np.full((240, 320), 255, np.uint8), scan(1)) is None


def test_with_too_little_of_the_cover_in_the_photo_there_is_no_answer() -> None:
    away = view([(310, 230), (600, 230), (600, 520), (310, 520)])
    assert likeness(photo_of(scan(1), away), scan(1), away) is None


def test_an_evenly_grey_photo_is_not_the_cover() -> None:
    assert abs(number(likeness(np.full((240, 320), 120, np.uint8), scan(1)))) < 0.1


def test_a_thumbnail_holds_the_whole_picture_squeezed_to_a_square() -> None:
    grey = np.zeros((100, 400), np.uint8)
    grey[:, 200:] = 200
    thumbnail = make_thumbnail(grey)
    assert thumbnail.shape == (64, 64)
    assert thumbnail.dtype == np.uint8
    assert (thumbnail[:, :32] == 0).all()
    assert (thumbnail[:, 32:] == 200).all()
