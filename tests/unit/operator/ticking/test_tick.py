"""One look at one index: what it does when the API server, the spec or somebody else is in its way."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.objects import Call
from tests.support.operator.world import NAME, NAMESPACE, World
from vinymatic_operator.errors import KubeDeniedError, KubeError, KubeThrottledError, KubeUnavailableError
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, EVENTS, INDEXES, JOBS, PODS, Resource
from vinymatic_operator.observe.reading import part
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

SPEC: Json = {"retraining": {"images": 500}, "backup": {"schedule": "0 3 * * *"}}


def refusing(world: World, resource: Resource, error: KubeError, *verbs: str) -> None:
    def before(call: Call) -> None:
        if call[1] is resource and call[0].split()[0] in verbs:
            raise error

    world.objects.before = before


def reasons(world: World) -> list[object]:
    return [event["reason"] for event in world.objects.all(EVENTS)]


def test_an_index_that_is_not_there_is_no_error() -> None:
    world = World()
    tick, _ = world.operators[0]
    assert tick.look((NAMESPACE, "nobody")) is False


def test_a_quota_on_jobs_keeps_no_status_from_being_written() -> None:
    world = World(SPEC)
    refusing(world, JOBS, KubeDeniedError("exceeded quota"), "create")
    world.settle()
    assert world.status.serving == "3/3"
    assert world.condition("Stalled") == ("True", "Refused"), "a person is told: it does not go on by itself"
    assert "exceeded quota" in next(c.message for c in world.status.conditions if c.type == "Stalled")
    assert world.condition("Reconciling") == ("True", "Training")
    assert world.objects.all(BACKUPS), "what needs no Job is done all the same"
    world.objects.before = lambda call: None
    world.pass_time(timedelta(minutes=10))
    assert world.index.state.active_epoch == 1
    assert world.condition("Stalled") == ("False", "NoProblem")


def test_an_api_server_that_is_away_for_a_moment_is_no_problem_of_the_index() -> None:
    world = World(SPEC)
    refusing(world, JOBS, KubeUnavailableError("500"), "create")
    world.settle()
    assert world.condition("Stalled") == ("False", "NoProblem")


def test_a_name_that_somebody_elses_object_has_is_not_asked_for_in_a_loop() -> None:
    world = World({"backup": {"schedule": "0 3 * * *"}})
    world.create(BACKUPS, f"{NAME}-202603011200", {"index": "another"})
    world.settle()
    world.objects.calls.clear()
    world.look()
    assert [call[0] for call in world.objects.calls if call[1] is BACKUPS] == ["create", "get"]
    assert world.look() is False, "else it would be looked at again at once, for ever"


@pytest.mark.parametrize("resource", [PODS, DEPLOYMENTS])
def test_nothing_is_done_on_half_of_what_there_is(resource: Resource) -> None:
    world = World(SPEC)
    world.start_operator()  # it knows nothing of either yet
    refusing(world, resource, KubeUnavailableError("500"), "list", "get")
    assert world.look() is False
    assert world.objects.all(JOBS) == []
    world.objects.before = lambda call: None
    world.settle()
    assert world.status.serving == "3/3"
    assert "DeploymentMissing" not in reasons(world)


def test_an_event_that_is_lost_stops_nothing() -> None:
    world = World(SPEC)
    refusing(world, EVENTS, KubeThrottledError("429"), "create")
    world.settle()
    world.pass_time(timedelta(minutes=10))
    assert world.objects.all(EVENTS) == []
    assert world.index.state.active_epoch == 1


def test_a_status_that_could_not_be_written_is_written_at_the_next_look() -> None:
    world = World()
    refusing(world, INDEXES, KubeUnavailableError("500"), "patch")
    world.settle()
    assert part(world.objects.bodies[INDEXES][(NAMESPACE, NAME)], "status") == {}
    world.objects.before = lambda call: None
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


@pytest.mark.parametrize(
    "spec", [{}, {"storage": {"bucket": "records"}}, {"storage": {"bucket": "x"}, "api": {"deployment": "api"}}]
)
def test_a_spec_that_cannot_be_read_is_left_alone(spec: Json) -> None:
    world = World()
    body = world.objects.bodies[INDEXES][(NAMESPACE, NAME)]
    world.objects.put(INDEXES, {**body, "spec": spec})
    world.objects.calls.clear()
    assert world.look() is False
    assert world.objects.calls == []


def test_a_status_of_another_version_is_written_anew() -> None:
    world = World()
    body = world.objects.bodies[INDEXES][(NAMESPACE, NAME)]
    world.objects.put(INDEXES, {**body, "status": {"conditions": "many", "served": 3}})
    world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def test_each_step_is_told_once_in_its_order() -> None:
    world = World(SPEC)
    world.settle()
    world.pass_time(timedelta(minutes=10))
    told = [reason for reason in reasons(world) if str(reason).endswith("Started")]
    assert told == [
        "TrainStarted",
        "BackupStarted",
        "GateStarted",
        "RollOutStarted",
        "PromoteStarted",
        "RollOutStarted",
        "RetireStarted",
    ]


def test_a_job_that_failed_is_told_once_with_why() -> None:
    world = World(SPEC)
    world.index.fails["train"] = 1
    world.settle()
    (event,) = [event for event in world.objects.all(EVENTS) if event["reason"] == "TrainFailed"]
    assert event["type"] == "Warning"
    assert "train met a closed store" in str(event["message"])


def test_two_operators_do_everything_once() -> None:
    world = World(SPEC)
    world.operators.append(world._operator())
    world.settle()
    world.pass_time(timedelta(minutes=20))
    assert sorted(world.index.ran) == sorted(["train", "backup", "gate", "promote", "retire"])
