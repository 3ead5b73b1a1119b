"""Generated sleeves: the same number gives the same cover, other numbers give others, series look like series."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from vinymatic.synth.layouts import ARTS
from vinymatic.synth.palettes import palette
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.unit


def thumbnail(image: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = cv2.resize(image, (24, 24), interpolation=cv2.INTER_AREA).astype(np.float64)
    return np.asarray((small - small.mean()) / (small.std() + 1e-6))


def likeness(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Correlation of two pictures' thumbnails."""
    return float((thumbnail(one) * thumbnail(other)).mean())


def test_the_same_seed_gives_the_same_sleeve_byte_for_byte() -> None:
    assert sleeve(12).jpeg() == sleeve(12).jpeg()
    assert sleeve(12, series=3).jpeg() == sleeve(12, series=3).jpeg()
    assert sleeve(12).id == sleeve(12).id


def test_a_sleeve_does_not_depend_on_what_was_drawn_before_it() -> None:
    first = sleeve(5).image
    for seed in range(8):
        sleeve(seed)
    assert np.array_equal(sleeve(5).image, first)


def test_sleeves_of_different_seeds_look_different() -> None:
    images = [sleeve(seed, side=128).image for seed in range(40)]
    worst = max(likeness(a, b) for i, a in enumerate(images) for b in images[:i])
    assert worst < 0.97


def test_ids_are_keys_of_the_form_folder_artist_title_year_and_are_not_repeated() -> None:
    ids = [sleeve(seed, side=64).id for seed in range(300)]
    assert len(set(ids)) == len(ids)
    for key in ids:
        folder, artist, name = key.split("/")
        assert folder == "demo"
        assert artist == artist.lower()
        assert name.endswith(").jpg")


@pytest.mark.parametrize("side", [64, 321, 640])
def test_the_image_is_bgr_of_the_side_asked_for(side: int) -> None:
    image = sleeve(3, side=side).image
    assert image.shape == (side, side, 3)
    assert image.dtype == np.uint8


@pytest.mark.parametrize("series", range(6))
def test_covers_of_one_series_share_its_banner_and_differ_elsewhere(series: int) -> None:
    covers = np.stack([sleeve(seed, series=series, side=400).image.astype(int) for seed in range(9)])

    def in_common(part: NDArray[np.int_]) -> float:
        """Share of pixels that are as in most covers; wear takes some."""
        return float((np.abs(part - np.median(part, axis=0)).max(axis=-1) < 6).mean())

    # Without the rim, which wears, and the right end, where the number stands.
    strips = (covers[:, 6:32, 20:280], covers[:, 370:396, 20:280])
    assert max(map(in_common, strips)) > 0.9
    assert in_common(covers[:, 60:340]) < 0.6


def test_a_sleeve_outside_a_series_carries_no_banner_of_it() -> None:
    assert sleeve(4, series=1).id.startswith("demo/")
    assert not np.array_equal(sleeve(4, series=1).image, sleeve(4).image)


def test_jpeg_holds_the_same_picture() -> None:
    made = sleeve(9)
    decoded = cv2.imdecode(np.frombuffer(made.jpeg(quality=95), np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    assert np.abs(decoded.astype(int) - made.image).mean() < 6
    assert len(made.jpeg(quality=40)) < len(made.jpeg(quality=95))


@pytest.mark.parametrize("art", dict.fromkeys(ARTS), ids=lambda art: art.__name__)
@pytest.mark.parametrize("seed", range(3))
def test_every_kind_of_picture_has_something_to_recognise(art, seed: int) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    rng = np.random.default_rng(seed)
    image = art(rng, 320, palette(rng))
    assert image.shape == (320, 320, 3)
    assert image.dtype == np.uint8
    assert len(cv2.SIFT.create().detect(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), None)) >= 20
