"""Carrying a plan out: one write an action; where somebody was faster, the newer state is looked at and nothing is raised."""

from __future__ import annotations

import pytest

from tests.support.operator.objects import Call, Objects
from tests.support.operator.seen import MINUTE, NOW, body, deployment, job, observed
from vinymatic_operator.act.actor import Actor
from vinymatic_operator.errors import (
    KubeConflictError,
    KubeError,
    KubeInvalidError,
    KubeNotFoundError,
    KubeUnavailableError,
)
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, RESTORES, Resource
from vinymatic_operator.observe.reading import annotations_of, part
from vinymatic_operator.observe.seen import JobState
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
    WriteRestoreStatus,
)
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import FINALIZER, RESULT
from vinymatic_operator.resources.restore import RestoreStatus

pytestmark = pytest.mark.unit

ENDED = job(Step.COMPACT, "t1", uid="u", state=JobState.SUCCEEDED)
START = StartJob(Step.TRAIN, "e1", 1, "because", ("train",))
CREATE = CreateBackup("b9", NOW, "scheduled")
ROLL = RollOut(1, 9, "epoch 1 is active")

ACTIONS: list[tuple[Action, Resource, str]] = [
    (START, JOBS, "vinyl-train-e1-1"),
    (RecordResult(ENDED.name), JOBS, ENDED.name),
    (DeleteJob(ENDED.name, ENDED.uid, "because"), JOBS, ENDED.name),
    (ROLL, DEPLOYMENTS, "api"),
    (CREATE, BACKUPS, "b9"),
    (DeleteBackup("b1", "uid-b1", "because"), BACKUPS, "b1"),
    (WriteBackupStatus("b1", "u", BackupStatus(), "because"), BACKUPS, "b1"),
    (WriteRestoreStatus("r1", "u", RestoreStatus(), "because"), RESTORES, "r1"),
    (SetFinalizer(True, "because"), INDEXES, "vinyl"),
]
IDS = [type(action).__name__ for action, _, _ in ACTIONS]


class Cluster:
    def __init__(self) -> None:
        self.objects, self.cache = Objects(lambda: NOW), Cache()
        self.actor = Actor(self.objects, self.cache)
        self.seen = observed(jobs=(ENDED,))

    def put(self, resource: Resource, name: str, uid: str, *, version: str = "0") -> Json:
        made = body(name=name, uid=uid, resourceVersion=version, creationTimestamp="2026-03-01T12:00:00Z")
        self.objects.bodies.setdefault(resource, {})[("records", name)] = made
        self.cache.put(resource, made)
        return made

    def refuse(self, error: KubeError) -> None:
        """Every write."""

        def before(call: Call) -> None:
            if call[0] not in ("get", "list"):
                raise error

        self.objects.before = before

    def cached(self, resource: Resource, name: str) -> Json | None:
        return self.cache.get(resource, "records", name)


@pytest.fixture
def cluster() -> Cluster:
    return Cluster()


@pytest.mark.parametrize(("action", "resource", "name"), ACTIONS, ids=IDS)
def test_what_is_gone_is_forgotten_and_nothing_is_raised(
    cluster: Cluster, action: Action, resource: Resource, name: str
) -> None:
    cluster.put(resource, name, "u")
    cluster.objects.bodies.clear()
    cluster.refuse(KubeNotFoundError("gone"))
    assert cluster.actor.carry_out(cluster.seen, action, NOW) is False
    assert cluster.cached(resource, name) is None


@pytest.mark.parametrize(("action", "resource", "name"), ACTIONS, ids=IDS)
def test_where_somebody_was_faster_the_newer_state_is_fetched(
    cluster: Cluster, action: Action, resource: Resource, name: str
) -> None:
    cluster.put(resource, name, "u", version="50")
    newer = body(name=name, uid="another", resourceVersion="60")
    cluster.objects.bodies[resource][("records", name)] = newer
    cluster.refuse(KubeConflictError("somebody was faster"))
    assert cluster.actor.carry_out(cluster.seen, action, NOW) is False
    assert cluster.cached(resource, name) == newer


@pytest.mark.parametrize(("action", "resource", "name"), ACTIONS, ids=IDS)
def test_another_error_is_raised_and_changes_nothing(
    cluster: Cluster, action: Action, resource: Resource, name: str
) -> None:
    before = cluster.put(resource, name, "u")
    cluster.refuse(KubeUnavailableError("500"))
    with pytest.raises(KubeUnavailableError):
        cluster.actor.carry_out(cluster.seen, action, NOW)
    assert cluster.cached(resource, name) == before


def test_a_job_is_created_once_and_known_at_once(cluster: Cluster) -> None:
    assert cluster.actor.carry_out(cluster.seen, START, NOW) is True
    assert cluster.cached(JOBS, "vinyl-train-e1-1") is not None
    assert cluster.actor.carry_out(cluster.seen, START, NOW) is False
    assert len(cluster.objects.all(JOBS)) == 1


def test_a_result_is_recorded_on_the_job_that_it_is_of(cluster: Cluster) -> None:
    cluster.put(JOBS, ENDED.name, ENDED.uid)
    ended: Json = {"exitCode": 0, "message": '{"outcome": {"merged": 2}}'}
    pod: Json = {
        **body(name="p", labels={"batch.kubernetes.io/job-name": ENDED.name}),
        "status": {"containerStatuses": [{"state": {"terminated": ended}}]},
    }
    cluster.objects.bodies[PODS] = {("records", "p"): pod, ("records", "q"): body(name="q")}
    assert cluster.actor.carry_out(cluster.seen, RecordResult(ENDED.name), NOW) is True
    found = cluster.cached(JOBS, ENDED.name)
    assert found is not None
    assert annotations_of(found)[RESULT] == '{"outcome": {"merged": 2}}'


def test_a_result_is_not_recorded_on_another_job_of_the_same_name(cluster: Cluster) -> None:
    cluster.put(JOBS, ENDED.name, "uid-of-another")
    assert cluster.actor.carry_out(cluster.seen, RecordResult(ENDED.name), NOW) is False
    assert RESULT not in annotations_of(cluster.objects.bodies[JOBS][("records", ENDED.name)])


@pytest.mark.parametrize(
    "action",
    [WriteBackupStatus("x", "u", BackupStatus(), "because"), WriteRestoreStatus("x", "u", RestoreStatus(), "because")],
    ids=["backup", "restore"],
)
def test_a_status_that_the_server_does_not_take_is_an_error_and_that_of_another_object_is_none(
    cluster: Cluster, action: Action
) -> None:
    resource = BACKUPS if isinstance(action, WriteBackupStatus) else RESTORES
    cluster.put(resource, "x", "u")
    cluster.refuse(KubeInvalidError("422"))
    with pytest.raises(KubeInvalidError):
        cluster.actor.carry_out(cluster.seen, action, NOW)
    newer = body(name="x", uid="another", resourceVersion="60")
    cluster.objects.bodies[resource][("records", "x")] = newer
    assert cluster.actor.carry_out(cluster.seen, action, NOW) is False
    assert cluster.cached(resource, "x") == newer


def test_a_roll_out_of_a_deployment_that_changed_meanwhile_is_not_done(cluster: Cluster) -> None:
    cluster.put(DEPLOYMENTS, "api", "uid-api", version="71")
    assert cluster.actor.carry_out(observed(api=deployment(resource_version="70")), ROLL, NOW) is False
    assert "spec" not in cluster.objects.bodies[DEPLOYMENTS][("records", "api")]
    assert cluster.actor.carry_out(observed(api=deployment(resource_version="71")), ROLL, NOW + MINUTE) is True
    assert "spec" in cluster.objects.bodies[DEPLOYMENTS][("records", "api")]


def test_only_the_very_object_is_deleted(cluster: Cluster) -> None:
    cluster.put(BACKUPS, "b1", "uid-of-another")
    assert cluster.actor.carry_out(cluster.seen, DeleteBackup("b1", "uid-b1", "because"), NOW) is False
    assert ("records", "b1") in cluster.objects.bodies[BACKUPS]
    cluster.put(BACKUPS, "b1", "uid-b1")
    assert cluster.actor.carry_out(cluster.seen, DeleteBackup("b1", "uid-b1", "because"), NOW) is True
    assert cluster.cached(BACKUPS, "b1") is None


def test_the_index_is_forgotten_with_its_last_finalizer(cluster: Cluster) -> None:
    made = cluster.put(INDEXES, "vinyl", "uid-vinyl", version="99")
    part(made, "metadata")["finalizers"] = [FINALIZER]
    seen = observed(finalizers=(FINALIZER,), deleting=True)
    assert cluster.actor.carry_out(seen, SetFinalizer(False, "gone"), NOW) is True
    assert cluster.cached(INDEXES, "vinyl") is None


def test_a_status_that_was_written_is_known_at_once(cluster: Cluster) -> None:
    cluster.put(BACKUPS, "b1", "uid-b1")
    cluster.actor.carry_out(cluster.seen, WriteBackupStatus("b1", "uid-b1", BackupStatus(manifest=5), "because"), NOW)
    found = cluster.cached(BACKUPS, "b1")
    assert found is not None
    assert part(found, "status")["manifest"] == 5
