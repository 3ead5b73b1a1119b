"""What light, lens and sensor of a phone do to a picture. Images are uint8 BGR [height, width, 3]."""

from __future__ import annotations

import cv2
import numpy as np

from vinymatic.synth.raster import Bgr, Random, as_bgr, axes, deviations, grain, shaded, slope

Range = tuple[float, float]


def draw(rng: Random, limits: Range) -> float:
    return float(rng.uniform(*limits))


def lit(rng: Random, image: Bgr, darker: float) -> Bgr:
    """Light from one side: the far end is `darker` (share of the light lost)."""
    height, width = image.shape[:2]
    return shaded(image, (1.05 - darker * slope(height, width, float(rng.uniform(0, 2 * np.pi)))).astype(np.float32))


def glared(rng: Random, image: Bgr, strength: float) -> Bgr:
    """A lamp's reflection: an elongated soft blob; `strength` 1 burns its middle out."""
    height, width = image.shape[:2]
    x, y = axes(height // 4, width // 4)  # it is soft: a quarter of the size is enough
    at = rng.uniform(0.2, 0.8, 2)
    size = rng.uniform(0.04, 0.14, 2)
    turn = float(rng.uniform(0, np.pi))
    dx, dy = x - at[0], (y - at[1]) * (height / width)
    along, across = dx * np.cos(turn) + dy * np.sin(turn), dy * np.cos(turn) - dx * np.sin(turn)
    blob = 255 * strength * np.exp(-((along / size[0]) ** 2) - (across / size[1]) ** 2)
    light = as_bgr(cv2.resize(blob, (width, height)).astype(np.uint8))
    return as_bgr(cv2.add(image, cv2.merge([light, light, light])))


def blurred(rng: Random, image: Bgr, defocus: float, motion: float) -> Bgr:
    """Out of focus by `defocus` (standard deviation, pixels), and moved by `motion` (pixels) in some direction."""
    if defocus > 0.2:
        image = as_bgr(cv2.GaussianBlur(image, (0, 0), defocus))
    length = round(motion)
    if length < 2:
        return image
    size = 2 * (length // 2) + 3
    kernel = np.zeros((size, size), np.float32)
    turn = float(rng.uniform(0, np.pi))
    reach = np.array([np.cos(turn), np.sin(turn)]) * length / 2
    middle = size // 2
    near, far = np.round((middle - reach) * 16).astype(int), np.round((middle + reach) * 16).astype(int)
    cv2.line(kernel, (int(near[0]), int(near[1])), (int(far[0]), int(far[1])), 1.0, 1, cv2.LINE_8, 4)
    return as_bgr(cv2.filter2D(image, -1, kernel / kernel.sum()))


def developed(image: Bgr, gamma: float, white_balance: float) -> Bgr:
    """The phone's tone curve and a white balance that is off: gain of red against blue."""
    levels = np.arange(256, dtype=np.float64) / 255
    gains = (white_balance**-0.5, 1.0, white_balance**0.5)
    table = np.stack([np.clip((levels * gain) ** gamma, 0, 1) * 255 for gain in gains], axis=-1)
    return as_bgr(cv2.LUT(image, np.round(table).astype(np.uint8)[None]))


def exposed(rng: Random, image: Bgr, noise: float) -> Bgr:
    """Sensor noise; half of its strength is brightness, half is colour in blotches."""
    height, width = image.shape[:2]
    colour = cv2.merge([deviations(rng, height // 2, width // 2, noise) for _ in range(3)])
    blotches = cv2.resize(colour, (width, height), interpolation=cv2.INTER_LINEAR)
    return grain(rng, as_bgr(cv2.add(image, blotches, dtype=cv2.CV_8U)), noise / 2)
