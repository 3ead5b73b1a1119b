"""What belongs to one index, put together: what is asked of the API server, and how often."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

import pytest

from tests.support.operator.world import NAME, NAMESPACE, World
from vinymatic_operator.errors import KubeUnavailableError
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, Resource
from vinymatic_operator.observe.gathering import Gathering
from vinymatic_operator.observe.reading import items, name_of, part
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit


class Gathered:
    """A cluster that is settled, and a process that has just listed it."""

    def __init__(self) -> None:
        self.world = World()
        self.world.settle()
        self.cache = Cache()
        self.world.resync(self.cache)
        self.gathering = Gathering(self.world.objects, self.cache, self.world, lambda: self.world.now)
        self.world.objects.calls.clear()

    def gather(self) -> Observed:
        return self.gathering.gather(self.world.objects.bodies[INDEXES][(NAMESPACE, NAME)])

    def asked(self, resource: Resource) -> int:
        return len([call for call in self.world.objects.calls if call[1] is resource])


@pytest.fixture
def gathered() -> Gathered:
    return Gathered()


def test_everything_of_the_index_is_there_and_nothing_of_others(gathered: Gathered) -> None:
    for index, suffix in ((NAME, "mine"), ("other", "theirs")):
        spec: Json = {"index": index}
        gathered.cache.put(BACKUPS, {"metadata": {"name": f"b-{suffix}", "namespace": NAMESPACE}, "spec": spec})
        labels: Json = {"vinymatic.io/index": index, "vinymatic.io/step": "train", "vinymatic.io/attempt": "1"}
        gathered.cache.put(JOBS, {"metadata": {"name": f"j-{suffix}", "namespace": NAMESPACE, "labels": labels}})
        gathered.cache.put(JOBS, {"metadata": {"name": f"j-{suffix}", "namespace": "elsewhere", "labels": labels}})
    seen = gathered.gather()
    assert [backup.name for backup in seen.backups] == ["b-mine"]
    assert [job.name for job in seen.jobs] == ["j-mine"]
    assert seen.api is not None
    assert seen.ingestor is not None
    assert len(seen.replicas) == 3


@pytest.mark.parametrize(
    ("kind", "uid", "counts"),
    [
        ("VinylIndex", None, True),
        ("VinylIndex", "uid-of-the-one-before", False),
        ("VinylBackup", "uid-of-a-backup", True),
        ("VinylRestore", "uid-of-a-restore", True),
    ],
)
def test_a_job_of_another_index_of_this_name_is_none_of_this_one(
    gathered: Gathered, kind: str, uid: str | None, counts: bool
) -> None:
    ours = str(part(gathered.world.objects.bodies[INDEXES][(NAMESPACE, NAME)], "metadata")["uid"])
    owner: Json = {"kind": kind, "name": NAME, "uid": uid or ours, "controller": True}
    labels: Json = {"vinymatic.io/index": NAME, "vinymatic.io/step": "train", "vinymatic.io/attempt": "1"}
    metadata: Json = {"name": "j", "namespace": NAMESPACE, "labels": labels, "ownerReferences": [owner]}
    gathered.cache.put(JOBS, {"metadata": metadata})
    assert [job.name for job in gathered.gather().jobs] == (["j"] if counts else [])


def test_pods_are_listed_once_a_minute_while_nothing_changes(gathered: Gathered) -> None:
    for _ in range(12):
        gathered.gather()
        gathered.world.now += timedelta(seconds=10)
    assert gathered.asked(PODS) == 2


def test_pods_are_listed_anew_when_their_deployment_changed(gathered: Gathered) -> None:
    gathered.gather()
    body = gathered.world.objects.get(DEPLOYMENTS, NAMESPACE, "api")
    gathered.cache.put(DEPLOYMENTS, gathered.world.objects.put(DEPLOYMENTS, {**body, "status": {}}))
    gathered.gather()
    assert gathered.asked(PODS) == 2


def test_pods_are_listed_anew_when_one_did_not_answer(gathered: Gathered) -> None:
    gathered.gather()
    pod = next(pod for pod in gathered.world.objects.all(PODS) if name_of(pod).startswith("api"))
    gathered.world.objects.remove(PODS, NAMESPACE, name_of(pod))
    assert [replica.problem is not None for replica in gathered.gather().replicas].count(True) == 1
    assert len(gathered.gather().replicas) == 2


def test_a_deployment_that_is_not_there_is_asked_for_once_a_minute(gathered: Gathered) -> None:
    for name in ("api", "ingestor"):
        gathered.world.objects.remove(DEPLOYMENTS, NAMESPACE, name)
    gathered.cache.drop(DEPLOYMENTS, NAMESPACE, "api")
    for _ in range(12):
        assert gathered.gather().api is None
        gathered.world.now += timedelta(seconds=10)
    # The API's twice, and the ingestor's, which no watch told of, twice.
    assert gathered.asked(DEPLOYMENTS) == 4


def test_a_deployment_that_could_not_be_asked_for_does_not_count_as_missing(gathered: Gathered) -> None:
    """A restore would be called complete, since nothing serves it."""

    def closed(call: object) -> None:
        raise KubeUnavailableError("500")

    gathered.world.objects.before = closed
    for _ in range(2):
        with pytest.raises(KubeUnavailableError):
            gathered.gather()
    gathered.world.objects.before = lambda call: None
    assert gathered.gather().api is not None


def test_a_job_that_should_have_begun_is_asked_once_a_minute_why_it_has_not(gathered: Gathered) -> None:
    labels: Json = {"vinymatic.io/index": NAME, "vinymatic.io/step": "train", "vinymatic.io/attempt": "1"}
    created = gathered.world.now.isoformat()
    metadata: Json = {"name": "stuck", "namespace": NAMESPACE, "labels": labels, "creationTimestamp": created}
    gathered.cache.put(JOBS, {"metadata": metadata})
    waiting: Json = {"containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}
    pod: Json = {"name": "stuck-1", "namespace": NAMESPACE, "labels": {"batch.kubernetes.io/job-name": "stuck"}}
    gathered.world.objects.put(PODS, {"metadata": pod, "status": waiting})
    told = []
    for _ in range(18):
        (job,) = gathered.gather().jobs
        told.append(job.waiting)
        gathered.world.now += timedelta(seconds=10)
    assert told == [None] * 6 + ["ImagePullBackOff"] * 12
    # The API's pods three times, and those of the Job twice.
    assert gathered.asked(PODS) == 5


def test_what_serves_another_index_is_an_obstacle(gathered: Gathered) -> None:
    deployment = gathered.world.objects.bodies[DEPLOYMENTS][(NAMESPACE, "api")]
    (container,) = items(part(deployment, "spec", "template", "spec"), "containers")
    cast(list[Json], container["env"]).append({"name": "INDEX_URL", "value": "s3://other/index"})
    gathered.world.objects.put(DEPLOYMENTS, deployment)
    gathered.world.resync(gathered.cache)
    gathered.cache.put(DEPLOYMENTS, gathered.world.objects.bodies[DEPLOYMENTS][(NAMESPACE, "api")])
    assert gathered.gather().obstacle == "Deployment api serves s3://other/index, this index is in s3://records/index"


def test_of_two_indexes_on_one_deployment_the_younger_leaves_it_alone(gathered: Gathered) -> None:
    first = gathered.world.objects.bodies[INDEXES][(NAMESPACE, NAME)]
    gathered.world.now += timedelta(minutes=1)
    second = gathered.world.objects.put(
        INDEXES, {"metadata": {"name": "a-second", "namespace": NAMESPACE}, "spec": first["spec"]}
    )
    gathered.world.resync(gathered.cache)
    assert gathered.gather().obstacle is None
    assert gathered.gathering.gather(second).obstacle == f"VinylIndex {NAME} coordinates Deployment api already"
