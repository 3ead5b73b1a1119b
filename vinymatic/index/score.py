"""Evidence → score: a logistic model of the probability that the photo shows the cover. Its weights are a file: `score_weights`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import ClassVar

from pydantic import ConfigDict

from vinymatic.index.verify import Evidence

# No more than this much worse than the best: further down the score is zero anyway.
LARGEST_MARGIN = 3.0


@dataclass(frozen=True)
class ScoreWeights:
    """Weights of the logistic model, in the order of `signals`."""

    # For the file: a name too much, a NaN or a text would otherwise pass and be noticed by wrong answers.
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)

    bias: float
    inliers: float
    weighted_coverage: float
    visible_ratio: float
    margin: float
    hull: float
    coverage: float
    correlation: float

    def as_tuple(self) -> tuple[float, ...]:
        """Without the bias."""
        return (
            self.inliers,
            self.weighted_coverage,
            self.visible_ratio,
            self.margin,
            self.hull,
            self.coverage,
            self.correlation,
        )


SIGNALS = tuple(field.name for field in fields(ScoreWeights) if field.name != "bias")


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


def probability(values: tuple[float, ...], weights: ScoreWeights) -> float:
    """σ(bias + w · signals), in [0, 1]."""
    logit = weights.bias + sum(w * v for w, v in zip(weights.as_tuple(), values, strict=True))
    return 1.0 / (1.0 + math.exp(-max(-60.0, min(60.0, logit))))
