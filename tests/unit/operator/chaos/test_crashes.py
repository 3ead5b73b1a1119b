"""The operator is killed after each single call of whole flows, and after every write of one: what comes of it is always the same.

A call that was answered and one whose answer was lost are the same to an operator that dies: what it knew is gone. So is a death before
the next call. Each k is therefore tried once.
"""

from __future__ import annotations

from collections import Counter

import pytest

from tests.unit.operator.chaos.ending import ending, twice
from tests.unit.operator.chaos.faults import Befalling, Disturbed, at, death
from tests.unit.operator.chaos.flows import FLOWS, Flow

pytestmark = pytest.mark.unit

flows = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)


@flows
def test_undisturbed_each_command_runs_once(flow: Flow) -> None:
    world = Disturbed(flow.spec)
    flow.drive(world)
    assert (tuple(world.index.ran), twice(world)) == (flow.commands, [])


@flows
def test_killed_after_any_call_the_end_is_the_same(flow: Flow) -> None:
    world = Disturbed(flow.spec)
    undisturbed = Befalling(world, lost=False, when=lambda *_: None)
    flow.drive(world)
    expected = ending(world)
    for k in range(1, undisturbed.count + 1):
        world = Disturbed(flow.spec)
        befalling = Befalling(world, lost=False, when=at(k, death))
        flow.drive(world)
        said = f"killed after call {k}, {befalling.befell}"
        assert world.deaths == 1, said
        assert ending(world) == expected, said
        assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), []), said


@flows
def test_an_operator_that_dies_after_every_single_write_gets_there(flow: Flow) -> None:
    world = Disturbed(flow.spec)
    flow.drive(world)
    expected = ending(world)
    world = Disturbed(flow.spec)
    befalling = Befalling(world, lost=False, when=lambda _, call: None if call[0] in ("get", "list") else death)
    flow.drive(world)
    assert world.deaths == len(befalling.befell) > len(flow.commands)
    assert ending(world) == expected
    assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), [])
