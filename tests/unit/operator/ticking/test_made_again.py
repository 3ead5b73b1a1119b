"""What is deleted and made again under its name is another, whatever a watch has not told yet: nothing of the one before counts for it."""

from __future__ import annotations

import pytest

from tests.support.operator.collecting import collect
from tests.support.operator.objects import copied
from tests.support.operator.seen import MINUTE
from tests.support.operator.world import NAME, NAMESPACE, World
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, JOBS, RESTORES, Resource
from vinymatic_operator.observe.reading import part
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT

pytestmark = pytest.mark.unit


class MadeAgain(World):
    """`unheard`: kinds whose watch is late."""

    unheard: frozenset[Resource] = frozenset()

    def _arrived(self, resource: Resource, kind: str, body: Json) -> None:
        if resource not in self.unheard:
            super()._arrived(resource, kind, body)

    def hear(self) -> None:
        self.unheard = frozenset()
        for _, cache in self.operators:
            self.resync(cache)

    def make_again(self, resource: Resource, name: str) -> None:
        before = copied(self.objects.bodies[resource][(NAMESPACE, name)])
        self.objects.remove(resource, NAMESPACE, name)
        metadata: Json = {
            "name": name,
            "namespace": NAMESPACE,
            "annotations": part(before, "metadata").get("annotations", {}),
        }
        kept: Json = {kind: before[kind] for kind in ("apiVersion", "kind", "spec") if kind in before}
        self.objects.put(resource, {**kept, "metadata": metadata}, new=True)

    def of(self, resource: Resource, name: str) -> Json:
        return part(self.objects.bodies[resource][(NAMESPACE, name)], "status")


def in_training() -> MadeAgain:
    """The Job of a training that was asked for is there, and its pod not yet."""
    world = MadeAgain()
    world.settle()
    world.annotate(RETRAIN_AT, "now")
    world.look()
    world.look()
    assert (world.job_names(), world.status.retraining.request) == ([f"{NAME}-train-e1-1"], "now")
    return world


def test_a_job_of_the_index_before_that_is_still_known_meets_no_request_of_the_new_one() -> None:
    world = in_training()
    world.unheard = frozenset({JOBS})
    world.make_again(INDEXES, NAME)
    assert collect(world.objects, world.now)
    world.look()
    assert world.job_names() == [f"{NAME}-train-e1-1"], "the new one's own"
    world.hear()
    world.pass_time(10 * MINUTE)
    assert world.index.ran == ["train", "gate", "promote", "retire"]


def test_while_the_job_of_the_index_before_has_the_name_the_new_one_waits_and_tries_again() -> None:
    world = in_training()
    world.make_again(INDEXES, NAME)
    for _ in range(3):
        world.objects.calls.clear()
        assert world.look() is False, "it is not met in a loop"
        assert [call[0] for call in world.objects.calls if call[1] is JOBS] == ["create", "get"]
        assert world.status.retraining.request is None
        assert (world.condition("Reconciling"), world.condition("Stalled")) == (
            ("True", "Training"),
            ("False", "NoProblem"),
        )
    assert collect(world.objects, world.now)
    world.pass_time(10 * MINUTE)
    assert world.status.retraining.request == "now"
    assert world.index.ran == ["train", "gate", "promote", "retire"]


def test_a_status_from_a_copy_of_the_index_before_is_not_written_to_the_new_one() -> None:
    world = in_training()
    world.unheard = frozenset({INDEXES, JOBS})
    world.make_again(INDEXES, NAME)
    world.controllers()  # the Job before goes, and the pods look otherwise
    world.now += 2 * MINUTE
    world.index.ingest(10)
    world.look()
    assert world.of(INDEXES, NAME) == {}
    world.look()
    assert world.of(INDEXES, NAME) != {}, "the new one was fetched, though no watch told of it"
    world.hear()
    world.pass_time(10 * MINUTE)
    assert world.index.ran.count("train") == 1
    assert world.index.state.active_epoch == 1


@pytest.mark.parametrize(
    ("resource", "command"), [(BACKUPS, "backup"), (RESTORES, "restore")], ids=["backup", "restore"]
)
def test_the_end_of_the_one_before_is_not_written_to_a_new_one_of_its_name(resource: Resource, command: str) -> None:
    world = MadeAgain({"backup": {"prefix": "backup"}})
    world.create(BACKUPS, "first", {})
    world.pass_time(5 * MINUTE)
    world.create(resource, "again", {} if resource is BACKUPS else {"source": {"backup": "first"}})
    before = world.index.ran.count(command)
    while world.index.ran.count(command) == before:
        world.look()
        world.controllers()
    world.look()  # the result is recorded, and about to be told
    world.unheard = frozenset({resource})
    world.make_again(resource, "again")
    world.look()
    assert world.of(resource, "again") == {}
    world.look()
    assert world.of(resource, "again") != {}, "the new one was fetched, though no watch told of it"
    world.hear()
    world.pass_time(10 * MINUTE)
    assert world.conditions_of(resource, "again")["Complete"][0] == "True"
    assert world.index.ran.count(command) == before + 2


def test_a_result_is_no_problem_of_the_index_where_another_job_has_the_name_by_now() -> None:
    world = in_training()
    world.controllers()
    world.unheard = frozenset({JOBS})
    (job,) = world.objects.all(JOBS)
    for _, cache in world.operators:
        cache.put(JOBS, job)  # that it ended was heard
    owners = part(job, "metadata")["ownerReferences"]
    world.objects.remove(JOBS, NAMESPACE, f"{NAME}-train-e1-1")
    metadata = {**part(job, "metadata"), "annotations": {}, "ownerReferences": owners}
    world.objects.put(JOBS, {**job, "metadata": metadata, "status": {}}, new=True)
    world.look()
    assert world.condition("Stalled") == ("False", "NoProblem")
    ((_, cache),) = world.operators
    assert cache.get(JOBS, NAMESPACE, f"{NAME}-train-e1-1") == world.objects.all(JOBS)[0]
