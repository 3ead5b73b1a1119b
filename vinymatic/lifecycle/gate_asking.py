"""Photos asked of the active and of the candidate epoch: counted, timed, and compared by nobody yet."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from vinymatic.features.types import Features, GreyArray
from vinymatic.index.results import SearchOptions
from vinymatic.index.score_weights import StepWeights
from vinymatic.index.search import search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.steps import STANDARD
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide
from vinymatic.lifecycle.gate_report import SCORE_BINS, Figures, Round


@dataclass(frozen=True)
class Photo:
    """Something to ask. `truth`: the id of the cover that it shows; None where the snapshots do not hold it."""

    features: Features
    picture: GreyArray
    truth: str | None


@dataclass(frozen=True)
class Pair:
    """One manifest under two epochs."""

    active: Snapshot
    candidate: Snapshot


def measure(name: str, pair: Pair, photos: Iterable[Photo], options: SearchOptions, weights: StepWeights) -> Round:
    """Asks both every photo, through the production search and verdict. Holds one photo at a time."""
    active, candidate = (_Tally(asked, options, weights) for asked in (pair.active, pair.candidate))
    for turn, photo in enumerate(photos):
        if turn == 0:
            # Once for nothing: what is loaded at the first search is no time of the epoch that happens to come first.
            _Tally(pair.active, options, weights).ask(photo)
            _Tally(pair.candidate, options, weights).ask(photo)
        # By turns: the second finds the cover's features in the page cache.
        for tally in (active, candidate) if turn % 2 == 0 else (candidate, active):
            tally.ask(photo)
    return Round(name=name, active=active.figures(), candidate=candidate.figures())


@dataclass
class _Tally:
    snapshot: Snapshot
    options: SearchOptions
    weights: StepWeights
    found: int = 0
    first: int = 0
    wrong: int = 0
    accepted: int = 0
    present_scores: list[int] = field(default_factory=lambda: [0] * SCORE_BINS)
    absent_scores: list[int] = field(default_factory=lambda: [0] * SCORE_BINS)
    seconds: list[float] = field(default_factory=list)

    def ask(self, photo: Photo) -> None:
        begin = time.perf_counter()
        candidates = search(self.snapshot, photo.features, photo.picture, StepTimer(), STANDARD, self.weights)
        names = [self.snapshot.cover_id(candidate.number) for candidate in candidates]
        _, _, accepted = decide(candidates, names, self.options)
        self.seconds.append(time.perf_counter() - begin)
        scores = dict(zip(names, (candidate.score for candidate in candidates), strict=True))
        best = max(scores, key=lambda name: scores[name], default=None)
        if photo.truth is None:
            self.accepted += bool(accepted)
            self.absent_scores[_bin(0.0 if best is None else scores[best])] += 1
            return
        taken = [self.snapshot.cover_id(candidate.number) for candidate in accepted]
        self.found += photo.truth in taken
        self.wrong += bool(taken) and photo.truth not in taken
        self.first += best == photo.truth
        self.present_scores[_bin(scores.get(photo.truth, 0.0))] += 1

    def figures(self) -> Figures:
        return Figures(
            epoch=self.snapshot.epoch,
            present=sum(self.present_scores),
            found=self.found,
            first=self.first,
            wrong=self.wrong,
            absent=sum(self.absent_scores),
            accepted=self.accepted,
            median_seconds=float(np.median(self.seconds)) if self.seconds else 0.0,
            p95_seconds=float(np.quantile(self.seconds, 0.95)) if self.seconds else 0.0,
            present_scores=tuple(self.present_scores),
            absent_scores=tuple(self.absent_scores),
        )


def _bin(score: float) -> int:
    return min(SCORE_BINS - 1, int(score * SCORE_BINS))
