"""Which Events are told: one for each action that matters to people, and one for each condition that turns bad or good again. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from vinymatic_operator.observe.result import parse_result
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import (
    Action,
    CreateBackup,
    DeleteBackup,
    DeleteJob,
    RollOut,
    SetFinalizer,
    StartJob,
)
from vinymatic_operator.resources.conditions import Condition, ConditionType
from vinymatic_operator.resources.index_status import IndexStatus


@dataclass(frozen=True)
class Event:
    kind: Literal["Normal", "Warning"]
    reason: str
    message: str


# For these, True is bad news.
_BAD_WHEN_TRUE = frozenset({ConditionType.STALLED})
_OURS = frozenset(ConditionType)
# Reconciling comes and goes with every step, which the actions tell; Ready says what another condition says too.
_UNTOLD = frozenset({ConditionType.RECONCILING, ConditionType.READY})


def event_of(action: Action) -> Event | None:
    """Of an action that was carried out; None: nobody needs to be told."""
    if isinstance(action, StartJob):
        return Event("Normal", f"{action.step.value.capitalize()}Started", action.reason)
    if isinstance(action, RollOut):
        return Event("Normal", "RollOutStarted", action.reason)
    if isinstance(action, CreateBackup):
        return Event("Normal", "BackupScheduled", f"VinylBackup {action.name}: {action.reason}")
    if isinstance(action, DeleteBackup):
        return Event("Normal", "BackupRemoved", f"VinylBackup {action.name}: {action.reason}")
    if isinstance(action, DeleteJob):
        return Event("Normal", "JobEnded", f"Job {action.name}: {action.reason}")
    if isinstance(action, SetFinalizer):
        return Event("Normal", "FinalizerAdded" if action.present else "FinalizerRemoved", action.reason)
    return None


# What came of a step that changes what is served, or what is kept.
DONE = {
    Step.PROMOTE: "Promoted",
    Step.ROLLBACK: "EpochRolledBack",
    Step.RETIRE: "Retired",
    Step.DISCARD: "Discarded",
    Step.RESTORE: "Restored",
}


def ended_event(observed: Observed, name: str, result: str) -> Event | None:
    """Of a Job whose result was recorded: why it failed, or what came of it."""
    job = next((found for found in observed.jobs if found.name == name), None)
    parsed = parse_result(result)
    if job is None:
        return None
    if parsed.outcome is not None:
        manifest = f", manifest {parsed.index.manifest}" if parsed.index is not None else ""
        return Event("Normal", DONE[job.step], f"Job {name}: {job.reason}{manifest}") if job.step in DONE else None
    return Event("Warning", f"{job.step.value.capitalize()}Failed", f"Job {name}: {parsed.error}")


def turned(before: IndexStatus, after: IndexStatus) -> Iterator[Event]:
    """Conditions whose status changed, or that are bad for another reason now."""
    known = {condition.type: condition for condition in before.conditions}
    run = after.rollout
    if run is not None and run.completed_at is not None and run != before.rollout:
        yield Event("Normal", "RolledOut", f"every pod serves what it is held to: {run.reason}")
    for condition in after.conditions:
        if condition.type not in _OURS:
            continue  # another writer's
        kind = ConditionType(condition.type)
        old = known.get(kind)
        if kind in _UNTOLD or (old is not None and _same(old, condition)):
            continue
        good = condition.status == ("False" if kind in _BAD_WHEN_TRUE else "True")
        bad = condition.status == ("True" if kind in _BAD_WHEN_TRUE else "False")
        if bad or (good and old is not None):
            yield Event("Warning" if bad else "Normal", condition.reason, f"{kind}: {condition.message}")


def _same(old: Condition, new: Condition) -> bool:
    return (old.status, old.reason) == (new.status, new.reason)
