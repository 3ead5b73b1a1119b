"""A VinylIndex that goes: what becomes of its objects, and who holds it until then."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import NOW, Columns, failed, good, job, observed
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import DeleteJob, Lane, SetFinalizer, StartJob
from vinymatic_operator.plan.deletion import plan_deletion, plan_finalizer
from vinymatic_operator.plan.keys import text_key
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.names import FINALIZER

pytestmark = pytest.mark.unit

DELETE: Columns = {"spec": {"deletionPolicy": "Delete"}}
HELD: Columns = {"finalizers": ("other.io/f", FINALIZER)}
ERASE = job(Step.ERASE, text_key("uid-vinyl"))


def lane(seen: Observed) -> Lane:
    return plan_deletion(seen, NOW, Tries())


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [({}, None), (DELETE, True), ({**DELETE, **HELD}, None), (HELD, False), ({"finalizers": ("other.io/f",)}, None)],
)
def test_the_finalizer_is_there_exactly_while_a_deletion_would_delete(changes: Columns, wanted: bool | None) -> None:
    actions = plan_finalizer(observed(**changes)).actions
    assert [action.present for action in actions if isinstance(action, SetFinalizer)] == (
        [] if wanted is None else [wanted]
    )


def test_what_nobody_holds_goes_without_an_action() -> None:
    assert lane(observed(deleting=True, **DELETE)) == Lane()
    assert lane(observed(deleting=True)) == Lane()


def test_retain_leaves_everything() -> None:
    assert lane(observed(deleting=True, **HELD)).actions == (SetFinalizer(False, "deletionPolicy is Retain"),)


def test_jobs_that_run_are_ended_before_the_prefix_is_deleted() -> None:
    running, over = job(Step.TRAIN, "e1"), good(job(Step.COMPACT, "t1"))
    found = lane(observed(deleting=True, jobs=(running, over), **DELETE, **HELD))
    assert found.actions == (DeleteJob(running.name, running.uid, "the index is being deleted"),)
    assert (found.phase, found.next) == ("Erasing", f"waiting for {running.name} to end")


def test_then_everything_under_the_prefix_is_deleted() -> None:
    (start,) = lane(observed(deleting=True, **DELETE, **HELD)).actions
    assert isinstance(start, StartJob)
    assert (start.step, start.key, start.arguments) == (Step.ERASE, ERASE.key, ("erase", "--yes"))


def test_the_job_that_deletes_is_not_ended() -> None:
    found = lane(observed(deleting=True, jobs=(ERASE,), **DELETE, **HELD))
    assert (found.actions, found.next) == ((), f"waiting for {ERASE.name}")


def test_a_deletion_that_failed_holds_the_index_and_is_tried_again() -> None:
    (start,) = lane(observed(deleting=True, jobs=(failed(ERASE),), **DELETE, **HELD)).actions
    assert isinstance(start, StartJob)
    assert start.attempt == 2


def test_the_finalizer_goes_when_everything_is_deleted() -> None:
    done = good(ERASE, deleted_files=10)
    assert lane(observed(deleting=True, jobs=(done,), **DELETE, **HELD)).actions == (
        SetFinalizer(False, "everything under the prefix is deleted"),
    )


def test_nothing_else_is_planned_for_what_goes() -> None:
    wish: Columns = {
        "spec": {"deletionPolicy": "Delete", "retraining": {"images": 1}, "backup": {"schedule": "@daily"}}
    }
    (start,) = plan(observed(deleting=True, **wish, **HELD), NOW).actions
    assert isinstance(start, StartJob)
    assert start.step is Step.ERASE
