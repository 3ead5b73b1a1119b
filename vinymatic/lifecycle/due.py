"""When is a retraining due? Pure: an index's summary, policy and time give reasons. docs/adr/0004-retraining.md.

Whoever runs retrainings asks this, the operator too: nothing that it imports may need more than pydantic.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from vinymatic.lifecycle.summary import IndexSummary

# Growth and drift stay as they are when a training fails its gate: they wait for so many images more, or it would be due again at once.
SETTLING_IMAGES = 1_000
# A candidate of this age whose making nobody has finished was left by a process that died.
UNFINISHED_AFTER = timedelta(hours=1)


class Reason(StrEnum):
    """Why a retraining is due. UNFINISHED: one was begun and not brought to its end."""

    UNFINISHED = "unfinished"
    IMAGES = "images"
    TIME = "time"
    GROWTH = "growth"
    DRIFT = "drift"


@dataclass(frozen=True)
class RetrainingPolicy:
    """Each limit counts from the last training, whatever became of it; 0: that limit does not exist.

    `images`: ingested since then. `days`: passed since then, when anything was ingested. `growth`: times as many covers as then.
    `drift`: by which share the quantization error of what was committed under the active epoch exceeds that of its training.
    """

    images: int = 0
    days: float = 0.0
    growth: float = 0.0
    drift: float = 0.0

    @property
    def never(self) -> bool:
        return not (self.images or self.days or self.growth or self.drift)


@dataclass(frozen=True)
class Due:
    """`text`: the figures, for people."""

    reason: Reason
    text: str


def retraining_due(index: IndexSummary, policy: RetrainingPolicy, now: datetime) -> tuple[Due, ...]:
    """The reasons; none: it is not due. `now` knows its time zone."""
    if policy.never:
        return ()
    trained_at = _moment(index.trained_at)
    if index.candidate_epoch is not None:
        if trained_at is not None and now - trained_at < UNFINISHED_AFTER:
            return ()
        return (Due(Reason.UNFINISHED, f"epoch {index.candidate_epoch} is a candidate since {index.trained_at}"),)
    found = (
        _by_images(index, policy),
        _by_time(index, policy, trained_at, now),
        _by_growth(index, policy),
        _by_drift(index, policy),
    )
    return tuple(due for due in found if due is not None)


def drift_of(index: IndexSummary) -> float | None:
    """By which share the error of what was committed under the active epoch exceeds that of its training; None: nothing to compare."""
    trained = index.training_error
    if not trained or index.fresh_features == 0:
        return None
    return index.fresh_error / trained - 1.0


def _by_images(index: IndexSummary, policy: RetrainingPolicy) -> Due | None:
    if not 0 < policy.images <= index.images_since_training:
        return None
    return Due(Reason.IMAGES, f"{index.images_since_training} images since the last training, of {policy.images}")


def _by_time(index: IndexSummary, policy: RetrainingPolicy, trained_at: datetime | None, now: datetime) -> Due | None:
    if not policy.days or index.images_since_training == 0:
        return None
    if trained_at is None:
        return Due(Reason.TIME, "it was never trained")
    days = (now - trained_at) / timedelta(days=1)
    return (
        Due(Reason.TIME, f"{days:.1f} days since the last training, of {policy.days:g}")
        if days >= policy.days
        else None
    )


def _by_growth(index: IndexSummary, policy: RetrainingPolicy) -> Due | None:
    before = index.covers_at_training
    if not policy.growth or index.images_since_training < SETTLING_IMAGES or index.covers < policy.growth * before:
        return None
    return Due(
        Reason.GROWTH, f"{index.covers} covers, {before} at the last training; the limit is {policy.growth:g} times"
    )


def _by_drift(index: IndexSummary, policy: RetrainingPolicy) -> Due | None:
    drift, trained = drift_of(index), index.training_error
    if not policy.drift or drift is None or trained is None or index.images_since_training < SETTLING_IMAGES:
        return None
    if index.fresh_error < (1.0 + policy.drift) * trained:
        return None
    return Due(
        Reason.DRIFT,
        f"the error of new covers is {drift:.0%} over that of the training; the limit is {policy.drift:.0%}",
    )


def _moment(text: str | None) -> datetime | None:
    """What is no time counts as never: a training too many is better than none."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
