"""The whole status: nothing in it changes while nothing happens, and it remembers what cannot be seen any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.world import INTERVAL, NAME, NAMESPACE, World
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, JOBS, PODS
from vinymatic_operator.observe.reading import name_of, part
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

SPEC: Json = {
    "retraining": {"images": 600},
    "backup": {"schedule": "0 3 * * *", "drill": {"schedule": "0 6 * * 0"}},
}


def settled(spec: Json | None = None) -> World:
    world = World(spec or SPEC)
    world.settle()
    world.pass_time(timedelta(minutes=1))
    return world


def lose_jobs(world: World) -> None:
    """Their TTL passed."""
    for job in world.objects.all(JOBS):
        world.objects.remove(JOBS, NAMESPACE, name_of(job))


@pytest.mark.parametrize("spec", [SPEC, {"paused": True}, {}])
def test_an_idle_index_costs_nothing_but_a_list_of_its_pods_a_minute(spec: Json) -> None:
    world = settled(spec)
    world.objects.calls.clear()
    for _ in range(360):
        world.now += INTERVAL
        world.look()
    assert {call[:2] for call in world.objects.calls} == {("list", PODS)}
    assert len(world.objects.calls) <= 60


def test_a_new_process_writes_nothing_that_the_old_one_wrote() -> None:
    world = settled()
    version = part(world.objects.bodies[INDEXES][(NAMESPACE, NAME)], "metadata")["resourceVersion"]
    world.start_operator()
    world.settle()
    assert part(world.objects.bodies[INDEXES][(NAMESPACE, NAME)], "metadata")["resourceVersion"] == version


def test_what_was_done_is_remembered_when_its_jobs_are_gone() -> None:
    world = settled()
    world.index.ingest(200)
    world.pass_time(timedelta(minutes=30))
    before = world.status
    assert before.retraining.gate is not None
    assert before.backup.last is not None
    assert before.drill.last is not None
    assert before.compaction.last is not None
    assert before.rollout is not None
    assert before.rollout.completed_at is not None
    ran = list(world.index.ran)
    lose_jobs(world)
    world.start_operator()
    world.settle()
    assert world.status == before
    assert world.index.ran == ran


def test_what_was_acted_on_is_not_done_again_when_jobs_and_backups_are_gone() -> None:
    world = settled()
    lose_jobs(world)
    for backup in world.objects.all(BACKUPS):
        world.objects.remove(BACKUPS, NAMESPACE, name_of(backup))
    ran = list(world.index.ran)
    world.pass_time(timedelta(minutes=5))
    assert world.index.ran == ran


def test_an_epoch_that_was_rolled_back_is_told_until_a_later_one_is_active() -> None:
    world = World({"retraining": {"images": 600}})
    world.bad_epochs.add(1)
    world.settle()
    world.index.ingest(200)
    world.pass_time(timedelta(minutes=40))
    assert world.condition("Trained") == ("False", "RolledBack")
    lose_jobs(world)
    world.pass_time(timedelta(minutes=1))
    assert world.condition("Trained") == ("False", "RolledBack")
    world.index.ingest(600)
    world.pass_time(timedelta(minutes=40))
    assert world.index.state.active_epoch == 2
    assert world.condition("Trained") == ("True", "Current")


def test_pods_that_are_gone_change_what_is_served_and_not_what_the_index_is() -> None:
    world = settled()
    before = world.status
    for pod in world.objects.all(PODS):
        world.objects.remove(PODS, NAMESPACE, name_of(pod))
    world.now += timedelta(minutes=2)
    world.look()
    assert world.status.index == before.index
    assert world.status.serving == "0/3"
    assert world.condition("Serving") == ("False", "NoReplicaReady")


def test_the_status_speaks_of_the_generation_that_it_was_made_for() -> None:
    world = settled()
    world.change_spec(paused=True)
    world.settle()
    body = world.objects.bodies[INDEXES][(NAMESPACE, NAME)]
    assert world.status.observed_generation == part(body, "metadata")["generation"]
    assert world.condition("Reconciling") == ("False", "Paused")
    assert world.status.next_action == "paused: nothing is started"


@pytest.mark.parametrize("spec", [{"paused": True}, {"backup": {"schedule": "61 3 * * *", "suspend": True}}])
def test_a_schedule_that_means_nothing_keeps_no_status_from_being_written(spec: Json) -> None:
    """Also where nothing is planned of backups, and so nobody has said yet that it means nothing."""
    world = settled()
    world.change_spec(**{"backup": {"schedule": "61 3 * * *"}, **spec})
    world.settle()
    assert (
        world.status.observed_generation
        == part(world.objects.bodies[INDEXES][(NAMESPACE, NAME)], "metadata")["generation"]
    )
