"""What people ask for by annotation, as `kubectl rollout restart` does: another value is another request. Pure."""

from __future__ import annotations

from datetime import timedelta

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import EPOCH_LANE, Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

_STEPS = {RETRAIN_AT: Step.TRAIN, PROMOTE_AT: Step.PROMOTE, ROLLBACK_AT: Step.ROLLBACK}


def pending(observed: Observed, annotation: str) -> str | None:
    """The request that was not acted on yet: neither the status nor a Job knows its value."""
    asked = observed.annotations.get(annotation)
    return None if asked is None or acted_on(observed, annotation) == asked or _of_another(observed, asked) else asked


def _of_another(observed: Observed, asked: str) -> bool:
    """A request from before this VinylIndex was made: it came with the copy that it was applied from."""
    at = moment(asked)
    # Times are written to the second, and clocks differ.
    return at is not None and at < observed.created - timedelta(minutes=1)


def asked_for(observed: Observed, annotation: str, key: str) -> str | None:
    """The request that is to be carried out: one that is pending, or whose last Job, of `key`, failed."""
    asked = pending(observed, annotation)
    if asked is not None:
        return asked
    before = observed.attempts(_STEPS[annotation], key)
    again = bool(before) and before[-1].failed and before[-1].request == observed.annotations.get(annotation)
    return before[-1].request if again else None


def settled(observed: Observed, view: IndexSummary | None, annotation: str) -> str | None:
    """As it is recorded: the last request that was acted on, or that asks for what is not there: no candidate, no epoch to go back to.

    Such a one, and one that came with a copy, is over at once. Kept, it would be met weeks later, when nobody thinks of it any more: the
    next training would be rolled back, or promoted without its gate.
    """
    came_with = observed.annotations.get(annotation)
    if came_with is not None and _of_another(observed, came_with):
        return came_with
    asked, known = pending(observed, annotation), acted_on(observed, annotation)
    if asked is None or view is None or observed.spec.paused or observed.running(EPOCH_LANE) is not None:
        return known
    if observed.obstacle is not None:
        return known  # the view is of another index, or another VinylIndex acts on it
    if any(restore.in_place and not restore.finished for restore in observed.restores):
        return known
    wanted = {PROMOTE_AT: view.candidate_epoch, ROLLBACK_AT: view.previous_epoch}
    return asked if annotation in wanted and wanted[annotation] is None else known


def acted_on(observed: Observed, annotation: str) -> str | None:
    """The value of the last request that was acted on."""
    step, asked = _STEPS[annotation], observed.annotations.get(annotation)
    if asked is not None and any(job.step is step and job.request == asked for job in observed.jobs):
        return asked
    known = observed.status.retraining
    return {
        RETRAIN_AT: known.request,
        PROMOTE_AT: known.promote_request,
        ROLLBACK_AT: known.rollback_request,
    }[annotation]
