"""The questions of a drill: simulated views of covers, made from what the index itself stores. Pure; the same for the same cover and seed.

A question enters the search where a decoded and extracted photo would: what comes before does not depend on the backup. A stranger's
descriptors are shuffled: a cover that no catalogue holds, for a backup must also still say no.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import Features, GreyArray
from vinymatic.index.results import SearchOptions
from vinymatic.index.score_weights import SHIPPED, StepWeights
from vinymatic.index.search import search
from vinymatic.index.segment import pack_points
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.steps import STANDARD
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide
from vinymatic.lifecycle import views

_STRANGERS = 4  # one question in so many
_OPTIONS = SearchOptions()


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


def ask(snapshot: Snapshot, chosen: Chosen, weights: StepWeights = SHIPPED) -> Answer:
    """What the production search answers. Raises `CoverNotFoundError`."""
    number = snapshot.number_of(chosen.cover)
    features, picture = view(snapshot.features_of(number), snapshot.thumbnail_of(number), chosen)
    candidates = search(snapshot, features, picture, StepTimer(), STANDARD, weights)
    verdict, _, accepted = decide(candidates, [snapshot.cover_id(c.number) for c in candidates], _OPTIONS)
    if not accepted:
        return Answer(verdict.value, None, 0.0)
    return Answer(verdict.value, snapshot.cover_id(accepted[0].number), round(accepted[0].score, 4))


def view(cover: Features, thumbnail: NDArray[np.uint8], chosen: Chosen) -> tuple[Features, GreyArray]:
    """The features and the picture (uint8 [480, 480]) of a simulated photo of `cover`."""
    generator = np.random.default_rng(chosen.seed)
    if not chosen.stranger:
        return views.view(cover, thumbnail, views.EASY, generator)
    seen, picture = views.view(cover, 255 - thumbnail, views.EASY, generator)
    shuffled = np.ascontiguousarray(seen.descriptors[:, generator.permutation(seen.descriptors.shape[1])])
    return Features(seen.points, shuffled, seen.width, seen.height), picture
