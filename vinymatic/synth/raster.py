"""What every generator draws with: array types, noise fields, gradients and blending.

Images are uint8 BGR [height, width, 3]; fields are float32 [height, width] in [0, 1]. All randomness comes from the caller's generator.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Bgr = NDArray[np.uint8]
Field = NDArray[np.float32]
Colour = tuple[int, int, int]
Random = np.random.Generator


def as_bgr(values: ArrayLike) -> Bgr:
    return np.asarray(values, np.uint8)


def as_field(values: ArrayLike) -> Field:
    return np.asarray(values, np.float32)


def filled(side: int, colour: Colour) -> Bgr:
    return np.full((side, side, 3), colour, np.uint8)


def normalised(values: Field) -> Field:
    lowest, highest = float(values.min()), float(values.max())
    scale = 1 / max(highest - lowest, 1e-6)
    return as_field(np.maximum(cv2.addWeighted(values, scale, values, 0, -lowest * scale), 0))


def noise(
    rng: Random, height: int, width: int, *, cells: float = 4, octaves: int = 4, stretch: float = 1.0, gain: float = 0.5
) -> Field:
    """Fractal value noise: `cells` patches across the width in the coarsest octave; `stretch` > 1 draws it out along x."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        across = max(2, round(cells * 2**octave / stretch))
        down = max(2, round(cells * 2**octave * height / width))
        grid = rng.random((min(down, height), min(across, width)), np.float32) * np.float32(gain**octave)
        # Smooth on a small field, then straight lines up to the whole: a tenth of the time of one cubic step.
        middle = (min(width, grid.shape[1] * 8), min(height, grid.shape[0] * 8))
        if middle[0] * middle[1] < height * width // 2:
            grid = as_field(cv2.resize(grid, middle, interpolation=cv2.INTER_CUBIC))
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_LINEAR)
    return normalised(total)


def grain(rng: Random, image: Bgr, strength: float) -> Bgr:
    """Film grain: one value for the three channels, standard deviation `strength` (levels)."""
    field = deviations(rng, image.shape[0], image.shape[1], strength)
    return as_bgr(cv2.add(image, cv2.merge([field, field, field]), dtype=cv2.CV_8U))


def deviations(rng: Random, height: int, width: int, strength: float) -> NDArray[np.int16]:
    """Normal numbers of standard deviation `strength`, int16 [height, width]."""
    cv2.setRNGSeed(int(rng.integers(2**31)))  # this thread's generator; three times as fast as numpy's
    field = np.empty((height, width), np.int16)
    cv2.randn(field, np.zeros(1), np.full(1, strength))
    return field


def axes(height: int, width: int) -> tuple[Field, Field]:
    """x as one row [1, width] and y as one column [height, 1], both in [0, 1): they broadcast."""
    return as_field(np.arange(width)[None, :] / width), as_field(np.arange(height)[:, None] / height)


def slope(height: int, width: int, angle: float) -> Field:
    """A linear ramp from 0 to 1 in direction `angle` (radians)."""
    x, y = axes(height, width)
    return normalised(as_field(x * np.cos(angle) + y * np.sin(angle)))


def distance(height: int, width: int, centre: tuple[float, float]) -> Field:
    """Distance to `centre` (x, y as shares of the size) in widths, not normalised."""
    across, down = _offsets(height, width, centre)
    return as_field(cv2.magnitude(across, down))


def bearing(height: int, width: int, centre: tuple[float, float]) -> Field:
    """Direction as seen from `centre`, radians in [0, 2 pi)."""
    across, down = _offsets(height, width, centre)
    return as_field(cv2.phase(across, down))


def _offsets(height: int, width: int, centre: tuple[float, float]) -> tuple[Field, Field]:
    x, y = axes(height, width)
    shape = (height, width)
    return np.broadcast_to(x - centre[0], shape), np.broadcast_to((y - centre[1]) * np.float32(height / width), shape)


def toned(field: Field, colours: Sequence[Colour]) -> Bgr:
    """Maps a field through a gradient of colours, first at 0, last at 1."""
    stops = np.linspace(0, 255, len(colours))
    levels = np.arange(256)
    table = np.stack([np.interp(levels, stops, [c[i] for c in colours]) for i in range(3)], axis=-1)
    index = np.clip(field * 255, 0, 255).astype(np.uint8)
    return as_bgr(cv2.LUT(cv2.merge([index, index, index]), table.astype(np.uint8)[None]))


def mixed(under: Bgr, over: Bgr, alpha: NDArray[np.floating] | float) -> Bgr:
    """`over` on `under`: `alpha` 1 shows `over` alone."""
    if isinstance(alpha, float):
        return as_bgr(cv2.addWeighted(over, alpha, under, 1 - alpha, 0))
    share = as_field(alpha)
    return as_bgr(cv2.blendLinear(under, over, 1 - share, share))


def shaded(image: Bgr, light: NDArray[np.floating]) -> Bgr:
    """Multiplies by `light` (1 leaves as it is)."""
    factor = as_field(light)
    return as_bgr(cv2.multiply(image, cv2.merge([factor, factor, factor]), dtype=cv2.CV_8U))


def shape_mask(height: int, width: int, points: NDArray[np.float64]) -> Field:
    """1 inside the polygon ([n, 2], pixels), 0 outside, smooth at the edge."""
    mask = np.zeros((height, width), np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    return as_field(mask) / np.float32(255)


def polygon(image: Bgr, points: NDArray[np.float64], colour: Colour) -> None:
    cv2.fillPoly(image, [np.round(points * 16).astype(np.int32)], colour, cv2.LINE_AA, shift=4)


def encoded(image: Bgr, quality: int) -> bytes:
    """JPEG bytes."""
    _, buffer = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return buffer.tobytes()
