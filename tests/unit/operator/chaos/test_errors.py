"""The API server answers with errors, before or after it did what it was asked: what comes of a flow is the same, only later."""

from __future__ import annotations

from collections import Counter
from itertools import cycle
from random import Random

import pytest

from tests.support.operator.objects import Call
from tests.unit.operator.chaos.ending import ending, twice
from tests.unit.operator.chaos.faults import Befalling, Disturbed, Fault, answered, at
from tests.unit.operator.chaos.flows import FLOWS, MINUTE, Flow
from vinymatic_operator.errors import (
    KubeConflictError,
    KubeInvalidError,
    KubeThrottledError,
    KubeUnavailableError,
)

pytestmark = pytest.mark.unit

flows = pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: flow.name)

# With whether the request was lost, or the answer of one that was carried out.
ANSWERS = (
    (KubeConflictError, True),
    (KubeUnavailableError, False),
    (KubeUnavailableError, True),
    (KubeThrottledError, True),
    (KubeInvalidError, True),
)


@flows
@pytest.mark.parametrize("first", range(len(ANSWERS)), ids=lambda first: f"{ANSWERS[first][0].__name__} first")
def test_any_call_answered_by_an_error_changes_nothing_in_the_end(flow: Flow, first: int) -> None:
    """Each call by one kind of error in a run, by the next kind in the next test: all kinds at all calls, in five tests."""
    calls, expected = _undisturbed(flow)
    kinds = cycle(ANSWERS[first:] + ANSWERS[:first])
    for k, (kind, lost) in zip(range(1 + first, calls + 1, len(ANSWERS)), kinds, strict=False):
        world = Disturbed(flow.spec)
        befalling = Befalling(world, lost, at(k, answered(kind)))
        flow.drive(world)
        said = f"call {k} answered by {kind.__name__}, {'request' if lost else 'answer'} lost: {befalling.befell}"
        assert len(befalling.befell) == 1, said
        _same(world, flow, expected, said)


@flows
@pytest.mark.parametrize("seed", range(4))
def test_many_errors_change_nothing_in_the_end(flow: Flow, seed: int) -> None:
    """One call in five is answered by an error of any kind, until the flow is over."""
    _, expected = _undisturbed(flow)
    random, world = Random(seed), Disturbed(flow.spec)
    lost = random.random() < 0.5
    kinds = [kind for kind, request in ANSWERS if request is lost]

    def when(_: int, __: Call) -> Fault | None:
        return answered(random.choice(kinds)) if random.random() < 0.2 else None

    befalling = Befalling(world, lost, when)
    flow.drive(world)
    befalling.when = lambda *_: None
    world.pass_time(6 * MINUTE, MINUTE)
    _same(world, flow, expected, f"seed {seed}: {befalling.befell}")


def _undisturbed(flow: Flow) -> tuple[int, dict[str, object]]:
    world = Disturbed(flow.spec)
    befalling = Befalling(world, lost=False, when=lambda *_: None)
    flow.drive(world)
    return befalling.count, ending(world)


def _same(world: Disturbed, flow: Flow, expected: dict[str, object], said: str) -> None:
    assert ending(world) == expected, said
    assert (Counter(world.index.ran), twice(world)) == (Counter(flow.commands), []), said
