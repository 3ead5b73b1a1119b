"""The model would notice: each way of breaking the library is found by the invariant that is there for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from tests.model.driver import Step, breach, draw
from tests.model.invariants import Invariant
from tests.model.mutants import MUTANTS, Mutant
from tests.model.schedules import SCHEDULES

pytestmark = pytest.mark.unit

LENGTH = 150
MOST_RUNS = 150


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(mutant: Mutant) -> None:
    with mutant.broken():
        for name, steps in _runs(mutant):
            found = breach(steps)
            if found is not None:
                print(f"found by {name}: {found}")  # noqa: T201 - pytest shows it when the test fails
                assert found.invariant in mutant.found_by
                return
    pytest.fail("nothing was found")


def _runs(mutant: Mutant) -> Iterator[tuple[str, Sequence[Step]]]:
    if mutant.schedule:
        yield "its schedule", mutant.schedule
        return
    for seed in range(mutant.seed, mutant.seed + MOST_RUNS):
        yield f"the run with seed {seed}", draw(seed, LENGTH, mutant.operations)


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_that_finds_a_mutant_finds_nothing_in_the_library_itself(name: str) -> None:
    assert breach(SCHEDULES[name]) is None


def test_every_invariant_has_a_mutant_that_it_finds() -> None:
    assert {invariant for mutant in MUTANTS for invariant in mutant.found_by} == set(Invariant)
