"""Decoding: every kind of file that cameras and scanners write gives its upright grey picture."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageFile

from tests.unit.features.pictures import (
    FORMATS,
    MAX_PIXELS,
    encoded,
    exif_of,
    huge_png,
    luma,
    rgb16_png,
    scene,
    stored_as,
)
from vinymatic.errors import ImageTooLargeError, NotAnImageError
from vinymatic.features import Picture, decode

pytestmark = pytest.mark.unit


def decoded(data: bytes, reduce_to: int | None = None) -> Picture:
    return decode(data, max_pixels=MAX_PIXELS, reduce_to=None if reduce_to is None else (reduce_to, reduce_to))


def assert_shows(picture: Picture, rgb: np.typing.NDArray[np.uint8], tolerance: float = 3.0) -> None:
    assert picture.grey.dtype == np.uint8
    assert picture.grey.shape == rgb.shape[:2]
    assert (picture.width, picture.height) == (rgb.shape[1], rgb.shape[0])
    assert np.abs(picture.grey - luma(rgb)).mean() < tolerance


@pytest.mark.parametrize("kind", FORMATS)
def test_each_format_gives_its_grey_picture(kind: str) -> None:
    assert_shows(decoded(encoded(scene(), kind)), scene())


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_exif_orientation_gives_the_same_upright_picture(kind: str, orientation: int) -> None:
    data = encoded(stored_as(scene(), orientation), kind, exif=exif_of(orientation))
    assert_shows(decoded(data), scene())


@pytest.mark.parametrize("orientation", [0, 9, 65_535])
def test_an_orientation_that_does_not_exist_is_ignored(orientation: int) -> None:
    assert_shows(decoded(encoded(scene(), "JPEG", exif=exif_of(orientation))), scene())


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_jpeg_reduced_in_decoding_keeps_its_upright_full_size(orientation: int) -> None:
    upright = scene(640, 400)
    picture = decoded(encoded(stored_as(upright, orientation), "JPEG", exif=exif_of(orientation)), reduce_to=160)
    assert (picture.width, picture.height) == (640, 400)
    assert picture.grey.shape == (100, 160)
    reduced = luma(upright).reshape(100, 4, 160, 4).mean(axis=(1, 3))
    assert np.abs(picture.grey - reduced).mean() < 3


@pytest.mark.parametrize("size", [(640, 400), (400, 640), (1000, 130)])
def test_a_reduced_jpeg_still_fills_the_box(size: tuple[int, int]) -> None:
    picture = decoded(encoded(scene(*size), "JPEG"), reduce_to=120)
    assert 120 <= max(picture.grey.shape) < 240


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_box_that_is_no_square_is_one_of_the_upright_picture(orientation: int) -> None:
    data = encoded(stored_as(scene(640, 400), orientation), "JPEG", exif=exif_of(orientation))
    # 100 of 400 rows would do with a quarter; 320 of 640 columns are more than the box is high.
    assert decode(data, max_pixels=MAX_PIXELS, reduce_to=(320, 100)).grey.shape == (100, 160)
    assert decode(data, max_pixels=MAX_PIXELS, reduce_to=(100, 320)).grey.shape == (100, 160)


def test_an_image_smaller_than_asked_is_not_reduced() -> None:
    assert decoded(encoded(scene(), "JPEG"), reduce_to=320).grey.shape == (80, 120)


def test_only_jpeg_is_reduced() -> None:
    for kind in ("PNG", "WEBP"):
        assert decoded(encoded(scene(), kind), reduce_to=10).grey.shape == (80, 120)


def test_a_cmyk_jpeg_is_not_inverted() -> None:
    image = Image.fromarray(scene()).convert("CMYK")
    assert_shows(decoded(encoded(image, "JPEG")), np.asarray(image.convert("RGB")), tolerance=5)
    assert_shows(decoded(encoded(image, "JPEG"), reduce_to=120), np.asarray(image.convert("RGB")), tolerance=5)


def test_16_bit_grey_keeps_its_shades() -> None:
    values = (np.linspace(0, 65_535, 120).astype(np.uint16) * np.ones((80, 1))).astype(np.uint16)
    grey = decoded(encoded(Image.fromarray(values), "PNG")).grey
    assert np.array_equal(grey, values >> 8)


@pytest.mark.parametrize("orientation", [3, 6])
def test_16_bit_grey_is_turned_upright(orientation: int) -> None:
    upright = (np.arange(80 * 120).reshape(80, 120) * 6).astype(np.uint16)
    stored = np.ascontiguousarray(upright[::-1, ::-1] if orientation == 3 else upright[:, ::-1].T)
    data = encoded(Image.fromarray(stored), "PNG", exif=exif_of(orientation))
    assert np.array_equal(decoded(data).grey, upright >> 8)


def test_16_bit_colour_keeps_its_shades() -> None:
    values = scene().astype(np.uint16) * 257
    assert_shows(decoded(rgb16_png(values)), scene())


@pytest.mark.parametrize("kind", FORMATS)
def test_a_grey_image_stays_as_it_is(kind: str) -> None:
    grey = np.rint(luma(scene())).astype(np.uint8)
    picture = decoded(encoded(Image.fromarray(grey), kind))
    assert np.abs(picture.grey.astype(int) - grey).mean() < 2


def test_black_and_white_stays_black_and_white() -> None:
    bits = Image.fromarray(scene()[:, :, 2] > 100)
    assert bits.mode == "1"
    assert set(np.unique(decoded(encoded(bits, "PNG")).grey)) == {0, 255}


def test_a_palette_gives_its_colours() -> None:
    image = Image.fromarray(scene()).quantize(64)
    assert_shows(decoded(encoded(image, "PNG")), np.asarray(image.convert("RGB")))


def test_the_transparent_colour_of_a_palette_is_white() -> None:
    image = Image.new("P", (40, 30), 1)
    image.putpalette([0, 0, 0, 90, 90, 90])
    image.paste(0, (0, 0, 20, 30))
    grey = decoded(encoded(image, "PNG", transparency=0)).grey
    assert (grey[:, :20] == 255).all()
    assert (grey[:, 20:] == 90).all()


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_lies_on_white(kind: str) -> None:
    image = Image.new("RGBA", (40, 30), (0, 0, 0, 255))
    image.paste((0, 0, 0, 0), (0, 0, 20, 30))
    image.paste((0, 0, 0, 128), (20, 0, 30, 30))
    grey = decoded(encoded(image, kind, lossless=True)).grey.astype(int)
    assert (grey[:, :20] == 255).all()
    assert np.abs(grey[:, 20:30] - 127).max() <= 1
    assert (grey[:, 30:] == 0).all()


def test_grey_with_transparency_lies_on_white() -> None:
    image = Image.new("LA", (40, 30), (0, 0))
    assert (decoded(encoded(image, "PNG")).grey == 255).all()


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animation_the_first_frame_counts(kind: str) -> None:
    first, second = Image.fromarray(scene()), Image.new("RGB", (120, 80), "white")
    data = encoded(first, kind, save_all=True, append_images=[second, second], duration=100)
    assert_shows(decoded(data), scene())


def test_of_a_phone_s_pair_of_pictures_the_first_counts() -> None:
    first, second = Image.fromarray(scene()), Image.new("RGB", (120, 80), "white")
    data = encoded(first, "MPO", save_all=True, append_images=[second])
    assert_shows(decoded(data), scene())
    assert decoded(data, reduce_to=60).grey.shape == (40, 60)


def test_an_image_over_the_limit_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: set[tuple[int, int]] = set()
    load = ImageFile.ImageFile.load

    def noted(image: ImageFile.ImageFile) -> object:
        loaded.add(image.size)
        return load(image)

    monkeypatch.setattr(ImageFile.ImageFile, "load", noted)
    data = huge_png(20_000)
    assert len(data) < 150_000
    with pytest.raises(ImageTooLargeError, match="20000 × 20000 pixels; at most 4000000"):
        decoded(data)
    assert loaded == set()
    decoded(huge_png(200))
    assert loaded == {(200, 200)}


@pytest.mark.parametrize("kind", FORMATS)
def test_the_limit_itself_is_allowed(kind: str) -> None:
    data = encoded(scene(100, 50), kind)
    assert decode(data, max_pixels=5_000).grey.shape == (50, 100)
    with pytest.raises(ImageTooLargeError):
        decode(data, max_pixels=4_999)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "PPM", "ICO"])
def test_other_formats_are_not_let_through_to_their_decoders(kind: str) -> None:
    with pytest.raises(NotAnImageError):
        decoded(encoded(scene(), kind))


@pytest.mark.parametrize("data", [b"", b"\xff", b"\xff\xd8", b"RIFF", b"%PDF-1.7", b"<html>", b"\0" * 64])
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(NotAnImageError):
        decoded(data)
