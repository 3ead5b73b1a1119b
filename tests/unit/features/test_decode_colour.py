"""Decoding in colour: the same picture as the grey one, under the same checks."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from tests.unit.features.pictures import (
    FORMATS,
    MAX_PIXELS,
    encoded,
    exif_of,
    huge_png,
    luma,
    rgb16_png,
    scene,
    sleeve_image,
    stored_as,
)
from vinymatic.errors import CorruptImageError, ImageTooLargeError, NotAnImageError
from vinymatic.features import decode, decode_colour

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_and_orientation_gives_the_upright_picture_in_colour(kind: str, orientation: int) -> None:
    data = encoded(stored_as(scene(), orientation), kind, exif=exif_of(orientation))
    colour = decode_colour(data, max_pixels=MAX_PIXELS)
    assert colour.dtype == np.uint8
    assert colour.shape == (80, 120, 3)
    # Lossy formats keep colours at half the resolution.
    assert np.abs(colour.astype(int) - scene()).mean() < 8


@pytest.mark.parametrize(
    "data",
    [
        encoded(scene(), "JPEG"),
        encoded(Image.fromarray(scene()).convert("CMYK"), "JPEG"),
        encoded(Image.fromarray(scene()).convert("L"), "JPEG"),
        encoded(Image.fromarray(scene()).quantize(64), "PNG"),
        encoded(Image.fromarray(np.full((30, 40), 40_000, np.uint16)), "PNG"),
        rgb16_png(scene().astype(np.uint16) * 257),
        encoded(Image.new("LA", (40, 30), (0, 0)), "PNG"),
        encoded(Image.new("RGBA", (40, 30), (200, 30, 30, 128)), "PNG"),
        encoded(scene(), "WEBP", save_all=True, append_images=[Image.new("RGB", (120, 80), "white")], duration=100),
    ],
    ids=["jpeg", "cmyk", "grey", "palette", "16-bit grey", "16-bit colour", "clear grey", "half clear", "animation"],
)
def test_it_is_the_grey_picture_in_colour(data: bytes) -> None:
    colour = decode_colour(data, max_pixels=MAX_PIXELS)
    assert np.abs(luma(colour) - decode(data, max_pixels=MAX_PIXELS).grey).mean() < 2


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_jpeg_is_reduced_in_decoding_as_a_grey_one_is(orientation: int) -> None:
    data = encoded(stored_as(scene(640, 400), orientation), "JPEG", exif=exif_of(orientation))
    assert decode_colour(data, max_pixels=MAX_PIXELS, reduce_to=(160, 160)).shape == (100, 160, 3)


@pytest.mark.parametrize(
    ("box", "size"), [((160, 160), (160, 100)), ((170, 500), (214, 134)), ((999, 999), (640, 400))]
)
def test_other_formats_are_reduced_after_it_but_fill_the_box(box: tuple[int, int], size: tuple[int, int]) -> None:
    colour = decode_colour(encoded(scene(640, 400), "PNG"), max_pixels=MAX_PIXELS, reduce_to=box)
    assert colour.shape[1::-1] == size
    wanted = np.asarray(Image.fromarray(scene(640, 400)).resize(size, Image.Resampling.BOX), int)
    assert np.abs(colour - wanted).mean() < 3


@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_corrupt(kind: str) -> None:
    data = encoded(sleeve_image(), kind)
    with pytest.raises(CorruptImageError, match=f"the {kind} image is damaged"):
        decode_colour(data[: len(data) // 2], max_pixels=MAX_PIXELS)


def test_too_many_pixels_and_other_formats_are_refused() -> None:
    with pytest.raises(ImageTooLargeError):
        decode_colour(huge_png(20_000), max_pixels=MAX_PIXELS)
    with pytest.raises(NotAnImageError):
        decode_colour(encoded(scene(), "GIF"), max_pixels=MAX_PIXELS)
