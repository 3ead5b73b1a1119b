"""What lies around and on a sleeve in a phone photo: a table, a floor, other things, fingers."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.synth.raster import Bgr, Colour, Field, Random, as_bgr, as_field, noise, polygon, shaded, toned

_SKIN: tuple[Colour, ...] = ((150, 180, 225), (115, 150, 205), (80, 115, 175), (55, 80, 130), (40, 58, 95))


def background(rng: Random, height: int, width: int, clutter: int) -> Bgr:
    """A surface with `clutter` things on it, uint8 BGR [height, width, 3]. Drawn at half the size: nobody looks for detail there."""
    surface = (_wood, _cloth, _plain, _carpet)[int(rng.integers(4))](rng, height // 2, width // 2)
    for _ in range(clutter):
        _thing(rng, surface)
    return as_bgr(cv2.resize(surface, (width, height), interpolation=cv2.INTER_CUBIC))


def _between(rng: Random, low: tuple[int, int, int], high: tuple[int, int, int]) -> Colour:
    blue, green, red = rng.integers(low, high)
    return int(blue), int(green), int(red)


def _wood(rng: Random, height: int, width: int) -> Bgr:
    """Boards with a grain along them."""
    board = noise(rng, height, width, cells=30, octaves=4, stretch=14)
    knots = noise(rng, height, width, cells=4, octaves=2, stretch=4)
    lines = 0.5 + 0.5 * np.sin(knots * 40 + board * 6)
    field = (0.6 * board + 0.4 * lines).astype(np.float32)
    red = int(rng.integers(120, 225))
    light = (int(red * rng.uniform(0.35, 0.7)), int(red * rng.uniform(0.68, 0.82)), red)
    dark = (light[0] // 3, light[1] // 2, light[2] // 2)
    image = toned(field, (dark, light))
    seam = int(rng.integers(height // 6, height // 3))
    for y in range(int(rng.integers(seam)), height, seam):
        cv2.line(image, (0, y), (width, y), (dark[0] // 2, dark[1] // 2, dark[2] // 2), 3, cv2.LINE_AA)
    return image if rng.random() < 0.5 else np.ascontiguousarray(_turned(image, height, width))


def _turned(image: Bgr, height: int, width: int) -> Bgr:
    return cv2.resize(cv2.rotate(image, cv2.ROTATE_90_CLOCKWISE), (width, height)).astype(np.uint8, copy=False)


def _cloth(rng: Random, height: int, width: int) -> Bgr:
    """A woven cover with folds."""
    y = np.arange(height, dtype=np.float32)[:, None]
    x = np.arange(width, dtype=np.float32)[None, :]
    pitch = float(rng.uniform(5, 14))
    threads = 0.5 + 0.25 * np.sin(x * 2 * np.pi / pitch) + 0.25 * np.sin(y * 2 * np.pi / pitch)
    folds = noise(rng, height, width, cells=3, octaves=3)
    colour = _between(rng, (30, 30, 30), (220, 220, 220))
    field = (0.25 * threads + 0.75 * folds).astype(np.float32)
    return toned(field, ((colour[0] // 2, colour[1] // 2, colour[2] // 2), colour))


def _plain(rng: Random, height: int, width: int) -> Bgr:
    """A desk or wall, nearly even."""
    colour = _between(rng, (110, 110, 110), (240, 240, 240))
    return shaded(
        np.full((height, width, 3), colour, np.uint8),
        (0.85 + 0.15 * noise(rng, height, width, cells=3, octaves=6)).astype(np.float32),
    )


def _carpet(rng: Random, height: int, width: int) -> Bgr:
    tufts = noise(rng, height, width, cells=150, octaves=2)
    wide = noise(rng, height, width, cells=4, octaves=3)
    colour = _between(rng, (40, 40, 50), (160, 160, 190))
    dark = (colour[0] // 4, colour[1] // 4, colour[2] // 4)
    return toned((0.6 * tufts + 0.4 * wide).astype(np.float32), (dark, colour))


def _thing(rng: Random, surface: Bgr) -> None:
    """A paper, a cup seen from above, or a pen."""
    height, width = surface.shape[:2]
    at = rng.uniform((0, 0), (width, height))
    colour = _between(rng, (10, 10, 10), (250, 250, 250))
    match int(rng.integers(3)):
        case 0:
            size = rng.uniform(0.1, 0.35, 2) * width
            corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * size / 2
            turn = float(rng.uniform(0, np.pi))
            spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
            outline = corners @ spin.T + at
            polygon(surface, outline + 5, (25, 25, 25))
            polygon(surface, outline, colour)
            ink = (colour[0] // 3, colour[1] // 3, colour[2] // 3)
            for row in np.linspace(-0.4, 0.4, int(rng.integers(3, 16))):
                ends = np.array([[-0.4, row], [float(rng.uniform(0, 0.42)), row]]) * size @ spin.T + at
                near, far = ends.astype(int)
                cv2.line(surface, (int(near[0]), int(near[1])), (int(far[0]), int(far[1])), ink, 3, cv2.LINE_AA)
        case 1:
            middle, radius = (int(at[0]), int(at[1])), int(width * rng.uniform(0.04, 0.1))
            cv2.circle(surface, (middle[0] + 6, middle[1] + 6), radius, (25, 25, 25), -1, cv2.LINE_AA)
            cv2.circle(surface, middle, radius, colour, -1, cv2.LINE_AA)
            cv2.circle(surface, middle, radius * 4 // 5, (20, 35, 60), -1, cv2.LINE_AA)
        case _:
            reach = rng.normal(0, width * 0.12, 2)
            tip = (int(at[0] + reach[0]), int(at[1] + reach[1]))
            cv2.line(surface, (int(at[0]), int(at[1])), tip, colour, int(rng.integers(8, 20)), cv2.LINE_AA)


def skin(rng: Random) -> Colour:
    return _SKIN[int(rng.integers(len(_SKIN)))]


def finger(
    height: int, width: int, tone: Colour, root: NDArray[np.float64], tip: NDArray[np.float64], thickness: float
) -> tuple[Bgr, Field]:
    """A finger from `root` to its `tip` (pixels), as a picture and its mask; drawn at half the size, as it has no detail."""
    picture, mask = _finger(height // 2, width // 2, tone, root / 2, tip / 2, thickness / 2)
    return as_bgr(cv2.resize(picture, (width, height))), as_field(cv2.resize(mask, (width, height)))


def _finger(
    height: int, width: int, tone: Colour, root: NDArray[np.float64], tip: NDArray[np.float64], thickness: float
) -> tuple[Bgr, Field]:
    core = np.full((height, width), 255, np.uint8)
    near, far = np.round(root * 16).astype(int), np.round(tip * 16).astype(int)
    cv2.line(core, (int(near[0]), int(near[1])), (int(far[0]), int(far[1])), 0, 1, cv2.LINE_8, 4)
    share = np.clip(cv2.distanceTransform(core, cv2.DIST_L2, 5) / np.float32(thickness / 2), 0, 2)
    light = np.sqrt(np.clip(1.15 - share**2, 0, 1)) * 0.6 + 0.45
    picture = shaded(np.full((height, width, 3), tone, np.uint8), light)
    along = (tip - root) / max(1e-6, float(np.hypot(*(tip - root))))
    angle = float(np.degrees(np.arctan2(along[1], along[0])))
    at, size = (int(tip[0]), int(tip[1])), (int(thickness * 0.32), int(thickness * 0.25))
    rosy = (min(255, tone[0] + 25), min(255, tone[1] + 25), min(255, tone[2] + 20))
    cv2.ellipse(picture, at, size, angle, 0, 360, rosy, -1, cv2.LINE_AA)
    return picture, as_field(np.clip((1 - share) * thickness / 2, 0, 1))
