"""Type: lines of text drawn as masks, then squeezed, outlined, shadowed, arched and placed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from vinymatic.synth.raster import Bgr, Colour, Field, Random, as_field, mixed

_HEIGHT = 96  # pixels that text is drawn at before it is fitted into its place


@dataclass(frozen=True)
class Typeface:
    """`family`: a font of OpenCV's own. `weight` 100 to 1000. `squeeze`: width of a letter against its natural one."""

    family: str
    weight: int
    squeeze: float
    spacing: float
    capitals: bool
    effect: str


def typeface(rng: Random) -> Typeface:
    return Typeface(
        family=str(rng.choice(["sans", "italic"], p=[0.75, 0.25])),
        weight=int(rng.choice([200, 400, 600, 800, 1000])),
        squeeze=float(rng.choice([0.55, 0.8, 1.0, 1.0, 1.35])),
        spacing=float(rng.choice([0.0, 0.0, 0.12, 0.35])),
        capitals=bool(rng.random() < 0.55),
        effect=str(rng.choice(["plain", "plain", "plain", "shadow", "outline", "arch", "lines"])),
    )


@cache
def _font(family: str) -> cv2.FontFace:
    return cv2.FontFace(family)


def line(text: str, face: Typeface) -> Field:
    """The text as a mask, cropped to its ink."""
    words = text.upper() if face.capitals else text
    font = _font(face.family)
    canvas = np.zeros((_HEIGHT * 2, int(_HEIGHT * (len(words) * (1.0 + face.spacing) + 2)), 3), np.uint8)
    if face.spacing == 0.0:
        cv2.putText(canvas, words, (_HEIGHT // 2, _HEIGHT * 3 // 2), (255, 255, 255), font, _HEIGHT, face.weight)
    else:
        x = _HEIGHT // 2
        for letter in words:
            end, _ = cv2.putText(canvas, letter, (x, _HEIGHT * 3 // 2), (255, 255, 255), font, _HEIGHT, face.weight)
            x = int(end[0]) + int(_HEIGHT * face.spacing)
    return _cropped(as_field(canvas[:, :, 0]) / np.float32(255))


def _cropped(mask: Field) -> Field:
    rows, columns = np.nonzero(mask.max(axis=1) > 0.05)[0], np.nonzero(mask.max(axis=0) > 0.05)[0]
    if rows.size == 0:
        return mask[:2, :2]
    return mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def block(lines: list[str], face: Typeface, *, align: float = 0.5, gap: float = 0.25) -> Field:
    """Several lines as one mask, one under the other; `align` 0 left, 1 right."""
    masks = [line(text, face) for text in lines]
    width = max(mask.shape[1] for mask in masks)
    space = int(gap * _HEIGHT)
    canvas = np.zeros((sum(mask.shape[0] + space for mask in masks) - space, width), np.float32)
    top = 0
    for mask in masks:
        left = int((width - mask.shape[1]) * align)
        canvas[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
        top += mask.shape[0] + space
    return canvas


def broken(text: str, longest: int) -> list[str]:
    """Words on lines of about `longest` characters."""
    lines: list[str] = []
    for word in text.split():
        if lines and len(lines[-1]) + 1 + len(word) <= longest:
            lines[-1] += " " + word
        else:
            lines.append(word)
    return lines


def fitted(mask: Field, width: float, height: float, squeeze: float = 1.0, *, arch: bool = False) -> Field:
    """The mask scaled to fit a box (pixels), letters squeezed or widened; a long line may be arched."""
    if arch and mask.shape[1] > 5 * mask.shape[0]:
        mask = arched(mask, 0.08)
    rows, columns = mask.shape
    scale = min(width / (columns * squeeze), height / rows)
    size = (max(2, int(columns * squeeze * scale)), max(2, int(rows * scale)))
    return np.clip(cv2.resize(mask, size, interpolation=cv2.INTER_AREA), 0, 1).astype(np.float32)


def arched(mask: Field, bow: float) -> Field:
    """Bends the line upwards in the middle by `bow` of its width."""
    rows, columns = mask.shape
    rise = int(bow * columns)
    tall = np.pad(mask, ((rise, 0), (0, 0)))
    y, x = np.mgrid[0 : rows + rise, 0:columns].astype(np.float32)
    curve = rise * (2 * x / columns - 1) ** 2
    return cv2.remap(tall, x, y + rise - curve, cv2.INTER_LINEAR, borderValue=0).astype(np.float32)


def paint(
    image: Bgr,
    mask: Field,
    at: tuple[float, float],
    colour: Colour,
    *,
    other: Colour | None = None,
    effect: str = "plain",
) -> None:
    """Puts the mask on the image with its top left `at` (pixels); what leaves the image is cut off."""
    if effect == "lines":
        mask = mask * np.where(np.arange(mask.shape[0]) % 6 < 4, 1, 0)[:, None].astype(np.float32)
    pad = max(2, mask.shape[0] // 16)
    if effect == "shadow" and other is not None:
        _stamp(image, mask, (at[0] + pad, at[1] + pad), other)
    if effect == "outline" and other is not None:
        wide = np.pad(mask, pad)
        ring = cv2.dilate(wide, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * pad + 1, 2 * pad + 1)))
        _stamp(image, ring.astype(np.float32), (at[0] - pad, at[1] - pad), other)
    _stamp(image, mask, at, colour)


def _stamp(image: Bgr, mask: Field, at: tuple[float, float], colour: Colour) -> None:
    height, width = image.shape[:2]
    left, top = int(at[0]), int(at[1])
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + mask.shape[1], width), min(top + mask.shape[0], height)
    if x0 >= x1 or y0 >= y1:
        return
    under = image[y0:y1, x0:x1]
    share = mask[y0 - top : y1 - top, x0 - left : x1 - left]
    image[y0:y1, x0:x1] = mixed(under, np.full_like(under, colour), share)
