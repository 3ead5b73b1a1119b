"""Photos that were asked → weights for each step, and the same fitted on each half of the covers to be judged on the other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vinymatic.index.results import Effort
from vinymatic.index.score import SIGNALS
from vinymatic.index.score_weights import StepWeights
from vinymatic.lifecycle.calibration_asking import Asked
from vinymatic.lifecycle.calibration_fit import Prior, Row, can_be_fitted, fit
from vinymatic.lifecycle.calibration_report import Figures, WeightsFor, at_step, by_cascade

CASCADE = "cascade"
FOLDS = (0, 1)


@dataclass(frozen=True)
class Judged:
    """A step by its name, or the cascade of them: with the weights in use, and with those that the other half of the covers gave."""

    name: str
    before: Figures
    after: Figures


@dataclass(frozen=True)
class StepPriors:
    """A `Prior` for each step, of one strength."""

    weights: StepWeights
    strength: float
    holds_bias: bool = True

    def of(self, step: Effort) -> Prior:
        return Prior(self.weights.of(step), self.strength, self.holds_bias)


def fitted(asked: Iterable[Asked], priors: StepPriors, name: str = "") -> StepWeights:
    """A step whose candidates are all right or all wrong keeps its prior's weights."""
    asked = list(asked)
    by_step = []
    for step in Effort:
        rows = _rows(asked, step)
        prior = priors.of(step)
        by_step.append((step, fit(rows, prior) if can_be_fitted(rows) else prior.weights))
    return StepWeights(name, "", tuple(by_step))


def cross_fitted(asked: Sequence[Asked], priors: StepPriors) -> WeightsFor:
    """For each photo the weights that the other half of the covers gave."""
    without = {fold: fitted((one for one in asked if one.fold != fold), priors) for fold in FOLDS}
    return lambda one: without[one.fold]


def judge(asked: Sequence[Asked], before: StepWeights, after: WeightsFor, threshold: float) -> list[Judged]:
    """Every step, then the cascade."""

    def in_use(_: Asked) -> StepWeights:
        return before

    judged = [
        Judged(step.value, at_step(asked, step, in_use, threshold), at_step(asked, step, after, threshold))
        for step in Effort
    ]
    return [*judged, Judged(CASCADE, by_cascade(asked, in_use, threshold), by_cascade(asked, after, threshold))]


def doubts(asked: Sequence[Asked], weights: StepWeights) -> list[str]:
    """What a reader should know of `weights`, which were fitted on `asked`."""
    notes = []
    for step in Effort:
        halves = [_rows([one for one in asked if one.fold != fold], step) for fold in FOLDS]
        if not all(can_be_fitted(rows) for rows in halves):
            notes.append(f"{step}: candidates of one half of the covers are all right or all wrong, and taught nothing")
        left_out = [name for name in SIGNALS if getattr(weights.of(step), name) == 0.0]
        if left_out:
            notes.append(f"{step}: the wrong sign for {', '.join(left_out)}; left out")
    return notes


def _rows(asked: Iterable[Asked], step: Effort) -> list[Row]:
    return [row for one in asked for row in one.rows[step]]
