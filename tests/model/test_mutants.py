"""The model would notice: each way of breaking the library is found by the invariant that is there for it."""

from __future__ import annotations

import pytest

from tests.model.driver import breach, draw
from tests.model.invariants import Invariant
from tests.model.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.unit

LENGTH = 150
MOST_RUNS = 150


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_is_found(mutant: Mutant) -> None:
    with mutant.broken():
        for seed in range(mutant.seed, mutant.seed + MOST_RUNS):
            found = breach(draw(seed, LENGTH))
            if found is not None:
                print(f"found by the run with seed {seed}: {found}")  # noqa: T201 - pytest shows it when the test fails
                assert found.invariant in mutant.found_by
                return
    pytest.fail(f"{MOST_RUNS} runs from seed {mutant.seed} on found nothing")


def test_every_invariant_has_a_mutant_that_it_finds() -> None:
    assert {invariant for mutant in MUTANTS for invariant in mutant.found_by} == set(Invariant)
