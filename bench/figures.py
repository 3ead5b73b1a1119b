"""The statistics of the recognition's bench. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scored:
    """A photo's best answer: its score, and whether it is the true cover. A photo without any candidate has score 0 and is not right."""

    score: float
    right: bool


@dataclass(frozen=True)
class CurvePoint:
    """At `threshold`: shares in [0, 1] of the present covers' photos accepted and right or wrong, and of the others accepted."""

    threshold: float
    right: float
    wrong: float
    false_accepts: float


def upper_bound(hits: int, tries: int, confidence: float = CONFIDENCE) -> float:
    """The largest true rate at which `hits` or fewer of `tries` still have a chance of `1 − confidence` (Clopper & Pearson, one-sided).

    No hit in 3,000 shows no more than a rate under 0.1 %.
    """
    if tries == 0 or hits >= tries:
        return 1.0
    low, high = hits / tries, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(hits, tries, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _at_most(hits: int, tries: int, rate: float) -> float:
    """P(X ≤ hits) of a binomial; by logarithms, as the factors leave the floats' range."""
    total = 0.0
    for k in range(hits + 1):
        ways = math.lgamma(tries + 1) - math.lgamma(k + 1) - math.lgamma(tries - k + 1)
        total += math.exp(ways + k * math.log(rate) + (tries - k) * math.log1p(-rate))
    return min(1.0, total)


def curve(present: Sequence[Scored], absent: Sequence[float]) -> list[CurvePoint]:
    """One point for every score that occurs, from the strictest threshold on; a photo is accepted at or over it.

    `absent`: the best score of each photo whose cover is not in the catalogue, 0 where there was no candidate.
    """
    right = sorted(one.score for one in present if one.right)
    wrong = sorted(one.score for one in present if not one.right)
    others = sorted(absent)
    levels = sorted({score for score in (*right, *wrong, *others) if score > 0}, reverse=True)

    def share(scores: Sequence[float], level: float, of: int) -> float:
        return (len(scores) - bisect_left(scores, level)) / max(1, of)

    return [
        CurvePoint(t, share(right, t, len(present)), share(wrong, t, len(present)), share(others, t, len(others)))
        for t in levels
    ]


def at_false_accepts(points: Iterable[CurvePoint], most: float) -> CurvePoint | None:
    """The point with most right answers among those with at most this share of false accepts; None where there is none."""
    allowed = [point for point in points if point.false_accepts <= most]
    return max(allowed, key=lambda point: (point.right, point.threshold), default=None)


def thinned(points: Sequence[CurvePoint], most: int = 200) -> list[CurvePoint]:
    """At most so many of the points, evenly spread, both ends among them."""
    if len(points) <= most:
        return list(points)
    return [points[round(place * (len(points) - 1) / (most - 1))] for place in range(most)]


def histogram(scores: Sequence[float], bins: int = 20) -> list[int]:
    """Counts of scores in [0, 1] in bins of one width; 1 is in the last."""
    ordered = sorted(scores)
    edges = [bisect_left(ordered, place / bins) for place in range(1, bins)]
    return [b - a for a, b in zip([0, *edges], [*edges, bisect_right(ordered, 1.0)], strict=True)]


def share(hits: int, of: int) -> str:
    """`98.5 %`."""
    return f"{100 * hits / of:.1f} %" if of else "–"
