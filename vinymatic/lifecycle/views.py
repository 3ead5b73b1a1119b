"""Simulated views of covers, made from what the index itself stores: scans need not be at hand. Pure; the same for the same generator.

A view enters the search where a decoded and extracted photo would. Its features are the cover's own, moved by a camera's view, some lost,
all with noise; its picture is the thumbnail, seen from the same place.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import DescriptorArray, Features, GreyArray
from vinymatic.index.segment import THUMBNAIL_SIDE
from vinymatic.index.verify import Homography, project

SIDE = 480
_TABLE = 96
_HAND = 60

Thumbnail = NDArray[np.uint8]


@dataclass(frozen=True)
class Hardness:
    """What the photos are like. `turn`: degrees either way. `size`: the cover's longer side as a share of the picture's, from and to.
    `tilt`: how far a corner may be off, as a share of that side. `kept`: share of the features that are seen again. `point_noise`:
    standard deviation, pixels. `descriptor_noise`: standard deviation, RootSIFT steps. `hidden`: most of the cover that a strip along one
    side hides. `clutter`: features of other things in the picture, over the cover's own.
    """

    turn: float
    size: tuple[float, float]
    tilt: float
    kept: float
    point_noise: float
    descriptor_noise: float
    hidden: float = 0.0
    clutter: float = 0.0


# What drills ask. Their answers are recorded beside backups: a change here fails every older one.
EASY = Hardness(turn=15.0, size=(0.65, 0.8), tilt=0.03, kept=0.6, point_noise=0.5, descriptor_noise=6.0)
HARD = Hardness(
    turn=45.0, size=(0.45, 0.8), tilt=0.08, kept=0.4, point_noise=1.0, descriptor_noise=12.0, hidden=0.3, clutter=1.0
)


def view(
    cover: Features,
    thumbnail: Thumbnail,
    hardness: Hardness,
    generator: np.random.Generator,
    *,
    clutter: DescriptorArray | None = None,
    step: float = 1.0,
) -> tuple[Features, GreyArray]:
    """The features and the picture (uint8 [480, 480]) of a simulated photo of `cover`.

    `clutter`: descriptors of other things, of which as many are taken as there are and `hardness` asks for. `step`: a RootSIFT step in
    stored ones, where a feature model reduces the descriptors.
    """
    turn = generator.uniform(-hardness.turn, hardness.turn)
    size = SIDE * generator.uniform(*hardness.size)
    homography = _homography(cover, turn, size, hardness.tilt, generator)
    kept = np.sort(generator.permutation(len(cover))[: max(1, round(len(cover) * hardness.kept))])
    points = np.array(cover.points[kept], np.float32)
    points[:, :2] = project(homography, points[:, :2].astype(np.float64))
    points[:, :2] += generator.normal(0.0, hardness.point_noise, (len(kept), 2))
    points[:, 2] *= size / max(cover.width, cover.height)
    points[:, 3] = (points[:, 3] + turn) % 360.0
    descriptors = _noisy(cover.descriptors[kept], hardness.descriptor_noise * step, generator)
    if hardness.hidden > 0:
        strip = _strip(generator, hardness.hidden)
        seen = ~_inside(strip, cover.points[kept, :2] / (cover.width, cover.height))
        points, descriptors = points[seen], descriptors[seen]
        thumbnail = _covered(thumbnail, strip)
    if clutter is not None and hardness.clutter > 0:
        rows = generator.permutation(len(clutter))[: round(len(cover) * hardness.clutter)]
        other = _noisy(clutter[rows], hardness.descriptor_noise * step, generator)
        points = np.concatenate([points, _anywhere(len(rows), generator)])
        descriptors = np.concatenate([descriptors, other])
    to_box = np.diag([cover.width / THUMBNAIL_SIDE, cover.height / THUMBNAIL_SIDE, 1.0])
    picture = cv2.warpPerspective(
        thumbnail, homography @ to_box, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=_TABLE
    )
    return Features(points, descriptors, SIDE, SIDE), np.asarray(picture, np.uint8)


def _homography(cover: Features, turn: float, size: float, tilt: float, generator: np.random.Generator) -> Homography:
    """Cover's box → photo's box: turned by `turn` degrees, its longer side `size` pixels, its corners a little off."""
    corners = np.array([[0, 0], [cover.width, 0], [cover.width, cover.height], [0, cover.height]], np.float64)
    centred = (corners - corners.mean(axis=0)) * size / max(cover.width, cover.height)
    radians = np.deg2rad(turn)
    rotation = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    quad = centred @ rotation.T + SIDE / 2 + generator.uniform(-tilt, tilt, (4, 2)) * size
    found = cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32))
    return np.asarray(found, np.float64)


def _noisy(descriptors: DescriptorArray, noise: float, generator: np.random.Generator) -> DescriptorArray:
    moved = descriptors + generator.normal(0.0, noise, descriptors.shape)
    return np.clip(np.rint(moved), 0, 255).astype(np.uint8)


def _strip(generator: np.random.Generator, most: float) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of what is hidden, in shares of the cover."""
    share = float(generator.uniform(0.0, most))
    strips = ((0.0, 0.0, share, 1.0), (0.0, 0.0, 1.0, share), (1 - share, 0.0, 1.0, 1.0), (0.0, 1 - share, 1.0, 1.0))
    return strips[int(generator.integers(len(strips)))]


def _inside(strip: tuple[float, float, float, float], places: NDArray[np.float64]) -> NDArray[np.bool_]:
    left, top, right, bottom = strip
    across, down = places[:, 0], places[:, 1]
    return np.asarray((left <= across) & (across < right) & (top <= down) & (down < bottom))


def _covered(thumbnail: Thumbnail, strip: tuple[float, float, float, float]) -> Thumbnail:
    left, top, right, bottom = (round(edge * THUMBNAIL_SIDE) for edge in strip)
    covered = thumbnail.copy()
    covered[top:bottom, left:right] = _HAND
    return covered


def _anywhere(count: int, generator: np.random.Generator) -> NDArray[np.float32]:
    return np.column_stack(
        [generator.uniform(0, SIDE, (count, 2)), generator.uniform(4, 40, count), generator.uniform(0, 360, count)]
    ).astype(np.float32)
