"""The gate's simulated photos: views of sampled covers, made from what the index stores. Pure; the same for the same index and seed.

Half of the sampled covers are taken out of the index that is asked, so that a photo of them shows a cover that is not in the catalogue.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from vinymatic.features.types import Features, GreyArray
from vinymatic.index.manifest import Manifest
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.drill_questions import SIDE, Chosen, Difficulty, view

# Half of the photos are easy, as a drill's; the others show little of the cover among features of something else.
_HARD = Difficulty(kept=0.3, point_noise=1.0, descriptor_noise=10.0)
_CLUTTER_SHARE = 1.0


@dataclass(frozen=True)
class Question:
    """`present`: whether `cover` is in the index that is asked. `seed`: of the view."""

    cover: str
    seed: int
    present: bool
    hard: bool


@dataclass(frozen=True)
class Photo:
    """What enters a search. `cover`: the right answer, None where no cover of the index is."""

    name: str
    cover: str | None
    features: Features
    picture: GreyArray


def choose_simulated(whole: Snapshot, photos: int, *, seed: int) -> list[Question]:
    """At most `photos` covers, a sample without repetition: present and absent, easy and hard in turn, each pair as often."""
    ids = [entry.id for entry in whole.list_covers(limit=max(1, len(whole)))]
    generator = np.random.default_rng(seed)
    places = generator.permutation(len(ids))[:photos]
    return [
        Question(ids[int(place)], int(generator.integers(1 << 32)), present=turn % 2 == 0, hard=turn % 4 >= 2)
        for turn, place in enumerate(places)
    ]


def simulated_photos(whole: Snapshot, questions: Sequence[Question]) -> Iterator[Photo]:
    """A photo for each question, made when it is asked for. `whole`: the snapshot in which all of the covers are."""
    for turn, question in enumerate(questions):
        number = whole.number_of(question.cover)
        stored = whole.features_of(number)
        chosen = Chosen(question.cover, question.seed, stranger=False)
        features, picture = view(stored, whole.thumbnail_of(number), chosen, _HARD if question.hard else None)
        if question.hard:
            # Another sampled cover's features, anywhere in the picture: what lies around a sleeve.
            other = whole.features_of(whole.number_of(questions[turn - 1].cover))
            features = _cluttered(features, other, question.seed)
        yield Photo(question.cover, question.cover if question.present else None, features, picture)


def with_tombstones(manifest: Manifest, whole: Snapshot, covers: Collection[str]) -> Manifest:
    """`manifest` without these covers. `whole`: its snapshot. For asking only: it is committed by nobody."""
    gone = set(covers)
    segments = []
    for entry, segment in zip(manifest.segments, whole.segments, strict=True):
        dead = {place for place, cover in enumerate(segment.table.ids) if cover in gone}
        segments.append(entry.model_copy(update={"tombstones": tuple(sorted(dead.union(entry.tombstones)))}))
    return manifest.model_copy(update={"segments": tuple(segments)})


def _cluttered(features: Features, other: Features, seed: int) -> Features:
    generator = np.random.default_rng(seed)
    count = min(len(other), round(len(features) * _CLUTTER_SHARE))
    rows = np.sort(generator.permutation(len(other))[:count])
    points = np.array(other.points[rows], np.float32)
    points[:, :2] = generator.uniform(0.0, SIDE, (count, 2))
    descriptors = np.concatenate([features.descriptors, np.asarray(other.descriptors[rows])])
    return Features(np.concatenate([features.points, points]), descriptors, features.width, features.height)
