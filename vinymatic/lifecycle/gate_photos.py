"""The simulated photos of a gate: which covers, and how they are seen. Pure; the same for the same manifest and codebook.

Half of the covers are present; the other half are taken out for the length of the measurement, so that a photo of one of them is of a cover
that the catalogue does not hold, though it looks like those that it does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.extract import ROOTSIFT_SCALE
from vinymatic.features.types import DescriptorArray, Features, GreyArray
from vinymatic.index.manifest import Manifest
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.views import EASY, HARD, Hardness, view

_CLUTTER_COVERS = 4


@dataclass(frozen=True)
class Question:
    """A photo of cover `number`, as snapshots of the manifest number it. `seed`: of the view."""

    number: int
    seed: int
    hardness: Hardness
    present: bool


def choose(manifest: Manifest, count: int, seed: int) -> list[Question]:
    """At most `count` live covers, each once: every second one is absent, and of each kind every second photo is a hard one."""
    generator = np.random.default_rng(seed)
    live = _live_numbers(manifest)
    return [
        Question(
            number=int(live[place]),
            seed=int(generator.integers(1 << 32)),
            hardness=HARD if turn // 2 % 2 else EASY,
            present=turn % 2 == 0,
        )
        for turn, place in enumerate(generator.permutation(len(live))[:count])
    ]


def without(manifest: Manifest, numbers: Iterable[int]) -> Manifest:
    """`manifest` with the covers of these numbers tombstoned: what a reader of it could not find."""
    gone = np.array(sorted(numbers), np.int64)
    segments = []
    first = 0
    for segment in manifest.segments:
        places = gone[(first <= gone) & (gone < first + segment.covers)] - first
        tombstones = tuple(sorted({*segment.tombstones, *places.tolist()}))
        segments.append(segment.model_copy(update={"tombstones": tombstones}))
        first += segment.covers
    return manifest.model_copy(update={"segments": tuple(segments)})


def simulated_photo(snapshot: Snapshot, question: Question) -> tuple[Features, GreyArray]:
    """The features and the picture of the photo, with features of other covers as clutter."""
    generator = np.random.default_rng(question.seed)
    step = float(np.sqrt(snapshot.model.square_length)) / ROOTSIFT_SCALE
    clutter = _clutter(snapshot, question.number, generator) if question.hardness.clutter > 0 else None
    return view(
        snapshot.features_of(question.number),
        snapshot.thumbnail_of(question.number),
        question.hardness,
        generator,
        clutter=clutter,
        step=step,
    )


def _clutter(snapshot: Snapshot, number: int, generator: np.random.Generator) -> DescriptorArray | None:
    covers = sum(segment.covers for segment in snapshot.manifest.segments)
    others = [int(other) for other in generator.integers(covers, size=_CLUTTER_COVERS) if other != number]
    return np.concatenate([snapshot.features_of(other).descriptors for other in others]) if others else None


def _live_numbers(manifest: Manifest) -> NDArray[np.int64]:
    numbers = [np.zeros(0, np.int64)]
    first = 0
    for segment in manifest.segments:
        live = np.setdiff1d(np.arange(segment.covers), np.array(segment.tombstones, np.int64), assume_unique=True)
        numbers.append(first + live)
        first += segment.covers
    return np.concatenate(numbers)
