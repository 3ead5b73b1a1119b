"""Evidence → score: a logistic model of the probability that the photo shows the cover.

The weights were fitted by `python -m bench.fit_score`; docs/recognition.md says on what.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from vinymatic.index.verify import Evidence

# No more than this much worse than the best: further down the score is zero anyway.
LARGEST_MARGIN = 3.0


@dataclass(frozen=True)
class ScoreWeights:
    """Weights of the logistic model, in the order of `signals`."""

    bias: float
    inliers: float
    weighted_coverage: float
    visible_ratio: float
    margin: float
    hull: float
    coverage: float
    correlation: float

    def as_tuple(self) -> tuple[float, ...]:
        return (
            self.inliers,
            self.weighted_coverage,
            self.visible_ratio,
            self.margin,
            self.hull,
            self.coverage,
            self.correlation,
        )


WEIGHTS = ScoreWeights(
    bias=-9.02,
    inliers=0.87,
    weighted_coverage=1.68,
    visible_ratio=1.18,
    margin=-4.69,
    hull=0.19,
    coverage=2.10,
    correlation=5.87,
)


def signals(evidence: Evidence, margin: float, correlation: float | None) -> tuple[float, ...]:
    """What the model looks at.

    `margin`: weighted coverage of the best rival for the same part of the photo over this cover's, 0 without a rival.
    `correlation`: the appearance check's; None (nothing to compare) says nothing either way.
    """
    return (
        math.log1p(evidence.inliers),
        math.log1p(evidence.weighted_coverage),
        evidence.visible_ratio,
        min(margin, LARGEST_MARGIN),
        evidence.hull,
        evidence.coverage,
        0.0 if correlation is None else correlation,
    )


def probability(values: tuple[float, ...], weights: ScoreWeights = WEIGHTS) -> float:
    """σ(bias + w · signals), in [0, 1]."""
    logit = weights.bias + sum(w * v for w, v in zip(weights.as_tuple(), values, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
