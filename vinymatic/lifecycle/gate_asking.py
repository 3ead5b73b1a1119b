"""Asks two snapshots the same photos through the production search, and counts."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from vinymatic.index.results import SearchOptions
from vinymatic.index.search import search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide
from vinymatic.lifecycle.gate_photos import Photo
from vinymatic.lifecycle.gate_report import Figures, Round
from vinymatic.lifecycle.progress import Progress

_OPTIONS = SearchOptions()


def ask_both(
    name: str, active: Snapshot, candidate: Snapshot, photos: Iterable[Photo], total: int, progress: Progress
) -> Round:
    """One round. `name`: of the photos; `total`: how many there are. Who is asked first alternates: caches favour the second."""
    tallies = (_Tally(active), _Tally(candidate))
    for turn, photo in enumerate(photos):
        progress(f"ask {name}", turn, total)
        for tally in tallies if turn % 2 == 0 else reversed(tallies):
            tally.ask(photo)
    progress(f"ask {name}", total, total)
    return Round(name=name, active=tallies[0].figures(), candidate=tallies[1].figures())


@dataclass
class _Tally:
    """What one snapshot has answered so far."""

    snapshot: Snapshot
    present: int = 0
    found: int = 0
    first: int = 0
    wrong: int = 0
    absent: int = 0
    accepted: int = 0
    seconds: list[float] = field(default_factory=list)
    present_scores: list[float] = field(default_factory=list)
    absent_scores: list[float] = field(default_factory=list)

    def ask(self, photo: Photo) -> None:
        started = time.perf_counter()
        # An empty index has nothing to search, as `identify` knows too.
        candidates = search(self.snapshot, photo.features, photo.picture, StepTimer()) if len(self.snapshot) else []
        names = [self.snapshot.cover_id(candidate.number) for candidate in candidates]
        _, _, accepted = decide(candidates, names, _OPTIONS)
        self.seconds.append(time.perf_counter() - started)
        best = round(max((candidate.score for candidate in candidates), default=0.0), 4)
        taken = [self.snapshot.cover_id(candidate.number) for candidate in accepted]
        if photo.cover is None:
            self.absent += 1
            self.accepted += bool(taken)
            self.absent_scores.append(best)
            return
        self.present += 1
        self.found += photo.cover in taken
        self.wrong += bool(taken) and photo.cover not in taken
        self.first += names[:1] == [photo.cover]
        self.present_scores.append(best)

    def figures(self) -> Figures:
        median, p95 = np.percentile(self.seconds, [50, 95]).tolist() if self.seconds else (0.0, 0.0)
        return Figures(
            epoch=self.snapshot.epoch,
            present=self.present,
            found=self.found,
            first=self.first,
            wrong=self.wrong,
            absent=self.absent,
            accepted=self.accepted,
            median_seconds=median,
            p95_seconds=p95,
            scores=(*self.present_scores, *self.absent_scores),
        )
