"""Images as strangers send them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import cv2
import numpy as np
from PIL import Image

from tests.support.index import photo_of

# Sleeve number → the bytes of a photo of it.
Make = Callable[[int], bytes]

ROTATED_CLOCKWISE = 6  # EXIF: turn by 90° clockwise to see it upright


def saved(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def photo(n: int) -> Image.Image:
    return Image.open(io.BytesIO(photo_of(n)))


def cmyk_jpeg(n: int) -> bytes:
    return saved(photo(n).convert("CMYK"), "JPEG", quality=90)


def grey_jpeg(n: int) -> bytes:
    return saved(photo(n).convert("L"), "JPEG", quality=90)


def palette_png(n: int) -> bytes:
    return saved(photo(n).resize((640, 480)).quantize(64), "PNG")


def grey_16_bit_png(n: int) -> bytes:
    grey = np.asarray(photo(n).convert("L").resize((640, 480)), np.uint16)
    return saved(Image.fromarray(grey * 257), "PNG")


def colour_16_bit_png(n: int) -> bytes:
    colour = np.asarray(photo(n).resize((640, 480)), np.uint16)[:, :, ::-1] * 257
    done, data = cv2.imencode(".png", colour)
    assert done
    return data.tobytes()


def transparent_png(n: int) -> bytes:
    image = photo(n).resize((640, 480)).convert("RGBA")
    image.putalpha(Image.linear_gradient("L").resize(image.size).point(lambda level: 128 + level // 2))
    return saved(image, "PNG")


def animated_webp(n: int) -> bytes:
    frames = [photo(n).resize((640, 480)), Image.new("RGB", (640, 480), "red")]
    return saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], duration=100, quality=90)


def lying_jpeg(n: int) -> bytes:
    """The photo as a sensor on its side records it, with the EXIF orientation that sets it upright."""
    exif = Image.Exif()
    exif[0x0112] = ROTATED_CLOCKWISE
    return saved(photo(n).transpose(Image.Transpose.ROTATE_90), "JPEG", quality=90, exif=exif)


def blank() -> bytes:
    return saved(Image.new("RGB", (800, 600), "white"), "JPEG")


def noise() -> bytes:
    pixels = np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8)
    return saved(Image.fromarray(pixels), "JPEG", quality=80)


def one_pixel() -> bytes:
    return saved(Image.new("RGB", (1, 1)), "PNG")


def gif() -> bytes:
    return saved(Image.new("P", (64, 64)), "GIF")


def huge_png(side: int = 20_000) -> bytes:
    """`side` × `side` black pixels of one bit in some 50 kB, made without ever holding them."""
    packer = zlib.compressobj(9)
    row = bytes(1 + side // 8)
    data = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*c) for c in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")))


def endless(chunk: int, chunks: int) -> Iterator[bytes]:
    """An upload that begins like a JPEG."""
    yield b"\xff\xd8\xff\xe0"
    for _ in range(chunks):
        yield bytes(chunk)


def _png_chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
