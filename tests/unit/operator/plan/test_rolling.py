"""After a promotion: the pods are rolled over, watched, and the epoch before is retired."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.support.operator.seen import (
    DAY,
    MINUTE,
    NOW,
    Columns,
    deployment,
    failed,
    good,
    job,
    observed,
    replica,
    summary,
)
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, RollOut, StartJob
from vinymatic_operator.plan.epochs import plan_epochs
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import IndexStatus, RolloutRun
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

PROMOTED = summary(manifest=9, active_epoch=1, previous_epoch=0, next_epoch=2, images_since_training=0)
SECOND = timedelta(seconds=1)


def lane(seen: Observed) -> Lane:
    return plan_epochs(seen, newest_view(seen), NOW, Tries())


def rolled(*, ago: timedelta = MINUTE, whole: bool = True, **changes: Any) -> Observed:
    """Rolled over to epoch 1 a day ago; `whole`: every pod is new, ready and serves it, and so long ago that came true."""
    state: Columns = {} if whole else {"updated": 1, "progressed": False, "progress_at": NOW}
    api = deployment(epoch=1, min_manifest=9, rolled_at=NOW - DAY, rolled_for="epoch 1 is active", **state)
    pods = (replica("api-2", PROMOTED, (1, 9)), replica("api-3", PROMOTED, (1, 9)))
    run = RolloutRun(reason="", started_at=stamp(NOW - DAY), completed_at=stamp(NOW - ago) if whole else None, epoch=1)
    return observed(PROMOTED, **{"api": api, "replicas": pods, "status": IndexStatus(rollout=run), **changes})


def test_pods_that_are_held_to_another_epoch_than_the_active_are_rolled_over() -> None:
    api = deployment(epoch=0, min_manifest=5, rolled_at=NOW - DAY)
    reason = "epoch 1 is active, pods are held to 0"
    assert lane(observed(PROMOTED, api=api)) == Lane((RollOut(1, 9, reason),), "RollingOut", reason)


def test_pods_that_follow_the_active_epoch_by_themselves_are_held_to_it_before_the_one_before_is_retired() -> None:
    (action,) = lane(observed(PROMOTED)).actions
    assert isinstance(action, RollOut)
    assert action.epoch == PROMOTED.active_epoch


def test_pods_that_follow_the_active_epoch_by_themselves_are_left_alone_where_nothing_is_to_be_retired() -> None:
    found = lane(observed(PROMOTED, spec={"retraining": {"keepPrevious": True}}))
    assert (found.actions, found.phase) == ((), None)


def test_a_roll_out_is_waited_for() -> None:
    found = lane(rolled(whole=False))
    assert (found.actions, found.phase) == ((), "RollingOut")
    assert found.next == "waiting for the API's pods to serve epoch 1"


@pytest.mark.parametrize("odd", [{"epoch": 0}, {"manifest": 8}, {"answer": None}])
def test_a_pod_that_is_ready_and_does_not_serve_the_new_state_is_waited_for(odd: Columns) -> None:
    pods = (replica("api-2", PROMOTED, (1, 9)), replica("api-3", PROMOTED, (1, 9), **odd))
    found = lane(rolled(replicas=pods, ago=DAY))
    assert (found.actions, found.phase, found.problem) == ((), "RollingOut", None)


def test_nothing_is_retired_while_the_new_epoch_is_watched() -> None:
    found = lane(rolled(ago=300 * SECOND - SECOND))
    assert (found.actions, found.phase) == ((), "Soaking")
    assert found.next == "epoch 1 is watched until 12:00:01 UTC, then 0 is retired"


def test_it_is_watched_from_when_it_is_whole_and_not_from_when_it_began() -> None:
    found = lane(rolled(status=IndexStatus()))
    assert (found.actions, found.phase) == ((), "Soaking")


def test_the_epoch_before_is_retired_after_that() -> None:
    (start,) = lane(rolled(ago=300 * SECOND)).actions
    assert isinstance(start, StartJob)
    assert (start.step, start.key, start.arguments) == (Step.RETIRE, "e0", ("retire",))
    assert start.reason == "epoch 1 has proven itself"


def test_without_a_time_to_watch_it_is_retired_at_once() -> None:
    (start,) = lane(rolled(ago=SECOND, spec={"rollout": {"soakSeconds": 0}})).actions
    assert isinstance(start, StartJob)
    assert start.step is Step.RETIRE


def test_the_epoch_before_stays_where_it_is_to_be_kept() -> None:
    found = lane(rolled(ago=DAY, spec={"retraining": {"keepPrevious": True}}))
    assert (found.actions, found.phase) == ((), None)


def test_a_retraining_begins_although_the_epoch_before_is_kept() -> None:
    busy = summary(manifest=9, active_epoch=1, previous_epoch=0, next_epoch=2, images_since_training=20_000)
    pods = (replica("api-2", busy, (1, 9)), replica("api-3", busy, (1, 9)))
    (start,) = lane(rolled(ago=DAY, replicas=pods, spec={"retraining": {"keepPrevious": True}})).actions
    assert isinstance(start, StartJob)
    assert start.step is Step.TRAIN


def test_no_training_begins_while_a_roll_out_goes_on() -> None:
    busy = summary(manifest=9, active_epoch=1, previous_epoch=0, next_epoch=2, images_since_training=20_000)
    pods = (replica("api-2", busy, (1, 9)), replica("api-3", busy, (1, 9)))
    assert lane(rolled(whole=False, replicas=pods)).actions == ()


def test_a_retirement_that_failed_is_tried_again() -> None:
    (start,) = lane(rolled(ago=DAY, jobs=(failed(job(Step.RETIRE, "e0")),))).actions
    assert isinstance(start, StartJob)
    assert (start.step, start.attempt) == (Step.RETIRE, 2)


def test_an_api_without_pods_is_rolled_over_by_its_template_alone() -> None:
    nothing = {"wanted": 0, "total": 0, "updated": 0, "available": 0, "ready": 0}
    told = job(Step.PROMOTE, "e1", ended=NOW - DAY)
    api = deployment(epoch=1, min_manifest=9, rolled_at=NOW - DAY, **nothing)
    done = IndexStatus(rollout=RolloutRun(reason="", started_at=stamp(NOW - DAY), completed_at=stamp(NOW - DAY)))
    (start,) = lane(observed(api=api, replicas=(), jobs=(good(told, PROMOTED),), status=done)).actions
    assert isinstance(start, StartJob)
    assert start.step is Step.RETIRE
