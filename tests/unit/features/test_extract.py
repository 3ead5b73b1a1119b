"""Extraction: the box, the selection, the descriptors, and what has no features."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.index import MAX_PIXELS, SPEC, cover
from vinymatic.errors import NoObjectFoundError
from vinymatic.features import Features, FeatureSpec, Picture, decode, extract
from vinymatic.features.extract import RAW_DIMENSIONS, ROOTSIFT_SCALE, rootsift, scale_into_box
from vinymatic.features.types import GreyArray

pytestmark = pytest.mark.unit


def picture_of(grey: GreyArray) -> Picture:
    return Picture(grey, width=grey.shape[1], height=grey.shape[0])


def sleeve_picture(n: int = 1) -> Picture:
    return decode(cover(n).jpeg(), max_pixels=MAX_PIXELS)


def same(one: Features, other: Features) -> bool:
    return (
        np.array_equal(one.points, other.points)
        and np.array_equal(one.descriptors, other.descriptors)
        and (one.width, one.height) == (other.width, other.height)
    )


@settings(max_examples=60)
@given(
    width=st.integers(16, 1_200), height=st.integers(16, 1_200), nor_x=st.integers(64, 640), nor_y=st.integers(64, 640)
)
def test_the_box_keeps_the_aspect_and_is_filled_on_one_side(width: int, height: int, nor_x: int, nor_y: int) -> None:
    boxed = scale_into_box(np.zeros((height, width), np.uint8), nor_x, nor_y)
    rows, columns = boxed.shape
    assert 1 <= columns <= nor_x
    assert 1 <= rows <= nor_y
    assert columns <= 2 * width
    assert rows <= 2 * height
    assert columns == nor_x or rows == nor_y or columns == 2 * width
    # Each side is rounded to a whole pixel, and no side vanishes.
    assert abs(columns * height - rows * width) <= width + height


def test_an_image_that_fits_the_box_exactly_is_left_alone() -> None:
    grey = np.arange(320 * 200, dtype=np.uint32).astype(np.uint8).reshape(200, 320)
    assert scale_into_box(grey, 320, 320) is grey


def test_a_small_image_is_enlarged_at_most_twice() -> None:
    grey = decode(cover(1).jpeg(), max_pixels=MAX_PIXELS, reduce_to=(80, 80)).grey
    assert grey.shape == (80, 80)
    features = extract(picture_of(grey), SPEC)
    assert (features.width, features.height) == (160, 160)


def test_features_lie_in_the_box_and_fit_the_spec() -> None:
    spec = FeatureSpec(num_features=120, nor_x=300, nor_y=200)
    features = extract(sleeve_picture(), spec)
    assert len(features) == 120
    assert features.points.dtype == np.float32
    assert features.points.shape == (120, 4)
    assert features.descriptors.dtype == np.uint8
    assert features.descriptors.shape == (120, RAW_DIMENSIONS)
    assert (features.width, features.height) == (200, 200)
    x, y, scale, angle = features.points.T
    assert (x >= 0).all()
    assert (y >= 0).all()
    assert (x < 200).all()
    assert (y < 200).all()
    assert (scale > 0).all()
    assert (angle >= 0).all()
    assert (angle <= 360).all()


def test_the_best_features_come_first() -> None:
    few, many = (extract(sleeve_picture(), replace(SPEC, num_features=n)) for n in (40, 200))
    assert np.array_equal(few.points, many.points[:40])
    assert np.array_equal(few.descriptors, many.descriptors[:40])


def test_large_keypoints_are_preferred_to_what_their_response_alone_says() -> None:
    # They survive a photo better.
    picture = sleeve_picture()
    boxed = scale_into_box(picture.grey, SPEC.nor_x, SPEC.nor_y)
    keypoints = cv2.SIFT_create(nfeatures=1_000).detect(boxed)  # type: ignore[attr-defined]
    by_response = sorted(keypoints, key=lambda keypoint: -keypoint.response)[:60]
    chosen = extract(picture, replace(SPEC, num_features=60)).points
    assert chosen[:, 2].mean() > 1.2 * np.mean([keypoint.size for keypoint in by_response])


def test_more_features_than_are_detected_by_default_can_be_asked_for() -> None:
    rng = np.random.default_rng(1)
    noise = rng.integers(0, 256, (640, 640), dtype=np.uint8)
    assert len(extract(picture_of(noise), FeatureSpec(num_features=1_500, nor_x=640, nor_y=640))) == 1_500


def test_the_same_picture_gives_the_same_features_on_every_thread() -> None:
    picture, other = sleeve_picture(1), sleeve_picture(2)
    expected = extract(picture, SPEC)

    def work(i: int) -> Features:
        extract(other if i % 2 else picture, replace(SPEC, num_features=100 + i))
        return extract(picture, SPEC)

    with ThreadPoolExecutor(4) as pool:
        assert all(same(features, expected) for features in pool.map(work, range(8)))


def test_rootsift_descriptors_are_unit_vectors_of_512_steps() -> None:
    descriptors = extract(sleeve_picture(), SPEC).descriptors.astype(np.float64)
    lengths = np.linalg.norm(descriptors, axis=1)
    # Clipping at 255 shortens those few that one direction rules; rounding moves the rest by a step or so.
    assert (lengths <= ROOTSIFT_SCALE + 8).all()
    assert np.abs(np.median(lengths) - ROOTSIFT_SCALE) < 4
    assert (lengths > 0.8 * ROOTSIFT_SCALE).mean() > 0.95


def test_rootsift_takes_square_roots_of_shares() -> None:
    raw = np.zeros((2, RAW_DIMENSIONS), np.float32)
    raw[0] = 10.0
    raw[1, :4] = [9, 4, 4, 64]
    expected = np.sqrt(np.array([9, 4, 4, 64]) / 81) * ROOTSIFT_SCALE
    packed = rootsift(raw)
    assert (packed[0] == round(ROOTSIFT_SCALE / np.sqrt(RAW_DIMENSIONS))).all()
    assert packed[1, :4].tolist() == np.minimum(np.rint(expected), 255).tolist()
    assert not packed[1, 4:].any()


def test_an_empty_descriptor_is_no_division_by_zero() -> None:
    assert not rootsift(np.zeros((1, RAW_DIMENSIONS), np.float32)).any()


@pytest.mark.parametrize("level", [0, 7, 128, 255])
def test_a_plain_image_holds_no_object(level: int) -> None:
    with pytest.raises(NoObjectFoundError, match="too plain"):
        extract(picture_of(np.full((480, 640), level, np.uint8)), SPEC)


def test_a_smooth_shade_holds_no_object() -> None:
    shade = np.tile(np.linspace(0, 255, 400).astype(np.uint8), (400, 1))
    with pytest.raises(NoObjectFoundError):
        extract(picture_of(shade), SPEC)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (15, 400), (400, 15), (1, 5_000)])
def test_a_tiny_image_holds_no_object(width: int, height: int) -> None:
    grey = np.random.default_rng(2).integers(0, 256, (height, width), dtype=np.uint8)
    with pytest.raises(NoObjectFoundError, match=f"only {width} × {height} pixels"):
        extract(picture_of(grey), SPEC)


@pytest.mark.parametrize(("width", "height"), [(16, 16), (20_000, 16), (16, 9_000), (5_000, 40)])
def test_a_sliver_gives_features_or_no_object_and_never_another_error(width: int, height: int) -> None:
    grey = np.random.default_rng(3).integers(0, 256, (height, width), dtype=np.uint8)
    try:
        features = extract(picture_of(grey), SPEC)
    except NoObjectFoundError:
        return
    assert len(features) >= 8
