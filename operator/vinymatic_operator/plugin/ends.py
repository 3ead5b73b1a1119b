"""When what was asked for has ended, and how: pure, over the objects that are looked at again and again."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic_operator.observe.reading import part
from vinymatic_operator.observe.steps import EPOCH_LANE
from vinymatic_operator.plugin.reading import Index
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.conditions import Condition, ConditionType
from vinymatic_operator.resources.names import RETRAIN_AT, ROLLBACK_AT

_ROLLING_OUT = "RollingOut"
_STALLED_EPOCHS = {f"{step.value.capitalize()}Failed" for step in EPOCH_LANE} | {"RolloutStuck"}


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
_PAUSED = Going("the index is paused: it waits until resumed")


def retraining_end(before: Index, now: Index, asked: str) -> Going | Ended:
    """`before`: the index when it was asked; `asked`: the annotation's value. Good once another epoch is active and has been watched."""
    run, was = now.status.retraining, before.status.retraining
    if run.request != asked:
        return _not_taken_up(now, RETRAIN_AT, asked)
    stalled = _newly_stalled(before, now)
    if stalled is not None:
        return stalled
    if run.gate is not None and run.gate != was.gate and not run.gate.passed:
        return Ended(False, f"epoch {run.gate.epoch} did not pass its gate: {'; '.join(run.gate.failures)}")
    phase = run.phase or _reconciling(now)
    if phase is not None:
        return Going(f"at {phase}")
    if now.spec.paused:
        return _PAUSED
    if run.refused_epoch is not None and run.refused_epoch != was.refused_epoch:
        return Ended(False, f"epoch {run.refused_epoch} was rolled back")
    active, candidate = _epochs(now)
    if candidate is not None:
        # The pods do not tell for a moment what the index is, or a restore goes first.
        return Going(f"epoch {candidate} is prepared")
    if active == _epochs(before)[0]:
        return Ended(False, f"epoch {active} is still active and there is no candidate: it was discarded")
    return Ended(True, f"epoch {active} is active")


def rollback_end(before: Index, now: Index, asked: str) -> Going | Ended:
    """Good once the epoch before is active and every pod serves it; the watching that follows is not waited for."""
    run = now.status.retraining
    if run.rollback_request != asked:
        return _not_taken_up(now, ROLLBACK_AT, asked)
    stalled = _newly_stalled(before, now)
    if stalled is not None:
        return stalled
    goal = before.status.index.previous_epoch if before.status.index is not None else None
    if _epochs(now)[0] != goal:
        return Going(f"epoch {goal} becomes active")
    rollout = now.status.rollout
    if run.phase == _ROLLING_OUT or (rollout is not None and rollout.completed_at is None):
        return Going(f"the API is rolled over to epoch {goal}")
    return Ended(True, f"epoch {goal} is active again")


def _reconciling(index: Index) -> str | None:
    """What is under way; a restore too, which epochs wait for."""
    found = next((c for c in index.status.conditions if c.type == ConditionType.RECONCILING), None)
    return found.reason if found is not None and found.status == "True" else None


def object_end(resource: Json) -> Going | Ended:
    """Of a VinylBackup or VinylRestore, by its conditions."""
    found = {condition.type: condition for condition in conditions_of(resource)}
    for name in ("Complete", "Failed"):
        condition = found.get(name)
        if condition is not None and condition.status == "True":
            return Ended(name == "Complete", condition.message or condition.reason)
    status = part(resource, "status")
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
    conditions = part(resource, "status").get("conditions")
    return [Condition.model_validate(each) for each in conditions] if isinstance(conditions, list) else []


def _not_taken_up(now: Index, key: str, asked: str) -> Going | Ended:
    if now.annotations.get(key) != asked:
        return _OVERTAKEN
    if now.spec.paused:
        return _PAUSED
    return Going(f"not taken up yet: {now.status.next_action}" if now.status.next_action else "not taken up yet")


def _newly_stalled(before: Index, now: Index) -> Ended | None:
    """The operator tries a step that fails again and again, for ever; Stalled is its call for a person, who is here."""
    old, new = _stalled(before), _stalled(now)
    if new is None or new.status != "True" or new.reason not in _STALLED_EPOCHS:
        return None
    if old is not None and (old.status, old.reason, old.message) == (new.status, new.reason, new.message):
        return None
    return Ended(False, new.message or new.reason)


def _stalled(index: Index) -> Condition | None:
    return next((each for each in index.status.conditions if each.type == ConditionType.STALLED), None)


def _epochs(index: Index) -> tuple[int | None, int | None]:
    """Active and candidate."""
    summary = index.status.index
    return (None, None) if summary is None else (summary.active_epoch, summary.candidate_epoch)
