"""The tests of this folder would find it: each of these faults, put into the plan, is found by the oracle, by its name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pytest

from tests.unit.operator.chaos import oracle as must
from tests.unit.operator.chaos.faults import Disturbed
from tests.unit.operator.chaos.flows import MINUTE, TRAINING
from tests.unit.operator.chaos.oracle import Oracle, unfinished
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.plan import epochs
from vinymatic_operator.plan.actions import Plan, RecordResult
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.plan.rollout import RolloutState, rollout_state
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.ticking import tick

pytestmark = pytest.mark.unit

Patch = pytest.MonkeyPatch
NEVER_DONE = "it never gets there"


@dataclass(frozen=True)
class Mutant:
    """`put`: puts the fault into the plan. `drive`: what shows it. `found_as`: the name under which it is found."""

    name: str
    put: Callable[[Patch, Disturbed], None]
    drive: Callable[[Disturbed], None]
    found_as: str


def _no_backoff(patch: Patch, _: Disturbed) -> None:
    patch.setattr(Tries, "again_at", lambda self, last: last.finished or last.created)


def _promotes_without_gate(patch: Patch, _: Disturbed) -> None:
    patch.setattr(epochs, "gate_of", lambda observed, candidate: (True, []))


def _retires_before_soak(patch: Patch, _: Disturbed) -> None:
    def forgets_when(*arguments: object) -> RolloutState:
        return replace(rollout_state(*arguments), whole_since=datetime.min.replace(tzinfo=UTC))  # type: ignore[arg-type]

    patch.setattr(epochs, "rollout_state", forgets_when)


def _no_pin(patch: Patch, _: Disturbed) -> None:
    patch.setattr(epochs, "pin", lambda view, api: None)


def _rolls_back_to_whatever_was_before(patch: Patch, _: Disturbed) -> None:
    patch.setattr(epochs, "_rollback_to", lambda epoch: ("rollback",))


def _key_with_the_manifest(patch: Patch, world: Disturbed) -> None:
    patch.setattr(epochs, "epoch_key", lambda epoch: f"e{epoch}m{world.index.state.manifest}")


def _records_no_result(patch: Patch, _: Disturbed) -> None:
    def silent(observed: Observed, now: datetime, tries: Tries) -> Plan:
        made = plan(observed, now, tries)
        return replace(made, actions=tuple(a for a in made.actions if not isinstance(a, RecordResult)))

    patch.setattr(tick, "plan", silent)


def _ignores_paused(patch: Patch, _: Disturbed) -> None:
    def eager(observed: Observed, now: datetime, tries: Tries) -> Plan:
        return plan(replace(observed, spec=observed.spec.model_copy(update={"paused": False})), now, tries)

    patch.setattr(tick, "plan", eager)


def _trains_for_nothing(patch: Patch, _: Disturbed) -> None:
    patch.setattr(epochs, "due_text", lambda observed, view, now: "it is a nice day")


def _retraining(world: Disturbed) -> None:
    world.index.ingest(600)
    world.pass_time(8 * MINUTE, MINUTE)


def _retraining_that_fails_once(world: Disturbed) -> None:
    world.index.fails["train"] = 1
    _retraining(world)


def _gate_not_passed(world: Disturbed) -> None:
    world.index.passes = False
    _retraining(world)


def _rolled_back_unseen(world: Disturbed) -> None:
    """The Job of the rollback dies once it has committed, and no pod says what came of it."""
    world.index.dies_after.add("rollback")
    world.bad_epochs = {1}
    world.index.ingest(600)
    while "rollback" not in world.index.ran:
        world.pass_time(MINUTE, MINUTE)
    world.bad_epochs = {0, 1}
    world.pass_time(8 * MINUTE, MINUTE)


def _ingested_meanwhile(world: Disturbed) -> None:
    world.meddle = lambda _: world.index.ingest(1)
    world.index.ingest(600)
    for _ in range(30):
        world.meddle(world)
        world.look()
        world.controllers()


def _paused(world: Disturbed) -> None:
    world.change_spec(paused=True)
    _retraining(world)


def _nothing(world: Disturbed) -> None:
    world.pass_time(3 * MINUTE, MINUTE)


MUTANTS = (
    Mutant("no pause after a failure", _no_backoff, _retraining_that_fails_once, must.AGAIN_AT_ONCE),
    Mutant("no gate", _promotes_without_gate, _gate_not_passed, must.UNGATED),
    Mutant("no soak", _retires_before_soak, _retraining, must.TOO_EARLY),
    Mutant("no pin", _no_pin, _retraining, must.NOT_HELD),
    Mutant(
        "a rollback that does not say where to",
        _rolls_back_to_whatever_was_before,
        _rolled_back_unseen,
        must.WENT_FORTH,
    ),
    Mutant("keys with the number of the manifest", _key_with_the_manifest, _ingested_meanwhile, must.DONE_TWICE),
    Mutant("no result is recorded", _records_no_result, _retraining, NEVER_DONE),
    Mutant("paused is ignored", _ignores_paused, _paused, must.PAUSED),
    Mutant("training without a reason", _trains_for_nothing, _nothing, must.NO_REASON),
)


def _found(mutant: Mutant, monkeypatch: Patch, *, put: bool) -> list[str]:
    world = Disturbed(TRAINING)
    oracle = Oracle(world)
    if put:
        mutant.put(monkeypatch, world)
    mutant.drive(world)
    return oracle.found + ([NEVER_DONE] if unfinished(world) else [])


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_in_the_plan_is_found(mutant: Mutant, monkeypatch: Patch) -> None:
    assert mutant.found_as in _found(mutant, monkeypatch, put=True)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_without_the_fault_nothing_is_found(mutant: Mutant, monkeypatch: Patch) -> None:
    assert mutant.found_as not in _found(mutant, monkeypatch, put=False)
