"""Bytes of a scan or a photo → an upright picture: grey for features, in colour for people to look at.

Pillow decodes: it refuses truncated files (OpenCV fills them with grey and says nothing), reads size and orientation before any pixel, and
shrinks JPEGs inside the DCT. Only JPEG, PNG and WebP are let through to it, by their first bytes and never by a name or a header.
"""

from __future__ import annotations

import io
import math
import struct
import zlib
from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image

from vinymatic.errors import CorruptImageError, ImageTooLargeError, NotAnImageError
from vinymatic.features.types import ColourArray, Picture

# Our own limit is checked on the header; Pillow's own would warn at another number.
Image.MAX_IMAGE_PIXELS = None

_ORIENTATION_TAG = 0x0112
_FIRST_TURNED_BY_90 = 5
# EXIF orientation → what brings the picture upright. Pillow's own `exif_transpose` writes the EXIF block anew and fails on damaged ones.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow's decoders are known to raise on damaged input; anything else is a bug of ours and must be seen.
_DAMAGE = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    OverflowError,
    struct.error,
    zlib.error,
)


def image_format(data: bytes) -> str:
    """`JPEG`, `PNG` or `WEBP` by the first bytes. Raises `NotAnImageError`."""
    if data[:3] == b"\xff\xd8\xff":
        return "JPEG"
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    raise NotAnImageError("this is not a JPEG, PNG or WebP image")


def decode(data: bytes, *, max_pixels: int, reduce_to: tuple[int, int] | None = None) -> Picture:
    """The upright grey picture in `data`; of an animation the first frame, transparency on white.

    `reduce_to`: width and height of a box; a JPEG may be decoded at 1/2, 1/4 or 1/8 as long as it still fills the box, aspect kept.
    Raises `NotAnImageError`, `ImageTooLargeError` (more than `max_pixels`, before decoding), `CorruptImageError`.
    """
    upright = _upright(data, "L", max_pixels, reduce_to)
    return Picture(grey=np.asarray(upright.image, np.uint8), width=upright.width, height=upright.height)


def decode_colour(data: bytes, *, max_pixels: int, reduce_to: tuple[int, int] | None = None) -> ColourArray:
    """`decode` in colour; what is no JPEG is reduced by a whole number once it is decoded. Raises what `decode` raises."""
    image = _upright(data, "RGB", max_pixels, reduce_to).image
    if reduce_to is not None:
        factor = int(max(image.width / reduce_to[0], image.height / reduce_to[1]))
        # Here, for an array of all pixels would take as much memory again.
        image = image.reduce(max(1, factor))
    return np.asarray(image, np.uint8)


@dataclass(frozen=True)
class _Upright:
    """`image`: of the mode that was asked for. `width`, `height`: before it was reduced."""

    image: Image.Image
    width: int
    height: int


def _upright(data: bytes, mode: Literal["L", "RGB"], max_pixels: int, reduce_to: tuple[int, int] | None) -> _Upright:
    kind = image_format(data)
    try:
        image = Image.open(io.BytesIO(data), formats=(kind,))
    except _DAMAGE as error:
        raise CorruptImageError(f"the {kind} image is damaged: {error}") from None
    with image:
        width, height = image.size
        if width * height > max_pixels:
            raise ImageTooLargeError(f"{width} × {height} pixels; at most {max_pixels} are taken")
        try:
            if reduce_to is not None and kind == "JPEG":
                image.draft(mode, _size_in_box(image, reduce_to))
            image.load()
            orientation = _orientation(image)
            turned = image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image
            converted = _converted(turned, mode)
        except _DAMAGE as error:
            raise CorruptImageError(f"the {kind} image is damaged: {error}") from None
    if orientation >= _FIRST_TURNED_BY_90:
        width, height = height, width
    return _Upright(converted, width, height)


def _size_in_box(image: Image.Image, box: tuple[int, int]) -> tuple[int, int]:
    """The least size, before it is turned upright, of an image that fills `box`."""
    width, height = image.size
    across, down = box if _orientation(image) < _FIRST_TURNED_BY_90 else (box[1], box[0])
    factor = min(across / width, down / height)
    return math.ceil(width * factor), math.ceil(height * factor)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION_TAG, 1)
    except _DAMAGE:  # a damaged EXIF block does not make the pixels worthless
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _converted(image: Image.Image, mode: Literal["L", "RGB"]) -> Image.Image:
    if image.mode.startswith("I;16"):
        # Pillow would clip 16-bit grey at 255 and turn a scan white.
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        layer = image.convert("RGBA")
        paper = Image.new("RGBA", layer.size, "white")
        image = Image.alpha_composite(paper, layer)
    if image.mode in ("CMYK", "YCCK"):
        image = image.convert("RGB")
    # A copy of 50 million pixels is 200 MB.
    return image if image.mode == mode else image.convert(mode)
