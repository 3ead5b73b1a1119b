"""Encoded pictures for the tests of decoding."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.support.index import cover

FORMATS = ("JPEG", "PNG", "WEBP")
MAX_PIXELS = 4_000_000
ORIENTATION = 0x0112

ColourArray = NDArray[np.uint8]


def scene(width: int = 120, height: int = 80) -> ColourArray:
    """uint8 RGB [height, width, 3]: smooth, so that lossy formats keep it, and no two of its orientations alike."""
    y, x = np.mgrid[0:height, 0:width]
    red = 255 * x / width
    green = 255 * y / height
    blue = np.where((x < width / 3) & (y < height / 2), 220.0, 30.0)
    return np.stack([red, green, blue], axis=2).astype(np.uint8)


def sleeve_image(n: int = 1) -> Image.Image:
    """A generated sleeve: much detail, so that its files are long enough to cut."""
    return Image.fromarray(np.ascontiguousarray(cover(n).image[:, :, ::-1]))


def encoded(image: Image.Image | ColourArray, kind: str, **options: Any) -> bytes:
    """The file, at a quality that keeps greys within a few steps."""
    target = io.BytesIO()
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    picture.save(target, kind, **({"quality": 95} if kind != "PNG" else {}) | options)
    return target.getvalue()


def luma(rgb: ColourArray) -> NDArray[np.float64]:
    """The grey that BT.601 gives, as Pillow and JPEG do."""
    return np.asarray(rgb[..., :3].astype(np.float64) @ np.array([0.299, 0.587, 0.114]))


def stored_as(upright: ColourArray, orientation: int) -> ColourArray:
    """How a camera that writes this EXIF orientation stores `upright` (EXIF 2.3, tag 0112: where row 0 and column 0 lie)."""
    flipped = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright,
        6: upright[:, ::-1],
        7: upright[::-1, ::-1],
        8: upright[::-1],
    }[orientation]
    return np.ascontiguousarray(flipped.swapaxes(0, 1) if orientation >= 5 else flipped)


def exif_of(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def huge_png(side: int) -> bytes:
    """A black 1-bit PNG of `side` × `side`, well-formed and small."""
    row = bytes(1 + (side + 7) // 8)
    pixels = zlib.compress(row * side, 6)
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def rgb16_png(values: NDArray[np.uint16]) -> bytes:
    """A PNG of 16 bits a channel (Pillow writes none), from uint16 RGB [height, width, 3]."""
    height, width, _ = values.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
