"""Rows of evidence → weights of the score: a logistic model by Newton's method, held near weights that are known already. Pure.

A signal whose sign is known never gets the other: few photos, or photos that are all alike, would otherwise teach that more agreement
means less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.score import SIGNALS, ScoreWeights

Vector = NDArray[np.float64]

# 1 where more of the signal cannot make a cover less likely, −1 where it cannot make it more likely.
SIGNS: dict[str, int] = dict.fromkeys(SIGNALS, 1) | {"margin": -1}
_MOST_STEPS = 100
_PRECISION = 1e-9
_DIGITS = 4


@dataclass(frozen=True)
class Row:
    """One candidate of one photo: its signals, and whether the photo shows that cover."""

    signals: tuple[float, ...]
    right: bool


@dataclass(frozen=True)
class Prior:
    """`weights`: what holds without photos. `strength`: how many undecided rows that is worth, whatever a signal's unit.

    `holds_bias`: whether the bias is held too. It is not where nothing is known of it: then the mean score is the share that is right.
    """

    weights: ScoreWeights
    strength: float
    holds_bias: bool = True


def can_be_fitted(rows: Sequence[Row]) -> bool:
    """Whether there are right and wrong ones: without either, every photo would be certain."""
    return len({row.right for row in rows}) == 2


def fit(rows: Sequence[Row], prior: Prior) -> ScoreWeights:
    """The weights, rounded. Raises `ValueError` where `can_be_fitted` says no."""
    if not can_be_fitted(rows):
        raise ValueError("rows that are all right or all wrong fit no weights")
    signals = np.array([row.signals for row in rows], np.float64)
    y = np.array([row.right for row in rows], np.float64)
    # About their mean: else all weights together do the bias's work, and what is known of each holds nothing.
    mean = signals.mean(axis=0)
    # One that is the same in all rows has nothing to say, where rounding would.
    about = np.where(np.ptp(signals, axis=0) > 0, signals - mean, 0.0)
    deviation = about.std(axis=0)
    x = np.column_stack([np.ones(len(y)), about])
    own = np.array(prior.weights.as_tuple())
    known = np.array([prior.weights.bias + own @ mean, *own])
    # An undecided row has a curvature of 1/4 by the bias, and that times its square by a signal.
    penalty = prior.strength / 4 * np.array([prior.holds_bias, *deviation**2])
    signs = np.array([SIGNS[name] for name in SIGNALS])
    free = np.ones(x.shape[1], np.bool_)
    while True:
        weights = np.zeros(x.shape[1])
        weights[free] = _newton(x[:, free], y, known[free], penalty[free])
        wrong = np.minimum(weights[1:] * signs, 0.0) * deviation
        if not wrong.any():
            break
        # One at a time: without the worst, another may be right again.
        free[1 + int(wrong.argmin())] = False
    bias, others = weights[0] - weights[1:] @ mean, weights[1:]
    return ScoreWeights(*(round(float(weight), _DIGITS) + 0.0 for weight in (bias, *others)))


def _newton(x: Vector, y: Vector, known: Vector, penalty: Vector) -> Vector:
    """The weights with the least penalised log loss. `penalty`: for each weight, on the square of its distance from `known`."""
    hold = np.diag(np.maximum(penalty, _PRECISION))
    weights = known.copy()
    loss = _loss(x, y, weights, known, penalty)
    for _ in range(_MOST_STEPS):
        score = _sigmoid(x @ weights)
        gradient = x.T @ (y - score) - penalty * (weights - known)
        curvature = (x * (score * (1 - score))[:, None]).T @ x + hold
        step = np.linalg.solve(curvature, gradient)
        # Halved while it leads uphill: from far away, where all scores are 0 or 1, a whole step goes anywhere.
        while (ahead := _loss(x, y, weights + step, known, penalty)) > loss and np.abs(step).max() > _PRECISION:
            step = step / 2
        if np.abs(step).max() <= _PRECISION:
            break
        weights, loss = weights + step, ahead
    return weights


def _loss(x: Vector, y: Vector, weights: Vector, known: Vector, penalty: Vector) -> float:
    logits = x @ weights
    return float(np.sum(np.logaddexp(0.0, logits) - y * logits) + np.sum(penalty * (weights - known) ** 2) / 2)


def _sigmoid(logits: Vector) -> Vector:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0))))
