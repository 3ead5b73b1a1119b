"""Simulated photos of several covers: side by side on a table, and a wall of them seen at an angle from afar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.synth import camera, surroundings
from vinymatic.synth.photos import HEIGHT, LEVELS, WIDTH, Level, Outline, laid, outline_in, taken
from vinymatic.synth.raster import Bgr, Random, encoded

# First words of the generators' seeds.
_TABLE, _WALL, _NOTHING = 3, 4, 5
WALL_WIDTH, WALL_HEIGHT = 4_000, 3_000
# Of the picture's width.
WALL_COVER = 0.1
_GAP = 0.12
# Degrees, least and most, that a wall is turned by to either side: about the vertical axis, the horizontal one, and the camera's own.
_TURNS = ((15.0, 35.0), (0.0, 20.0), (0.0, 6.0))
# Of a phone: focal length over the picture's width.
_FOCAL = 0.8
# Pixels around a cover that its shadow falls on.
_SHADOW = 60


@dataclass(frozen=True)
class Scene:
    """`image`: uint8 BGR [height, width, 3]. `outlines`: each cover's corners, in the order of the covers, as in `SimulatedPhoto`."""

    image: Bgr
    outlines: tuple[Outline, ...]
    quality: int

    def jpeg(self) -> bytes:
        return encoded(self.image, self.quality)


def table(
    covers: Sequence[Bgr], seed: int, level: Level = Level.MEDIUM, *, width: int = WIDTH, height: int = HEIGHT
) -> Scene:
    """A photo of one to some six covers that lie beside each other; neighbours may overlap a little."""
    rng = np.random.default_rng([_TABLE, seed, *level.encode()])
    columns, rows = _grid(len(covers), width / height)
    cell = (width // columns, height // rows)
    outlines = []
    for number, cover in enumerate(covers):
        corner = np.array([number % columns, number // columns]) * cell
        outlines.append(outline_in(rng, LEVELS[level], cover.shape[1] / cover.shape[0], *cell) + corner)
    return _photographed(rng, covers, outlines, level, (width, height))


def wall(
    covers: Sequence[Bgr],
    seed: int,
    level: Level = Level.MEDIUM,
    *,
    width: int = WALL_WIDTH,
    height: int = WALL_HEIGHT,
    share: float = WALL_COVER,
) -> Scene:
    """A photo of covers that hang in rows on a wall or lie so on a table, seen at an angle, each about `share` of the width wide."""
    rng = np.random.default_rng([_WALL, seed, *level.encode()])
    columns, rows = _grid(len(covers), width / height)
    side = width * share
    pitch = side * (1 + _GAP)
    turn = _turned(rng)
    shift = rng.uniform(-0.08, 0.08, 2) * (width, height)
    outlines = []
    for number, cover in enumerate(covers):
        column, row = number % columns, number // columns
        middle = np.array([column - (columns - 1) / 2, row - (rows - 1) / 2]) * pitch
        aspect = cover.shape[1] / cover.shape[0]
        half = np.array([min(1.0, aspect), min(1.0, 1 / aspect)]) * side / 2
        flat = middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
        outlines.append(_seen(flat, turn, _FOCAL * width) + np.array([width, height]) / 2 + shift)
    return _photographed(rng, covers, outlines, level, (width, height))


def nothing(seed: int, level: Level = Level.MEDIUM, *, width: int = WIDTH, height: int = HEIGHT) -> Scene:
    """A photo without any cover: a table or a floor with things on it."""
    rng = np.random.default_rng([_NOTHING, seed, *level.encode()])
    return _photographed(rng, (), (), level, (width, height))


def _photographed(
    rng: Random, covers: Sequence[Bgr], outlines: Sequence[Outline], level: Level, size: tuple[int, int]
) -> Scene:
    width, height = size
    image = surroundings.background(rng, height, width, int(rng.integers(LEVELS[level].clutter + 1)))
    for cover, outline in zip(covers, outlines, strict=True):
        # Around the cover only: a wall's picture has 12 megapixels.
        low = np.maximum(np.floor(outline.min(axis=0)).astype(int) - _SHADOW, 0)
        high = np.ceil(outline.max(axis=0)).astype(int) + _SHADOW
        window = (slice(low[1], high[1]), slice(low[0], high[0]))
        image[window] = laid(image[window], cover, outline - low)[0]
    quality = int(camera.draw(rng, LEVELS[level].quality))
    return Scene(taken(rng, image, LEVELS[level]), tuple(outlines), quality)


def _grid(count: int, aspect: float) -> tuple[int, int]:
    """Columns and rows for `count` things in a picture of this aspect."""
    columns = count if count <= 3 else math.ceil(math.sqrt(count * aspect))
    if count == 4:
        columns = 2
    return max(1, columns), max(1, math.ceil(count / max(1, columns)))


def _turned(rng: Random) -> NDArray[np.float64]:
    """A rotation, float64 [3, 3]."""
    whole = np.eye(3)
    for axis, limits in zip(np.eye(3)[[1, 0, 2]], _TURNS, strict=True):
        angle = np.radians(rng.choice([-1, 1]) * rng.uniform(*limits))
        whole = whole @ cv2.Rodrigues(axis * angle)[0]
    return np.asarray(whole)


def _seen(flat: NDArray[np.float64], turn: NDArray[np.float64], focal: float) -> Outline:
    """Points [n, 2] of a plane that was turned about its middle → the picture; in the middle the scale stays 1."""
    points = np.column_stack([flat, np.zeros(len(flat))]) @ turn.T
    return np.asarray(points[:, :2] * (focal / (focal + points[:, 2:])))
