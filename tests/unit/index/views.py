"""Views of made-up covers: features whose true homography is known."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from tests.unit.index.small import descriptors
from vinymatic.features.model import FeatureModel
from vinymatic.features.types import Features
from vinymatic.index.verify import Query, make_query, project

NOISE = 60_000.0
WIDTH, HEIGHT = 320, 240


def flat_cover(count: int = 80, seed: int = 0, side: int = 300) -> Features:
    """A square cover with real descriptors at random spots."""
    rng = np.random.default_rng(seed)
    spots = rng.uniform(5, side - 5, (count, 2))
    points = np.column_stack([spots, np.full(count, 8.0), rng.uniform(0, 360, count)]).astype(np.float32)
    return Features(points, descriptors(count, start=seed * count), side, side)


def view(corners: list[tuple[float, float]], side: int = 300) -> NDArray[np.float64]:
    """The homography that takes a square cover's corners to these of the photo."""
    source = np.array([[0, 0], [side, 0], [side, side], [0, side]], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(source, np.array(corners, np.float32)), np.float64)


# Seen a little from the side and turned.
ASKEW = view([(60, 30), (250, 50), (230, 220), (40, 200)])


def photo_through(
    cover: Features,
    homography: NDArray[np.float64],
    *,
    others: int = 0,
    shake: float = 0.3,
    blur: int = 6,
    seed: int = 1,
) -> Features:
    """What a photo would hold: the cover's features where the homography puts them, and `others` that belong to nothing.

    `shake`: standard deviation of positions, pixels; `blur`: most that a descriptor's component may be off.
    """
    rng = np.random.default_rng(seed)
    moved = project(homography, cover.points[:, :2].astype(np.float64)) + rng.normal(0, shake, (len(cover), 2))
    seen = np.clip(
        cover.descriptors.astype(int) + rng.integers(-blur, blur + 1, cover.descriptors.shape), 0, 255
    ).astype(np.uint8)
    spots = np.concatenate([moved, rng.uniform((0, 0), (WIDTH, HEIGHT), (others, 2))])
    points = np.column_stack([spots, np.full(len(spots), 8.0), np.zeros(len(spots))]).astype(np.float32)
    return Features(points, np.concatenate([seen, descriptors(others, start=4_000)]), WIDTH, HEIGHT)


def query_of(photo: Features, noise: float = NOISE) -> Query:
    return make_query(photo, np.full(len(photo), noise, np.float32), FeatureModel().square_length)
