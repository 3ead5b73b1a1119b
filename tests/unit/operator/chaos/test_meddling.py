"""Somebody deletes things in between, at each moment of a flow; or the watches are cut off at each moment, and come back later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.support.operator.world import NAME, NAMESPACE
from tests.unit.operator.chaos.ending import ending, twice
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import BASE, FLOWS, MINUTE, Flow
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, JOBS, PODS, RESTORES, Resource
from vinymatic_operator.observe.reading import name_of

pytestmark = pytest.mark.unit

RETRAINING, _, ROLLED_BACK, BACKED_UP, RESTORED, LOST, _ = FLOWS


@dataclass
class Meddling:
    """Lets `meddle` do its work in the round `at`, then in each that follows until it says that it is done."""

    meddle: Callable[[Disturbed], bool]
    at: int = -1
    rounds: int = 0
    done: list[int] = field(default_factory=list)

    def __call__(self, world: Disturbed) -> None:
        self.rounds += 1
        if 0 <= self.at <= self.rounds and not self.done and self.meddle(world):
            self.done.append(self.rounds)


def moments(flow: Flow, meddle: Callable[[Disturbed], bool]) -> list[Disturbed]:
    """The flow's end for each moment of meddling."""
    count = Meddling(meddle)
    _driven(flow, count)
    found = []
    for at in range(1, count.rounds + 1):
        meddling = Meddling(meddle, at)
        world = _driven(flow, meddling)
        if not meddling.done:
            break
        found.append(world)
    assert len(found) > 2
    return found


def _driven(flow: Flow, meddling: Meddling) -> Disturbed:
    world = Disturbed(flow.spec)
    world.meddle = meddling
    flow.drive(world)
    world.pass_time(4 * MINUTE, MINUTE)
    return world


def _newest(resource: Resource) -> Callable[[Disturbed], bool]:
    def delete(world: Disturbed) -> bool:
        found = world.objects.all(resource)
        if found:
            world.objects.remove(resource, NAMESPACE, name_of(found[-1]))
        return bool(found)

    return delete


def _told(world: Disturbed) -> dict[str, object]:
    """A command may have run again, and a backup been made twice."""
    return {name: value for name, value in ending(world).items() if name != "ran well"}


@pytest.mark.parametrize("flow", [RETRAINING, ROLLED_BACK, RESTORED, LOST], ids=lambda flow: flow.name)
@pytest.mark.parametrize("resource", [JOBS, PODS], ids=lambda resource: resource.kind)
def test_a_job_or_pod_that_somebody_deletes_changes_nothing_in_the_end(flow: Flow, resource: Resource) -> None:
    alone = _driven(flow, Meddling(lambda _: False))
    for world in moments(flow, _newest(resource)):
        assert _told(world) == _told(alone)


def test_a_vinylbackup_that_somebody_deletes_stops_no_other() -> None:
    for world in moments(BACKED_UP, _newest(BACKUPS)):
        assert (world.condition("Ready"), world.condition("Stalled")) == (("True", "Serving"), ("False", "NoProblem"))
        assert world.index.ran.count("backup") >= 3
        assert twice(world) == []


def test_a_vinylrestore_that_somebody_deletes_leaves_the_index_at_rest() -> None:
    for world in moments(RESTORED, _newest(RESTORES)):
        assert world.condition("Ready") == ("True", "Serving")
        assert world.condition("Reconciling") == ("False", "Settled")


@pytest.mark.parametrize("flow", [RETRAINING, RESTORED], ids=lambda flow: flow.name)
def test_a_vinylindex_that_is_deleted_at_any_moment_goes_and_nothing_runs_afterwards(flow: Flow) -> None:
    def delete(world: Disturbed) -> bool:
        if (NAMESPACE, NAME) in world.objects.bodies[INDEXES]:
            world.objects.remove(INDEXES, NAMESPACE, NAME)
        return True

    for world in moments(flow, delete):
        assert (NAMESPACE, NAME) not in world.objects.bodies[INDEXES]
        assert [job for job in world.job_names() if "-backup-" not in job and "-restore-" not in job] == []
        assert not world.index.lost
        before = len(world.objects.calls)
        world.pass_time(2 * MINUTE, MINUTE)
        assert len(world.objects.calls) == before


def test_a_deployment_that_is_made_anew_is_served_and_nothing_stays_open() -> None:
    def again(world: Disturbed) -> bool:
        world.replace_api()
        return True

    for world in moments(RETRAINING, again):
        state = world.index.state
        assert (state.active_epoch, state.previous_epoch, state.candidate_epoch) == (1, None, None)
        assert world.template_epoch() in (None, "1")
        assert (world.condition("Ready"), world.condition("Reconciling")) == (("True", "Serving"), ("False", "Settled"))


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)
def test_watches_that_are_cut_off_at_any_moment_change_nothing_in_the_end(flow: Flow) -> None:
    """They come back after a minute, and what went meanwhile is found by the resync."""
    alone = _driven(flow, Meddling(lambda _: False))

    def cut(world: Disturbed) -> bool:
        world.deaf_until = world.now + MINUTE
        return True

    for world in moments(flow, cut):
        assert _told(world) == _told(alone)
        assert (world.index.ran.count("train"), twice(world)) == (alone.index.ran.count("train"), [])


def test_an_index_whose_deletion_was_missed_is_forgotten_at_the_first_word_about_it() -> None:
    world = Disturbed(BASE)
    world.settle()
    world.deaf = True
    world.objects.remove(INDEXES, NAMESPACE, NAME)
    world.index.ingest(10)
    world.look()
    before = len(world.objects.calls)
    world.look()
    assert len(world.objects.calls) == before
