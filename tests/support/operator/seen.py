"""What the operator may see, made by hand with as few words as a table allows: everything not named is as in a quiet index."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from pydantic import JsonValue

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.result import CommandResult
from vinymatic_operator.observe.seen import (
    BackupSeen,
    DeploymentSeen,
    JobSeen,
    JobState,
    Observed,
    ReplicaAnswer,
    ReplicaSeen,
    RestoreSeen,
)
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import Action, StartJob
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.conditions import Condition, Truth
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.restore import RestoreRequest, RestoreStatus
from vinymatic_operator.status.conditions import stamp

# A row of a table: names and values of fields, as many as the row is about.
Columns: TypeAlias = dict[str, Any]

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def spec(**changes: Any) -> IndexSpec:
    """As a user writes it, in camelCase."""
    least = {"storage": {"bucket": "records"}, "api": {"deployment": "api"}, "ingestor": {"deployment": "ingestor"}}
    return IndexSpec.model_validate({**least, **changes})


def summary(**changes: Any) -> IndexSummary:
    """500 covers in manifest 5, epoch 0, never trained."""
    quiet: Columns = {
        "manifest": 5,
        "index_id": "01",
        "created_at": stamp(NOW - HOUR),
        "covers": 500,
        "segments": 5,
        "bytes": 1_000,
        "dimensions": 128,
        "active_epoch": 0,
        "candidate_epoch": None,
        "candidate_complete": False,
        "previous_epoch": None,
        "next_epoch": 1,
        "images_since_training": 500,
        "trained_at": None,
        "covers_at_training": 0,
        "training_error": None,
        "fresh_features": 0,
        "fresh_error": 0.0,
        "mergeable": 0,
        "dead_covers": 0,
    }
    return IndexSummary.model_validate({**quiet, **changes})


def deployment(**changes: Any) -> DeploymentSeen:
    """The API's: two pods, settled, never rolled by the operator."""
    quiet = DeploymentSeen(
        name="api",
        uid="uid-api",
        resource_version="70",
        generation=1,
        observed_generation=1,
        wanted=2,
        total=2,
        updated=2,
        available=2,
        ready=2,
        progressed=True,
        container="api",
        image="vinymatic-api:1",
        selector={"app": "api"},
    )
    return replace(quiet, **changes)


def replica(
    pod: str = "api-0",
    view: IndexSummary | None = None,
    held: tuple[int | None, int | None] = (None, None),
    **changes: Any,
) -> ReplicaSeen:
    """One that is ready and serves `view`. `held`: the epoch and the least manifest of its environment.

    Changes of its answer and of itself, by name; `answer=None`: it says nothing.
    """
    view = view or summary()
    answer = ReplicaAnswer(view, view.manifest, view.active_epoch, 0.5, None, 100, 0)
    of_answer = {name: changes.pop(name) for name in list(changes) if hasattr(answer, name)}
    seen = ReplicaSeen(pod, True, *held, answer=replace(answer, **of_answer))
    return replace(seen, **changes)


def observed(view: IndexSummary | None = None, **changes: Any) -> Observed:
    """An index whose two pods serve `view`; `spec` as a dict of changes to the least one."""
    wish = changes.pop("spec", {})
    quiet = Observed(
        namespace="records",
        name="vinyl",
        uid="uid-vinyl",
        generation=3,
        created=NOW - HOUR,
        spec=spec(**wish),
        api=deployment(),
        ingestor=deployment(name="ingestor", image="vinymatic:1"),
        replicas=(replica("api-0", view), replica("api-1", view)),
        resource_version="99",
    )
    return replace(quiet, **changes)


def job(step: Step, key: str, attempt: int = 1, *, ended: datetime = NOW - HOUR, **changes: Any) -> JobSeen:
    """One that runs; `good` and `failed` end it."""
    made = JobSeen(
        name=f"vinyl-{step}-{key}-{attempt}",
        uid=f"uid-{step}-{key}-{attempt}",
        step=step,
        key=key,
        attempt=attempt,
        state=JobState.RUNNING,
        created=ended - MINUTE,
        finished=ended,
    )
    return replace(made, **changes)


def good(made: JobSeen, index: IndexSummary | None = None, **outcome: Any) -> JobSeen:
    return replace(made, state=JobState.SUCCEEDED, result=CommandResult(outcome=outcome, index=index))


def failed(made: JobSeen, error: str = "the store is closed") -> JobSeen:
    return replace(made, state=JobState.FAILED, result=CommandResult(error_code="storage", error=error))


def condition(kind: str, status: Truth = "True", reason: str = "Because", at: datetime = NOW - DAY) -> Condition:
    return Condition(type=kind, status=status, reason=reason, last_transition_time=stamp(at))


def backup(name: str = "b1", *, created: datetime = NOW - HOUR, **changes: Any) -> BackupSeen:
    """One that waits; made by hand."""
    made = BackupSeen(name=name, uid=f"uid-{name}", generation=1, created=created, status=BackupStatus())
    return replace(made, **changes)


def completed(made: BackupSeen, manifest: int = 5, at: datetime = NOW - HOUR) -> BackupSeen:
    status = BackupStatus(conditions=[condition("Complete")], completed_at=stamp(at), manifest=manifest)
    return replace(made, status=status)


def given_up(made: BackupSeen) -> BackupSeen:
    conditions = [condition("Complete", "False"), condition("Failed")]
    return replace(made, status=BackupStatus(conditions=conditions))


def restore(name: str = "r1", *, created: datetime = NOW - HOUR, **wish: Any) -> RestoreSeen:
    """One that waits. `source` and `target` as in its spec."""
    request = RestoreRequest.model_validate({"index": "vinyl", **wish})
    return RestoreSeen(
        name=name, uid=f"uid-{name}", generation=1, created=created, spec=request, status=RestoreStatus()
    )


def jobs_of(actions: tuple[Action, ...]) -> list[StartJob]:
    return [action for action in actions if isinstance(action, StartJob)]


def body(**metadata: JsonValue) -> Json:
    """An object's metadata."""
    return {"metadata": {"name": "x", "namespace": "records", "uid": "u", "resourceVersion": "1", **metadata}}
