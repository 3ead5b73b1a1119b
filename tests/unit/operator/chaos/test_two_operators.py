"""Two operators on one index, started by mistake: they do no harm, and do not write over one another without end."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from tests.support.operator.objects import Call
from tests.support.operator.world import NAME, NAMESPACE, World
from tests.unit.operator.chaos.ending import ending, twice
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import FLOWS, Flow
from vinymatic_operator.kube.resources import INDEXES, Resource
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

flows = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)


class Two(Disturbed):
    """`stale`: the second's watches bring nothing; it lists everything anew at every fifth look only."""

    def __init__(self, spec: Json, *, stale: bool = False) -> None:
        self.stale = False
        super().__init__(spec)
        self.add_operator()
        self.stale = stale
        self.looks = 0

    def _arrived(self, resource: Resource, kind: str, body: Json) -> None:
        everybody = getattr(self, "operators", [])
        self.operators = everybody[:1] if self.stale else everybody
        super()._arrived(resource, kind, body)
        self.operators = everybody

    def look(self) -> bool:
        self.looks += 1
        if self.stale and self.looks % 5 == 0:
            self.catch_up()
        return super().look()

    def catch_up(self) -> None:
        cache = self.operators[1][1]
        self.resync(cache)
        self.reconnect(cache)


def status_writes(world: World) -> int:
    return world.objects.calls.count(("patch status", INDEXES, NAME))


@flows
def test_one_after_the_other_nothing_is_done_twice_and_nothing_is_told_twice(flow: Flow) -> None:
    alone, world = Disturbed(flow.spec), Two(flow.spec)
    flow.drive(alone)
    flow.drive(world)
    assert ending(world) == ending(alone)
    assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), [])
    assert status_writes(world) <= 1.2 * status_writes(alone) + 1


@flows
@pytest.mark.parametrize("seed", range(3))
def test_at_once_nothing_is_done_twice(flow: Flow, seed: int) -> None:
    """In the middle of a look of one, before some call, the other has a whole look."""
    alone, world, random = Disturbed(flow.spec), Two(flow.spec), Random(seed)
    flow.drive(alone)
    at_work = False

    def before(_: Call) -> None:
        nonlocal at_work
        if not at_work and (seed == 0 or random.random() < 0.5):
            at_work = True
            world.operators[1][0].look((NAMESPACE, NAME))
            at_work = False

    world.objects.before = before
    flow.drive(world)
    assert ending(world) == ending(alone)
    assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), [])


@flows
def test_one_that_knows_only_what_was_does_nothing_twice(flow: Flow) -> None:
    alone, world = Disturbed(flow.spec), Two(flow.spec, stale=True)
    flow.drive(alone)
    flow.drive(world)
    world.stale = False
    world.catch_up()
    world.settle()
    assert ending(world) == ending(alone)
    assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), [])
    assert status_writes(world) <= world.looks * 2
