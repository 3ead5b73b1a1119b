"""Simulated phone photos of a cover: what happens between a sleeve on a table and the bytes that reach the API.

One table, LEVELS, says how hard each level is. The true outline comes with every photo, so that an answer's can be judged.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.synth import camera, surroundings
from vinymatic.synth.camera import Range
from vinymatic.synth.raster import Bgr, Field, Random, as_bgr, as_field, encoded, mixed, shaded

WIDTH, HEIGHT = 1280, 960
Outline = NDArray[np.float64]


class Level(StrEnum):
    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


@dataclass(frozen=True)
class Conditions:
    """Ranges that a photo's circumstances are drawn from.

    `rotation`: degrees either way. `fill`: the cover's side as a share of the photo's short side. `perspective`: how far a corner may be
    pushed inwards, as a share of the side. `hidden`: most of the cover's area that may be out of the picture or behind fingers.
    `light`: how much darker the far end is. `gamma`, `white_balance` (gain of red against blue), `glare` (strength of the blob, 0 none),
    `defocus` (standard deviation, pixels), `motion` (pixels), `noise` (standard deviation, levels of 255), `quality` of JPEG.
    """

    rotation: float
    fill: Range
    perspective: float
    hidden: float
    clutter: int
    light: Range
    gamma: Range
    white_balance: Range
    glare: Range
    defocus: Range
    motion: Range
    noise: Range
    quality: Range


LEVELS: dict[Level, Conditions] = {
    Level.EASY: Conditions(
        rotation=8,
        fill=(0.7, 0.9),
        perspective=0.04,
        hidden=0.0,
        clutter=2,
        light=(0.0, 0.2),
        gamma=(0.9, 1.1),
        white_balance=(0.95, 1.05),
        glare=(0.0, 0.15),
        defocus=(0.0, 0.6),
        motion=(0, 1),
        noise=(1, 4),
        quality=(85, 95),
    ),
    Level.MEDIUM: Conditions(
        rotation=30,
        fill=(0.55, 0.9),
        perspective=0.12,
        hidden=0.1,
        clutter=5,
        light=(0.1, 0.45),
        gamma=(0.75, 1.3),
        white_balance=(0.85, 1.18),
        glare=(0.0, 0.6),
        defocus=(0.3, 1.2),
        motion=(0, 4),
        noise=(2, 8),
        quality=(65, 90),
    ),
    Level.HARD: Conditions(
        rotation=180,
        fill=(0.4, 0.9),
        perspective=0.2,
        hidden=0.25,
        clutter=9,
        light=(0.2, 0.65),
        gamma=(0.6, 1.6),
        white_balance=(0.72, 1.35),
        glare=(0.3, 1.0),
        defocus=(0.5, 2.0),
        motion=(0, 9),
        noise=(4, 14),
        quality=(40, 80),
    ),
}


@dataclass(frozen=True)
class SimulatedPhoto:
    """`image`: uint8 BGR [height, width, 3] as the sensor gave it. `corners`: float64 [4, 2], the cover's true outline in photo pixels,
    clockwise from the cover's own top left. `visible`: share of the cover's area that can be seen. `quality`: the phone's own of JPEG."""

    image: Bgr
    corners: Outline
    visible: float
    quality: int

    def jpeg(self, quality: int | None = None) -> bytes:
        """The file that the phone uploads."""
        return encoded(self.image, self.quality if quality is None else quality)


def simulate(
    cover: Bgr, seed: int, level: Level = Level.MEDIUM, *, width: int = WIDTH, height: int = HEIGHT
) -> SimulatedPhoto:
    """A photo of `cover` (uint8 BGR [h, w, 3]); the same arguments give the same photo."""
    rng = np.random.default_rng([seed, *level.encode()])
    conditions = LEVELS[level]
    corners = outline_in(rng, conditions, cover.shape[1] / cover.shape[0], width, height)
    image = surroundings.background(rng, height, width, int(rng.integers(conditions.clutter + 1)))
    image, mask = laid(image, cover, corners)
    image, visible = _held(rng, image, mask, corners, conditions.hidden)
    quality = int(camera.draw(rng, conditions.quality))
    return SimulatedPhoto(taken(rng, image, conditions), corners, visible, quality)


def in_frame(corners: Outline, width: int, height: int) -> float:
    """Share of the outline's area that lies in a photo of this size."""
    quad = corners.astype(np.float32)
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    return float(cv2.intersectConvexConvex(quad, frame)[0]) / float(cv2.contourArea(quad))


def outline_in(rng: Random, conditions: Conditions, aspect: float, width: int, height: int) -> Outline:
    """Where a cover of this aspect lies in a frame of this size, float64 [4, 2]."""
    side = camera.draw(rng, conditions.fill) * min(width, height)
    shape = np.array([min(1.0, aspect), min(1.0, 1 / aspect)])
    unit = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]])
    pushed = unit * (1 - 2 * rng.uniform(0, conditions.perspective, (4, 2))) * shape * side
    turn = np.radians(rng.uniform(-conditions.rotation, conditions.rotation))
    spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    centred = pushed @ spin.T
    # Half of what may be hidden may be cut off by the frame; the fingers take the rest.
    least = 1 - conditions.hidden / 2
    middle = np.array([width, height]) / 2
    while in_frame(centred + middle, width, height) < least:
        centred = centred * 0.97
    for _ in range(30):
        placed: Outline = centred + rng.uniform((0, 0), (width, height))
        if in_frame(placed, width, height) >= least - 1e-6:
            return placed
    return np.asarray(centred + middle)


def laid(table: Bgr, cover: Bgr, corners: Outline) -> tuple[Bgr, Field]:
    """The cover on the table with its shadow; the mask is 1 where the cover is."""
    height, width = table.shape[:2]
    rows, columns = cover.shape[:2]
    scale = float(np.sqrt(cv2.contourArea(corners.astype(np.float32)) / (rows * columns)))
    if scale < 0.7:  # a warp alone would alias
        size = (max(2, int(columns * scale)), max(2, int(rows * scale)))
        cover = as_bgr(cv2.resize(cover, size, interpolation=cv2.INTER_AREA))
        rows, columns = cover.shape[:2]
    source = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    warp = cv2.getPerspectiveTransform(source, corners.astype(np.float32))
    laid = cv2.warpPerspective(cover, warp, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    mask = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(mask, np.round(corners * 16).astype(np.int32), 255, cv2.LINE_AA, 4)
    share = as_field(mask) / np.float32(255)
    shadow = cv2.blur(np.pad(share, ((10, 0), (8, 0)))[:height, :width], (41, 41))
    return mixed(shaded(table, 1 - 0.55 * as_field(shadow)), as_bgr(laid), share), share


def _held(rng: Random, image: Bgr, mask: Field, corners: Outline, hidden: float) -> tuple[Bgr, float]:
    """Fingers that reach over the edges, as long as no more than `hidden` of the cover is lost."""
    height, width = image.shape[:2]
    area = float(cv2.contourArea(corners.astype(np.float32)))
    centre = corners.mean(axis=0)
    tone = surroundings.skin(rng)
    for _ in range(int(rng.integers(0, 4)) if hidden > 0 else 0):
        edge = int(rng.integers(4))
        along = float(rng.uniform(0.1, 0.9))
        at = corners[edge] * (1 - along) + corners[(edge + 1) % 4] * along
        inward = centre - at
        inward /= max(1.0, float(np.hypot(*inward)))
        thickness = float(np.sqrt(area) * rng.uniform(0.09, 0.16))
        tip = at + inward * np.sqrt(area) * float(rng.uniform(0.05, 0.22))
        picture, finger = surroundings.finger(height, width, tone, at - inward * (width + height), tip, thickness)
        left = mask * (1 - finger)
        if float(left.sum()) / area < 1 - hidden:
            continue
        mask = left
        image = mixed(image, picture, finger)
    return image, min(1.0, float(mask.sum()) / area)


def taken(rng: Random, image: Bgr, conditions: Conditions) -> Bgr:
    """Light first, then the lens, then the sensor: the order in which they happen."""
    image = camera.lit(rng, image, camera.draw(rng, conditions.light))
    image = camera.glared(rng, image, camera.draw(rng, conditions.glare))
    image = camera.blurred(rng, image, camera.draw(rng, conditions.defocus), camera.draw(rng, conditions.motion))
    image = camera.developed(image, camera.draw(rng, conditions.gamma), camera.draw(rng, conditions.white_balance))
    return camera.exposed(rng, image, camera.draw(rng, conditions.noise))
