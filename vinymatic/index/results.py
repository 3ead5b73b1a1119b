"""What a search answers."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

Corner = tuple[float, float]


class Verdict(StrEnum):
    MATCH = "match"
    AMBIGUOUS = "ambiguous"
    NOT_IN_CATALOGUE = "not_in_catalogue"


class Effort(StrEnum):
    """How much is done for a photo. `fast`: one cheap step. `standard`: cheap first, more while undecided. `max`: the most, at once."""

    FAST = "fast"
    STANDARD = "standard"
    MAX = "max"


@dataclass(frozen=True)
class SearchOptions:
    """`top_n`: most matches given. `similarity_threshold`: least score accepted. `max_covers`: most covers looked for in one photo."""

    top_n: int = 5
    similarity_threshold: float = 0.5
    max_covers: int = 1
    effort: Effort = Effort.STANDARD


@dataclass(frozen=True)
class Match:
    """One cover considered.

    `score`: calibrated probability in [0, 1] that the photo shows this cover. `inliers`: features that agree on one homography.
    `cosine`: mean cosine of the inliers' descriptors, in [0, 1]. `votes`: weight of the shortlist's vote.
    `outline`: the cover's corners in the photo's upright pixels, clockwise from the cover's own top left; None where no homography held.
    """

    id: str
    score: float
    inliers: int
    cosine: float
    votes: float
    outline: tuple[Corner, Corner, Corner, Corner] | None


@dataclass(frozen=True)
class SearchResult:
    """`covers`: accepted, best first. `candidates`: considered and not accepted, best first. `timings_ms`: milliseconds by step."""

    verdict: Verdict
    reason: str
    covers: tuple[Match, ...]
    candidates: tuple[Match, ...]
    manifest: int
    timings_ms: dict[str, float]

    def scores(self, options: SearchOptions) -> dict[str, float]:
        """The promised `{"ID": score}`: best first, at most `top_n`, none under `similarity_threshold`."""
        ranked = sorted(self.covers + self.candidates, key=lambda match: -match.score)
        kept = [match for match in ranked if match.score >= options.similarity_threshold]
        return {match.id: match.score for match in kept[: options.top_n]}
