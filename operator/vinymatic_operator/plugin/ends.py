"""When what was asked for has ended, and how: pure, over the objects that are looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic_operator.plugin.reading import Index
from vinymatic_operator.resources.base import Json, body_of
from vinymatic_operator.resources.conditions import Condition
from vinymatic_operator.resources.index_status import RetrainingRun
from vinymatic_operator.resources.names import RETRAIN_AT, ROLLBACK_AT


@dataclass(frozen=True)
class Going:
    """`step`: what it is at, for people."""

    step: str


@dataclass(frozen=True)
class Ended:
    good: bool
    message: str


# The operator answers the value that it finds; one that was overwritten before it looked is never answered.
_OVERTAKEN = Ended(False, "somebody asked again since, in place of this request")


def retraining_end(before: Index, now: Index, asked: str) -> Going | Ended:
    """`before`: the index when it was asked; `asked`: the annotation's value."""
    run, was = now.status.retraining, before.status.retraining
    if run.request != asked and now.annotations.get(RETRAIN_AT) != asked:
        return _OVERTAKEN
    if run.request != asked or run.phase is not None:
        return _going(now, run, run.request == asked)
    new_gate = run.gate if run.gate != was.gate else None
    if new_gate is not None and not new_gate.passed:
        return Ended(False, f"the gate of epoch {new_gate.epoch} failed: {'; '.join(new_gate.failures) or run.outcome}")
    if run.last == was.last:
        return Ended(False, run.outcome or run.reason or "it ended, and the operator does not say how")
    return Ended(True, run.outcome or "it ended well")


def rollback_end(before: Index, now: Index, asked: str) -> Going | Ended:
    """Ends well once the epoch before is active and every pod serves it."""
    run, was = now.status.retraining, before.status.retraining
    if run.rollback_request != asked and now.annotations.get(ROLLBACK_AT) != asked:
        return _OVERTAKEN
    if run.rollback_request != asked or run.phase is not None:
        return _going(now, run, run.rollback_request == asked)
    goal = before.status.index.previous_epoch if before.status.index is not None else None
    if now.status.index is None or now.status.index.active_epoch != goal:
        if run.outcome is not None and (run.outcome, run.job) != (was.outcome, was.job):
            return Ended(False, run.outcome)
        return Going(f"epoch {goal} becomes active")
    if now.status.rollout is not None and now.status.rollout.completed_at is None:
        return Going(f"the API is rolled over: {now.status.serving or '?'} pods")
    return Ended(True, f"epoch {goal} is active again and served by {now.status.serving or 'the'} pods")


def object_end(resource: Json) -> Going | Ended:
    """Of a VinylBackup or VinylRestore, by its conditions."""
    found = {condition.type: condition for condition in conditions_of(resource)}
    for name in ("Complete", "Failed"):
        condition = found.get(name)
        if condition is not None and condition.status == "True":
            return Ended(name == "Complete", condition.message or condition.reason)
    status = body_of(resource, "status")
    return Going("running" if status.get("startedAt") else "waiting to begin")


def object_state(resource: Json) -> str:
    """One word or two for a list: `Complete`, `Failed (NoSpace)`, `running`, `waiting`."""
    end = object_end(resource)
    if isinstance(end, Going):
        return "running" if end.step == "running" else "waiting"
    if end.good:
        return "Complete"
    return next(f"Failed ({c.reason})" for c in conditions_of(resource) if c.type == "Failed")


def conditions_of(resource: Json) -> list[Condition]:
    conditions = body_of(resource, "status").get("conditions")
    return [Condition.model_validate(each) for each in conditions] if isinstance(conditions, list) else []


def _going(now: Index, run: RetrainingRun, taken_up: bool) -> Going:
    if now.spec.paused:
        return Going("the index is paused: it waits until resumed")
    if run.phase is not None:
        return Going(f"at {run.phase}")
    return Going("taken up" if taken_up else "not taken up yet")
