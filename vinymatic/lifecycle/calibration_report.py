"""How good scores are on photos that their weights have not seen: reliability, Brier score, and what would be accepted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from vinymatic.index.results import Effort, SearchOptions
from vinymatic.index.score import probability
from vinymatic.index.score_weights import StepWeights
from vinymatic.index.steps import FAST, next_step
from vinymatic.lifecycle.calibration_asking import Asked

BINS = 10

# The weights to judge a photo with: those that were fitted without it.
WeightsFor = Callable[[Asked], StepWeights]
# Score of a candidate, and whether it is right; best first, as a search ranks them.
Scored = Sequence[tuple[float, bool]]


@dataclass(frozen=True)
class Bin:
    """Candidates with scores from `least` on. `score`: their mean. `right`: the share of them that is right, which should be the same."""

    least: float
    count: int
    score: float
    right: float


@dataclass(frozen=True)
class Figures:
    """`brier`: mean squared difference between score and truth, of candidates. `right`, `wrong`: of `present` photos, those answered with
    their cover or with another. `accepted`: of `absent` photos, those answered at all.
    """

    brier: float
    present: int
    right: int
    wrong: int
    absent: int
    accepted: int
    bins: tuple[Bin, ...]


def at_step(asked: Iterable[Asked], step: Effort, weights: WeightsFor, threshold: float) -> Figures:
    """As if this step's answer always stood."""
    return _figures([(one, _scored(one, step, weights(one))) for one in asked], threshold)


def by_cascade(asked: Iterable[Asked], weights: WeightsFor, threshold: float) -> Figures:
    """As a request of `effort=standard` is answered: step by step until there is no doubt."""
    options = SearchOptions(similarity_threshold=threshold)
    return _figures([(one, _last(one, weights(one), options)) for one in asked], threshold)


def _last(one: Asked, weights: StepWeights, options: SearchOptions) -> Scored:
    step = FAST
    while True:
        scored = _scored(one, step.name, weights)
        following = next_step(step, options, max((score for score, _ in scored), default=0.0))
        if following is None:
            return scored
        step = following


def _scored(one: Asked, step: Effort, weights: StepWeights) -> Scored:
    return [(probability(row.signals, weights.of(step)), row.right) for row in one.rows[step]]


def _figures(answers: Sequence[tuple[Asked, Scored]], threshold: float) -> Figures:
    right = wrong = accepted = 0
    for one, scored in answers:
        # The first that passes is taken: `verdict.accept`.
        taken = next((is_right for score, is_right in scored if score >= threshold), None)
        right += one.present and taken is True
        wrong += one.present and taken is False
        accepted += not one.present and taken is not None
    rows = [row for _, scored in answers for row in scored]
    return Figures(
        brier=sum((score - is_right) ** 2 for score, is_right in rows) / max(1, len(rows)),
        present=sum(one.present for one, _ in answers),
        right=right,
        wrong=wrong,
        absent=sum(not one.present for one, _ in answers),
        accepted=accepted,
        bins=reliability(rows),
    )


def reliability(rows: Scored) -> tuple[Bin, ...]:
    """Ten bins of equal width; those that hold nothing are left out."""
    bins: list[list[tuple[float, bool]]] = [[] for _ in range(BINS)]
    for score, right in rows:
        bins[min(BINS - 1, int(score * BINS))].append((score, right))
    return tuple(
        Bin(
            least=place / BINS,
            count=len(held),
            score=sum(score for score, _ in held) / len(held),
            right=sum(right for _, right in held) / len(held),
        )
        for place, held in enumerate(bins)
        if held
    )


def figures_line(figures: Figures) -> str:
    """`Brier 0.0123, accepted and right 175/180, wrong 0, accepted though absent 1/230`."""
    return (
        f"Brier {figures.brier:.4f}, accepted and right {figures.right}/{figures.present}, wrong {figures.wrong},"
        f" accepted though absent {figures.accepted}/{figures.absent}"
    )


def reliability_lines(before: Figures, after: Figures) -> list[str]:
    """A table of both, bin by bin."""
    lines = [f"{'':11}{'in use':>22}   {'refitted':>22}", f"{'score':11}" + 2 * f"{'n':>7}{'mean':>7}{'right':>8}   "]
    for place in range(BINS):
        cells = [_cells(figures, place / BINS) for figures in (before, after)]
        if any(cells):
            lines.append(f"{place / BINS:.1f} to {(place + 1) / BINS:.1f} {cells[0]:22}   {cells[1]:22}")
    return [line.rstrip() for line in lines]


def _cells(figures: Figures, least: float) -> str:
    held = next((one for one in figures.bins if one.least == least), None)
    return "" if held is None else f"{held.count:7}{held.score:7.3f}{held.right:8.3f}"
