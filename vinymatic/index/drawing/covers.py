"""What of a search is drawn: the accepted covers, or the best of those that were not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from vinymatic.features.types import ColourArray
from vinymatic.index.query import Look
from vinymatic.index.search import Candidate
from vinymatic.index.snapshot import CoverEntry, Snapshot
from vinymatic.index.verify import Evidence


@dataclass(frozen=True)
class ShownCover:
    """A cover to draw. `box`: width and height of the cover's box, which `evidence` is in.

    `image`: its scan; or, where `is_scan` is false, the grey square that the index keeps.
    """

    entry: CoverEntry
    score: float
    accepted: bool
    evidence: Evidence
    box: tuple[int, int]
    image: ColourArray
    is_scan: bool = False


def shown_covers(snapshot: Snapshot, look: Look) -> list[ShownCover]:
    """The accepted covers, best first; where nothing is accepted, the likeliest candidate, if there is one. Needs the snapshot no more."""
    if look.accepted:
        return [_shown(snapshot, candidate, accepted=True) for candidate in look.accepted]
    best = max(look.candidates, key=lambda candidate: candidate.score, default=None)
    return [] if best is None else [_shown(snapshot, best, accepted=False)]


def with_scans(covers: Sequence[ShownCover], read_scan: Callable[[CoverEntry], ColourArray | None]) -> list[ShownCover]:
    """`covers` with their scans where `read_scan` gives one."""
    scans = ((cover, read_scan(cover.entry)) for cover in covers)
    return [cover if scan is None else replace(cover, image=scan, is_scan=True) for cover, scan in scans]


def _shown(snapshot: Snapshot, candidate: Candidate, *, accepted: bool) -> ShownCover:
    features = snapshot.features_of(candidate.number)
    return ShownCover(
        entry=snapshot.cover(snapshot.cover_id(candidate.number)),
        score=candidate.score,
        accepted=accepted,
        evidence=candidate.evidence,
        box=(features.width, features.height),
        image=np.asarray(cv2.cvtColor(snapshot.thumbnail_of(candidate.number), cv2.COLOR_GRAY2RGB), np.uint8),
    )
