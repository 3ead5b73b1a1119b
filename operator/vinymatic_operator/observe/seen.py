"""What was observed, as plain values: all that `plan` and `status` decide by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.result import CommandResult
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.resources.restore import RestoreRequest, RestoreStatus


class JobState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True)
class JobSeen:
    """`key`: what the step is done to; `attempt`: counts from 1 for one key. `result`: None until it was recorded on the Job.

    `owner`: the VinylBackup or VinylRestore that it works for. `request`: the annotation's value that asked for it. `waiting`: why its pod
    does not start.
    """

    name: str
    uid: str
    step: Step
    key: str
    attempt: int
    state: JobState
    created: datetime
    finished: datetime | None = None
    result: CommandResult | None = None
    owner: str | None = None
    request: str | None = None
    reason: str = ""
    failure: str = ""
    waiting: str | None = None

    @property
    def running(self) -> bool:
        return self.state is JobState.RUNNING

    @property
    def answered(self) -> bool:
        """It did its work and said what came of it; a gate that did not pass answered too."""
        return not self.running and self.result is not None and self.result.outcome is not None

    @property
    def failed(self) -> bool:
        return not self.running and self.result is not None and self.result.outcome is None


@dataclass(frozen=True)
class DeploymentSeen:
    """`epoch`, `min_manifest`, `rolled_for`, `rolled_at`: of its pod template; None where nobody rolled it yet.

    `environment`: its container's plain values; what comes from elsewhere is not known. `progressed`: its newest template was once rolled
    out whole; `stuck`: its own deadline passed before that. `progress_at`: when the roll-out last went on. `refused`: why the API server
    takes no pod of it, such as a quota.
    """

    name: str
    uid: str
    resource_version: str
    generation: int
    observed_generation: int
    wanted: int
    total: int
    updated: int
    available: int
    ready: int
    progressed: bool = False
    stuck: bool = False
    progress_at: datetime | None = None
    refused: str | None = None
    container: str = ""
    image: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    selector: Mapping[str, str] = field(default_factory=dict)
    epoch: int | None = None
    min_manifest: int | None = None
    rolled_for: str | None = None
    rolled_at: datetime | None = None

    @property
    def settled(self) -> bool:
        """Every pod is of the newest template and available."""
        return (
            self.observed_generation >= self.generation
            and self.updated == self.wanted == self.total
            and self.available >= self.wanted
        )


@dataclass(frozen=True)
class ReplicaAnswer:
    """What an API pod says it serves. `answered`, `failed`: searches since it started."""

    index: IndexSummary
    manifest: int
    epoch: int
    staleness_seconds: float
    last_error: str | None
    answered: int
    failed: int


@dataclass(frozen=True)
class ReplicaSeen:
    """`epoch`, `min_manifest`: what its environment holds it to. `problem`: why it did not answer, as (code, message)."""

    pod: str
    ready: bool
    epoch: int | None = None
    min_manifest: int | None = None
    answer: ReplicaAnswer | None = None
    problem: tuple[str, str] | None = None


@dataclass(frozen=True)
class BackupSeen:
    """`scheduled_for`: the time of the schedule that made it; None: made by hand."""

    name: str
    uid: str
    generation: int
    created: datetime
    status: BackupStatus
    scheduled_for: datetime | None = None
    deleting: bool = False

    @property
    def completed(self) -> bool:
        return condition_true(self.status, "Complete")

    @property
    def finished(self) -> bool:
        return self.completed or condition_true(self.status, "Failed")


@dataclass(frozen=True)
class RestoreSeen:
    name: str
    uid: str
    generation: int
    created: datetime
    spec: RestoreRequest
    status: RestoreStatus
    deleting: bool = False

    @property
    def finished(self) -> bool:
        return condition_true(self.status, "Complete") or condition_true(self.status, "Failed")

    @property
    def in_place(self) -> bool:
        return self.spec.target is None


@dataclass(frozen=True)
class Observed:
    """One VinylIndex and everything that belongs to it. `obstacle`: why its API Deployment must not be touched, in words."""

    namespace: str
    name: str
    uid: str
    generation: int
    created: datetime
    spec: IndexSpec
    status: IndexStatus = field(default_factory=IndexStatus)
    annotations: Mapping[str, str] = field(default_factory=dict)
    resource_version: str = ""
    finalizers: tuple[str, ...] = ()
    deleting: bool = False
    jobs: tuple[JobSeen, ...] = ()
    api: DeploymentSeen | None = None
    ingestor: DeploymentSeen | None = None
    replicas: tuple[ReplicaSeen, ...] = ()
    backups: tuple[BackupSeen, ...] = ()
    restores: tuple[RestoreSeen, ...] = ()
    obstacle: str | None = None

    @property
    def place(self) -> str:
        """`namespace/name`, as logs name it."""
        return f"{self.namespace}/{self.name}"

    def running(self, steps: Iterable[Step]) -> JobSeen | None:
        """A Job of these steps that runs, or that ended and whose result is not recorded yet."""
        wanted = frozenset(steps)
        return next((job for job in self.jobs if job.step in wanted and (job.running or job.result is None)), None)

    def attempts(self, step: Step, key: str) -> list[JobSeen]:
        """The Jobs of one step and key, oldest attempt first."""
        return sorted((job for job in self.jobs if (job.step, job.key) == (step, key)), key=lambda job: job.attempt)

    def latest(self, step: Step) -> JobSeen | None:
        """The newest Job of a step that ended and said how."""
        found = [job for job in self.jobs if job.step is step and (job.answered or job.failed)]
        return max(found, key=lambda job: (job.finished or job.created, job.attempt), default=None)


def condition_true(status: BackupStatus | RestoreStatus, kind: str) -> bool:
    return any(condition.type == kind and condition.status == "True" for condition in status.conditions)
