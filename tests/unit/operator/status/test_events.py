"""Which Events are told."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import NOW, condition, failed, good, job, observed
from vinymatic_operator.observe.result import failure_text
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import (
    Action,
    CreateBackup,
    DeleteBackup,
    DeleteJob,
    RecordResult,
    RollOut,
    SetFinalizer,
    StartJob,
    WriteBackupStatus,
)
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.conditions import Truth
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.status.events import Event, ended_event, event_of, turned

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (StartJob(Step.TRAIN, "e1", 1, "because"), "TrainStarted"),
        (RollOut(1, 5, "because"), "RollOutStarted"),
        (CreateBackup("b1", NOW, "because"), "BackupScheduled"),
        (DeleteBackup("b1", "u", "because"), "BackupRemoved"),
        (DeleteJob("j", "u", "because"), "JobEnded"),
        (SetFinalizer(True, "because"), "FinalizerAdded"),
        (SetFinalizer(False, "because"), "FinalizerRemoved"),
        (RecordResult("j"), None),
        (WriteBackupStatus("b1", "uid-b1", BackupStatus(), "because"), None),
    ],
)
def test_what_was_done_is_told_with_its_reason(action: Action, reason: str | None) -> None:
    event = event_of(action)
    assert (None if event is None else event.reason) == reason
    assert event is None or (event.kind == "Normal" and "because" in event.message)


def test_a_job_that_failed_is_told_with_why() -> None:
    seen = observed(jobs=(failed(job(Step.TRAIN, "e1")),))
    text = failure_text("no_result", "exit code 137 (OOMKilled)")
    expected = Event("Warning", "TrainFailed", "Job vinyl-train-e1-1: exit code 137 (OOMKilled)")
    assert ended_event(seen, "vinyl-train-e1-1", text) == expected


@pytest.mark.parametrize("text", ['{"outcome": {}}', '{"outcome": {"passed": false}}'])
def test_a_job_that_did_its_work_is_told_of_by_conditions(text: str) -> None:
    assert ended_event(observed(jobs=(good(job(Step.GATE, "e1")),)), "vinyl-gate-e1-1", text) is None


def test_a_job_that_is_not_of_this_index_is_not_told() -> None:
    assert ended_event(observed(), "other", failure_text("c", "m")) is None


def turn(kind: str, before: tuple[Truth, str] | None, after: tuple[Truth, str]) -> list[tuple[str, str]]:
    old = IndexStatus(conditions=[] if before is None else [condition(kind, *before)])
    return [(e.kind, e.reason) for e in turned(old, IndexStatus(conditions=[condition(kind, *after)]))]


@pytest.mark.parametrize(
    ("kind", "before", "after", "told"),
    [
        ("Fresh", ("True", "Fresh"), ("False", "Stale"), [("Warning", "Stale")]),
        ("Fresh", ("False", "Stale"), ("True", "Fresh"), [("Normal", "Fresh")]),
        ("Fresh", ("True", "Fresh"), ("True", "Fresh"), []),
        ("Fresh", ("True", "Fresh"), ("Unknown", "NothingServed"), []),
        ("Serving", ("False", "NoIndex"), ("False", "NoReplicaReady"), [("Warning", "NoReplicaReady")]),
        ("Serving", None, ("True", "AllServing"), []),
        ("Serving", None, ("False", "NoIndex"), [("Warning", "NoIndex")]),
        ("Stalled", ("False", "NoProblem"), ("True", "TrainFailed"), [("Warning", "TrainFailed")]),
        ("Stalled", ("True", "TrainFailed"), ("False", "NoProblem"), [("Normal", "NoProblem")]),
        ("Stalled", None, ("False", "NoProblem"), []),
        ("Reconciling", ("False", "Settled"), ("True", "Training"), []),
    ],
)
def test_a_condition_that_turns_is_told(
    kind: str, before: tuple[Truth, str] | None, after: tuple[Truth, str], told: list[tuple[str, str]]
) -> None:
    assert turn(kind, before, after) == told


def test_a_condition_of_somebody_else_is_left_to_them() -> None:
    """Conditions are a map by type so that others may add theirs; one that raised would end every look at the index."""
    assert turn("acme.example/Approved", ("True", "Yes"), ("False", "No")) == []
