"""The model against the library: short runs, the same ones each time. `make soak` goes on from here."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.model.driver import Step, breach, draw, replay, shrink, told
from tests.model.machine import IndexMachine
from tests.model.world import World

pytestmark = pytest.mark.unit

RUNS = 12
LENGTH = 150


def test_hypothesis_finds_no_order_of_calls_that_breaks_the_index() -> None:
    run_state_machine_as_test(
        IndexMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=50,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


@pytest.mark.parametrize("seed", range(RUNS))
def test_a_run_by_weighted_chance_breaks_nothing(seed: int) -> None:
    steps = draw(seed, LENGTH)
    found = breach(steps)
    assert found is None, f"seed {seed}: {found}\n{told(shrink(steps, found.invariant, tries=60))}"


def test_a_run_is_the_same_again() -> None:
    steps = draw(7, LENGTH)
    assert _came_to(steps) == _came_to(steps)


def _came_to(steps: list[Step]) -> tuple[object, ...]:
    seen: list[World] = []
    replay(steps, seen.append)
    (world,) = seen
    names = [info.key for info in world.index.list()]
    return world.steps, world.history.newest, world.faults, world.ended, names
