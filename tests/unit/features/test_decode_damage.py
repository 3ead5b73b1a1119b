"""Damaged files: pixels that are missing refuse the picture, a damaged note beside them does not; nothing else is ever raised."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.unit.features.pictures import FORMATS, MAX_PIXELS, encoded, exif_of, scene, sleeve_image, stored_as
from vinymatic.errors import CorruptImageError, ImageError
from vinymatic.features import decode

# Pillow warns of damaged EXIF on its way; the picture is what counts.
pytestmark = [pytest.mark.unit, pytest.mark.filterwarnings("ignore::UserWarning:PIL")]

MAGIC = {"JPEG": b"\xff\xd8\xff", "PNG": b"\x89PNG\r\n\x1a\n", "WEBP": b"RIFF\x40\0\0\0WEBP"}
DESCRIPTION, X_RESOLUTION = 0x010E, 0x011A
# What may be missing at the end with all pixels there: JPEG's end marker; PNG's last checksums and end chunk.
TAIL = {"JPEG": 2, "PNG": 24, "WEBP": 0}


def files(kind: str) -> list[bytes]:
    """A file of each way of writing this format."""
    image = sleeve_image()
    if kind == "JPEG":
        return [encoded(image, kind), encoded(image, kind, progressive=True), encoded(image.convert("CMYK"), kind)]
    if kind == "PNG":
        return [encoded(image, kind), encoded(image.quantize(64), kind)]
    animated = encoded(image, kind, save_all=True, append_images=[image.rotate(9)], quality=50)
    return [encoded(image, kind), encoded(image.resize((200, 200)), kind, lossless=True), animated]


@pytest.mark.parametrize("reduce_to", [None, (64, 64)])
@pytest.mark.parametrize("kind", FORMATS)
def test_a_truncated_file_is_corrupt_wherever_it_is_cut(kind: str, reduce_to: tuple[int, int] | None) -> None:
    for data in files(kind):
        decode(data, max_pixels=MAX_PIXELS, reduce_to=reduce_to)
        shares = [0.001, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.97, 0.995]
        for cut in {len(MAGIC[kind]) + 1, *(int(share * len(data)) for share in shares), len(data) - TAIL[kind] - 1}:
            if cut < len(MAGIC[kind]):
                continue
            with pytest.raises(CorruptImageError):
                decode(data[:cut], max_pixels=MAX_PIXELS, reduce_to=reduce_to)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_error_names_the_format_and_not_our_code(kind: str) -> None:
    with pytest.raises(CorruptImageError, match=f"the {kind} image is damaged"):
        decode(files(kind)[0][:2_000], max_pixels=MAX_PIXELS)


def test_a_flipped_bit_in_compressed_png_pixels_is_noticed() -> None:
    data = bytearray(files("PNG")[0])
    data[len(data) // 2] ^= 1
    with pytest.raises(CorruptImageError):
        decode(bytes(data), max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("kind", FORMATS)
def test_an_exif_block_of_rubbish_does_not_refuse_the_picture(kind: str) -> None:
    for rubbish in (
        b"Exif\0\0",
        b"Exif\0\0II*\0",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 40,
        b"Exif\0\0" + b"z" * 50,
    ):
        picture = decode(encoded(scene(), kind, exif=rubbish), max_pixels=MAX_PIXELS)
        assert picture.grey.shape == (80, 120)


def test_an_exif_block_that_cannot_be_written_again_does_not_refuse_the_picture() -> None:
    # Pillow's own turning writes the block anew, and trips over a description (text) that holds a number.
    exif = exif_of(6)
    exif[X_RESOLUTION] = 72.0
    data = encoded(stored_as(scene(), 6), "JPEG", exif=exif)
    entry = X_RESOLUTION.to_bytes(2, "big") + b"\0\5"
    assert data.count(entry) == 1
    picture = decode(data.replace(entry, DESCRIPTION.to_bytes(2, "big") + b"\0\5"), max_pixels=MAX_PIXELS)
    assert (picture.width, picture.height) == (120, 80)


@given(kind=st.sampled_from(FORMATS), tail=st.binary(max_size=300))
def test_random_bytes_after_a_magic_number_raise_nothing_but_image_errors(kind: str, tail: bytes) -> None:
    with pytest.raises(ImageError):
        decode(MAGIC[kind] + tail, max_pixels=MAX_PIXELS)


SMALL = {
    f"{kind} {name}": data
    for kind in FORMATS
    for name, data in {
        "turned": encoded(stored_as(scene(24, 16), 6), kind, exif=exif_of(6)),
        "animated": encoded(
            Image.fromarray(scene(24, 16)), kind, save_all=True, append_images=[Image.new("RGB", (24, 16))]
        )
        if kind != "JPEG"
        else encoded(scene(24, 16), kind, progressive=True),
    }.items()
}


@settings(max_examples=300)
@given(
    name=st.sampled_from(sorted(SMALL)),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=8),
    cut=st.floats(0.2, 1),
    reduce_to=st.sampled_from([None, (8, 8)]),
)
def test_a_damaged_file_gives_a_picture_or_an_image_error(
    name: str, changes: list[tuple[float, int]], cut: float, reduce_to: tuple[int, int] | None
) -> None:
    data = bytearray(SMALL[name])
    for place, value in changes:
        data[int(place * len(data))] = value
    try:
        picture = decode(bytes(data[: int(cut * len(data))]), max_pixels=MAX_PIXELS, reduce_to=reduce_to)
    except ImageError:
        return
    assert picture.grey.dtype == np.uint8
    assert picture.grey.ndim == 2
    assert min(picture.grey.shape) > 0
