"""Photos asked at every step of the cascade: what the score is fitted and judged on."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from vinymatic.features import FeatureSpec
from vinymatic.index.query import PreparedPhoto
from vinymatic.index.results import Effort
from vinymatic.index.search import Candidate, search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.steps import FAST, STANDARD, THOROUGH
from vinymatic.index.timing import StepTimer
from vinymatic.lifecycle.calibration_fit import Row

STEPS = (FAST, STANDARD, THOROUGH)
# The best and what is behind it: nothing further down is ever accepted.
_ROWS_A_PHOTO = 3
# Two scans of one artwork share more than a banner, and look alike all over.
_SAME_HULL = 0.4
_SAME_CORRELATION = 0.6


@dataclass(frozen=True)
class Asked:
    """One photo asked once. `fold`: 0 or 1, by the cover. `present`: whether what it shows could be found.

    `group`: what kind of photo it is. `rows`: its best candidates at each step, best first.
    """

    photo: str
    group: str
    fold: int
    present: bool
    rows: Mapping[Effort, tuple[Row, ...]]


def prepared_for_steps(
    prepare: Callable[[FeatureSpec], PreparedPhoto], spec: FeatureSpec
) -> dict[Effort, PreparedPhoto]:
    """The photo as each step looks at it. `prepare` is called once for each size of the box."""
    made: dict[FeatureSpec, PreparedPhoto] = {}
    for step in STEPS:
        wanted = step.extraction(spec)
        if wanted not in made:
            made[wanted] = prepare(wanted)
    return {step.name: made[step.extraction(spec)] for step in STEPS}


def rows_at_steps(
    snapshot: Snapshot, photo: Mapping[Effort, PreparedPhoto], spec: FeatureSpec, right: Collection[str]
) -> dict[Effort, tuple[Row, ...]]:
    """What each step finds. `right`: ids of the covers that the photo shows."""
    rows = {}
    for step in STEPS:
        prepared = photo[step.name]
        found = search(snapshot, step.searched(prepared.features, spec), prepared.boxed, StepTimer(), step)
        rows[step.name] = tuple(
            Row(candidate.signals, snapshot.cover_id(candidate.number) in right) for candidate in found[:_ROWS_A_PHOTO]
        )
    return rows


def is_same_artwork(candidate: Candidate) -> bool:
    """Of a candidate for a photo that is itself a clean scan."""
    return candidate.evidence.hull > _SAME_HULL and (candidate.correlation or 0.0) > _SAME_CORRELATION


def same_artwork(snapshot: Snapshot, cover_id: str) -> frozenset[str]:
    """`cover_id` and the covers that show the same. Raises `CoverNotFoundError`.

    Left in the catalogue they would answer for a cover that is left out of it, and be called wrong.
    """
    number = snapshot.number_of(cover_id)
    cover = snapshot.features_of(number)
    picture = cv2.resize(snapshot.thumbnail_of(number), (cover.width, cover.height), interpolation=cv2.INTER_LINEAR)
    found = search(snapshot, cover, np.asarray(picture, np.uint8), StepTimer())
    return frozenset({cover_id, *(snapshot.cover_id(one.number) for one in found if is_same_artwork(one))})
