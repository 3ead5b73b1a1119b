"""The questions of a drill: simulated views of covers, made from what the index itself stores. Pure; the same for the same cover and seed.

A question enters the search where a decoded and extracted photo would: what comes before does not depend on the backup. Its features are
the cover's own, moved by a camera's view, some lost, all with noise; its picture is the thumbnail, seen from the same place. A stranger's
descriptors are shuffled: a cover that no catalogue holds, for a backup must also still say no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import Features, GreyArray
from vinymatic.index.results import SearchOptions
from vinymatic.index.search import search
from vinymatic.index.segment import THUMBNAIL_SIDE, pack_points
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide
from vinymatic.index.verify import project

SIDE = 480
_STRANGERS = 4  # one question in so many
_OPTIONS = SearchOptions()


@dataclass(frozen=True)
class Difficulty:
    """`kept`: share of the cover's features that the photo shows. Noise of points in pixels, of descriptors in their own steps."""

    kept: float = 0.6
    point_noise: float = 0.5
    descriptor_noise: float = 6.0


@dataclass(frozen=True)
class Chosen:
    """Which cover is asked for, and how. `seed`: of the view."""

    cover: str
    seed: int
    stranger: bool


@dataclass(frozen=True)
class Answer:
    """What the search said. `best`: the cover it accepted, None for none; `score`: its score in [0, 1]."""

    verdict: str
    best: str | None
    score: float


def choose(covers: Sequence[str], count: int, seed: int) -> list[Chosen]:
    """A sample without repetition of at most `count` covers; every fourth question is a stranger made of its cover."""
    generator = np.random.default_rng(seed)
    places = generator.permutation(len(covers))[:count]
    return [
        Chosen(covers[int(place)], int(generator.integers(1 << 32)), turn % _STRANGERS == _STRANGERS - 1)
        for turn, place in enumerate(places)
    ]


def fingerprint(snapshot: Snapshot, cover: str) -> str:
    """sha256 (hex) of what the index stores of a cover: features and thumbnail. Raises `CoverNotFoundError`."""
    number = snapshot.number_of(cover)
    features = snapshot.features_of(number)
    digest = hashlib.sha256(pack_points(features.points).tobytes())
    digest.update(np.ascontiguousarray(features.descriptors).tobytes())
    digest.update(snapshot.thumbnail_of(number).tobytes())
    return digest.hexdigest()


def ask(snapshot: Snapshot, chosen: Chosen) -> Answer:
    """What the production search answers. Raises `CoverNotFoundError`."""
    number = snapshot.number_of(chosen.cover)
    features, picture = view(snapshot.features_of(number), snapshot.thumbnail_of(number), chosen)
    candidates = search(snapshot, features, picture, StepTimer())
    verdict, _, accepted = decide(candidates, [snapshot.cover_id(c.number) for c in candidates], _OPTIONS)
    if not accepted:
        return Answer(verdict.value, None, 0.0)
    return Answer(verdict.value, snapshot.cover_id(accepted[0].number), round(accepted[0].score, 4))


def view(
    cover: Features, thumbnail: NDArray[np.uint8], chosen: Chosen, difficulty: Difficulty | None = None
) -> tuple[Features, GreyArray]:
    """The features and the picture (uint8 [480, 480]) of a simulated photo of `cover`."""
    difficulty = difficulty or Difficulty()
    generator = np.random.default_rng(chosen.seed)
    turn = generator.uniform(-15.0, 15.0)
    size = SIDE * generator.uniform(0.65, 0.8)
    homography = _homography(cover, turn, size, generator)
    kept = np.sort(generator.permutation(len(cover))[: max(1, round(len(cover) * difficulty.kept))])
    points = np.array(cover.points[kept], np.float32)
    points[:, :2] = project(homography, points[:, :2].astype(np.float64))
    points[:, :2] += generator.normal(0.0, difficulty.point_noise, (len(kept), 2))
    points[:, 2] *= size / max(cover.width, cover.height)
    points[:, 3] = (points[:, 3] + turn) % 360.0
    noise = generator.normal(0.0, difficulty.descriptor_noise, (len(kept), cover.descriptors.shape[1]))
    noisy = cover.descriptors[kept] + noise
    descriptors = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    picture = thumbnail
    if chosen.stranger:
        descriptors = np.ascontiguousarray(descriptors[:, generator.permutation(descriptors.shape[1])])
        picture = 255 - thumbnail
    to_box = np.diag([cover.width / THUMBNAIL_SIDE, cover.height / THUMBNAIL_SIDE, 1.0])
    seen = cv2.warpPerspective(picture, homography @ to_box, (SIDE, SIDE), flags=cv2.INTER_LINEAR, borderValue=96)
    return Features(points, descriptors, SIDE, SIDE), np.asarray(seen, np.uint8)


def _homography(cover: Features, turn: float, size: float, generator: np.random.Generator) -> NDArray[np.float64]:
    """Cover's box → photo's box: turned by `turn` degrees, its longer side `size` pixels, its corners a little off."""
    corners = np.array([[0, 0], [cover.width, 0], [cover.width, cover.height], [0, cover.height]], np.float64)
    centred = (corners - corners.mean(axis=0)) * size / max(cover.width, cover.height)
    radians = np.deg2rad(turn)
    rotation = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    quad = centred @ rotation.T + SIDE / 2 + generator.uniform(-0.03, 0.03, (4, 2)) * size
    found = cv2.getPerspectiveTransform(corners.astype(np.float32), quad.astype(np.float32))
    return np.asarray(found, np.float64)
