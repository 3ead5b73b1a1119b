"""What the operator may do, each with its reason. An action is one write to the API server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from vinymatic_operator.observe.steps import Step
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.restore import RestoreStatus


@dataclass(frozen=True)
class StartJob:
    """Its name is made of index, step, key and attempt, so that it cannot be made twice. `parallelism` over 1: an Indexed Job.

    `confirmed`: only while the API's Deployment is as it was observed. What takes something back must not be decided by an old copy.
    """

    step: Step
    key: str
    attempt: int
    reason: str
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    owner: str | None = None
    owner_uid: str | None = None
    request: str | None = None
    parallelism: int = 1
    confirmed: bool = False


@dataclass(frozen=True)
class RecordResult:
    """Writes onto a Job that ended what its pod said, so that it outlives the pod."""

    job: str
    reason: str = "it ended"


@dataclass(frozen=True)
class RollOut:
    """Changes the API's pod template. `epoch` None: its pods follow the active epoch by themselves."""

    epoch: int | None
    min_manifest: int
    reason: str


@dataclass(frozen=True)
class CreateBackup:
    name: str
    scheduled_for: datetime
    reason: str


@dataclass(frozen=True)
class DeleteBackup:
    name: str
    uid: str
    reason: str


@dataclass(frozen=True)
class DeleteJob:
    name: str
    uid: str
    reason: str


@dataclass(frozen=True)
class SetFinalizer:
    present: bool
    reason: str


@dataclass(frozen=True)
class WriteBackupStatus:
    name: str
    uid: str
    status: BackupStatus
    reason: str


@dataclass(frozen=True)
class WriteRestoreStatus:
    name: str
    uid: str
    status: RestoreStatus
    reason: str


Action: TypeAlias = (
    StartJob
    | RecordResult
    | RollOut
    | CreateBackup
    | DeleteBackup
    | DeleteJob
    | SetFinalizer
    | WriteBackupStatus
    | WriteRestoreStatus
)


@dataclass(frozen=True)
class Problem:
    """Something that does not go on by itself, or not soon. `reason`: a stable word of docs/operator.md."""

    reason: str
    message: str


@dataclass(frozen=True)
class Lane:
    """What one part of the plan wants. `phase`: what is under way; `next`: what comes next, and why, in words."""

    actions: tuple[Action, ...] = ()
    phase: str | None = None
    next: str | None = None
    problem: Problem | None = None


@dataclass(frozen=True)
class Plan:
    """`actions` in the order in which they are carried out; `phase`: of what changes what is served; `retraining`: of that alone."""

    actions: tuple[Action, ...] = ()
    phase: str | None = None
    retraining: str | None = None
    next: str | None = None
    problems: tuple[Problem, ...] = ()
