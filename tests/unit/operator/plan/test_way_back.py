"""When a roll-out is given up: the epoch before becomes active again, once, and only when the roll-out is to blame."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.operator.seen import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Columns,
    deployment,
    good,
    job,
    observed,
    replica,
    summary,
)
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, StartJob
from vinymatic_operator.plan.epochs import plan_epochs
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import IndexStatus, RetrainingRun, RolloutRun
from vinymatic_operator.resources.names import ROLLBACK_AT
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

PROMOTED = summary(manifest=9, active_epoch=1, previous_epoch=0, next_epoch=2, images_since_training=0)
BACK = summary(manifest=10, active_epoch=0, previous_epoch=1, next_epoch=2, images_since_training=0)
SECOND = timedelta(seconds=1)
STUCK: Columns = {"updated": 1, "available": 2, "total": 3, "progressed": False}


def lane(seen: Observed) -> Lane:
    return plan_epochs(seen, newest_view(seen), NOW, Tries())


def rollback_of(seen: Observed) -> StartJob | None:
    (start,) = lane(seen).actions or (None,)
    assert start is None or (isinstance(start, StartJob) and start.step is Step.ROLLBACK), start
    return start


def rolled(*, ago: timedelta, spec: Columns | None = None, pods: object = None, **state: Any) -> Observed:
    """Rolled over to epoch 1 so long ago."""
    api = deployment(epoch=1, min_manifest=9, rolled_at=NOW - ago, rolled_for="epoch 1 is active", **state)
    pods = pods or (replica("api-2", PROMOTED, (1, 9)), replica("api-3", PROMOTED, (1, 9)))
    return observed(PROMOTED, api=api, replicas=pods, spec=spec or {})


def completed(seen: Observed, at: timedelta) -> Observed:
    """The status knows since when that roll-out is whole."""
    assert seen.api is not None
    assert seen.api.rolled_at is not None
    run = RolloutRun(reason="", started_at=stamp(seen.api.rolled_at), completed_at=stamp(NOW - at), epoch=1)
    return replace(seen, status=IndexStatus(rollout=run))


@pytest.mark.parametrize(("seconds", "given_up"), [(600, False), (601, True)])
@pytest.mark.parametrize("soak", [0, 300])
def test_a_roll_out_that_is_stuck_past_its_deadline_is_taken_back(seconds: int, given_up: bool, soak: int) -> None:
    seen = rolled(ago=seconds * SECOND, spec={"rollout": {"soakSeconds": soak}}, **STUCK)
    start = rollback_of(seen)
    assert (start is not None) is given_up
    if start is not None:
        assert start.arguments == ("rollback", "--epoch", "0")
        assert start.reason == "the roll-out of epoch 1 failed: its pods did not come up in 600 s"


def test_the_deadline_counts_from_the_last_pod_that_came_up() -> None:
    assert rollback_of(rolled(ago=HOUR, progress_at=NOW - 9 * MINUTE, **STUCK)) is None
    start = rollback_of(rolled(ago=HOUR, progress_at=NOW - 11 * MINUTE, **STUCK))
    assert start is not None, "the last of many pods is stuck, long after the roll-out began"


def test_the_deployments_own_deadline_counts_too() -> None:
    assert rollback_of(rolled(ago=MINUTE, stuck=True, **STUCK)) is not None


def test_the_roll_out_has_one_rollback_whenever_it_is_looked_at() -> None:
    one = rollback_of(rolled(ago=601 * SECOND, **STUCK))
    assert one is not None
    seen = observed(PROMOTED, api=rolled(ago=601 * SECOND, **STUCK).api, jobs=(job(Step.ROLLBACK, one.key),))
    assert lane(seen).actions == ()
    assert lane(seen).phase == "RollingBack"


@pytest.mark.parametrize(
    ("answered", "failed", "given_up"), [(100, 6, True), (100, 5, False), (19, 19, False), (20, 2, True)]
)
def test_searches_that_fail_more_often_than_allowed_take_it_back(answered: int, failed: int, given_up: bool) -> None:
    pods = (replica("api-2", PROMOTED, (1, 9)), replica("api-3", PROMOTED, (1, 9), answered=answered, failed=failed))
    start = rollback_of(rolled(ago=MINUTE, pods=pods))
    assert (start is not None) is given_up
    if start is not None:
        assert start.reason == f"the roll-out of epoch 1 failed: api-3 failed {failed} of {answered} searches"


def test_pods_of_the_old_template_do_not_speak_against_the_new_one() -> None:
    pods = (replica("api-0", PROMOTED, (0, 5), failed=90), replica("api-3", PROMOTED, (1, 9)))
    assert rollback_of(rolled(ago=MINUTE, pods=pods, **STUCK)) is None


def test_a_new_pod_that_alone_is_stale_takes_it_back() -> None:
    pods = (replica("api-2", PROMOTED, (1, 9)), replica("api-3", PROMOTED, (1, 9), staleness_seconds=61.0))
    start = rollback_of(rolled(ago=MINUTE, pods=pods))
    assert start is not None
    assert start.reason.endswith("api-3 has not read the manifest log for 61 s")


def test_a_store_that_nobody_can_read_is_not_the_epochs_fault() -> None:
    pods = tuple(replica(name, PROMOTED, (1, 9), staleness_seconds=61.0) for name in ("api-2", "api-3"))
    assert rollback_of(rolled(ago=MINUTE, pods=pods)) is None


@pytest.mark.parametrize("state", [STUCK, {**STUCK, "progressed": True}])
def test_a_node_that_is_drained_long_after_brings_nothing_back(state: Columns) -> None:
    found = lane(completed(rolled(ago=9 * DAY, spec={"retraining": {"keepPrevious": True}}, **state), 8 * DAY))
    assert found.actions == ()


def test_failing_searches_long_after_bring_nothing_back() -> None:
    pods = (replica("api-2", PROMOTED, (1, 9), failed=90), replica("api-3", PROMOTED, (1, 9)))
    found = lane(completed(rolled(ago=DAY, spec={"retraining": {"keepPrevious": True}}, pods=pods), DAY - HOUR))
    assert found.actions == ()


def test_a_bad_image_of_somebody_else_long_after_brings_nothing_back_and_is_said() -> None:
    """It changes the same pod template: the operator's roll-out of long ago is not to blame for it."""
    keeping: Columns = {"retraining": {"keepPrevious": True}}
    found = lane(completed(rolled(ago=DAY, spec=keeping, progress_at=NOW - HOUR, **STUCK), DAY - HOUR))
    assert found.actions == ()
    assert found.problem is not None
    assert found.problem.reason == "RolloutStuck"


def test_a_stuck_roll_out_of_pods_that_were_never_rolled_by_the_operator_is_said_and_what_lets_no_pod_in() -> None:
    seen = observed(api=deployment(progress_at=NOW - HOUR, refused="exceeded quota: small", **STUCK))
    found = lane(seen)
    assert found.actions == ()
    assert found.problem is not None
    assert found.problem.reason == "RolloutStuck"
    assert found.problem.message.endswith(": exceeded quota: small")


def test_a_way_back_that_is_stuck_too_is_a_problem_and_not_rolled_back() -> None:
    api = deployment(epoch=0, min_manifest=10, rolled_at=NOW - 11 * MINUTE, **STUCK)
    promoted, rolled_back = job(Step.PROMOTE, "e1", ended=NOW - HOUR), job(Step.ROLLBACK, "h1", ended=NOW - 12 * MINUTE)
    found = lane(observed(BACK, api=api, jobs=(good(promoted, PROMOTED), good(rolled_back, BACK))))
    assert found.actions == ()
    assert found.problem is not None
    assert found.problem.reason == "RolloutStuck"


def test_the_way_back_is_known_from_the_status_when_its_jobs_are_gone() -> None:
    api = deployment(epoch=0, min_manifest=10, rolled_at=NOW - 11 * MINUTE, **STUCK)
    known = IndexStatus(retraining=RetrainingRun(refused_epoch=1))
    found = lane(observed(BACK, api=api, status=known))
    assert found.actions == ()
    assert found.problem is not None


def test_without_an_epoch_before_there_is_nothing_to_go_back_to() -> None:
    alone = summary(manifest=9, active_epoch=1, next_epoch=2, images_since_training=0)
    api = deployment(epoch=1, min_manifest=9, rolled_at=NOW - 11 * MINUTE, **STUCK)
    found = lane(observed(alone, api=api))
    assert found.actions == ()
    assert found.problem is not None
    assert found.problem.message == "the API's roll-out is stuck: its pods did not come up in 600 s"


def test_a_rollback_that_is_asked_for_is_begun_at_once() -> None:
    seen = observed(PROMOTED, api=rolled(ago=MINUTE).api, annotations={ROLLBACK_AT: "at one"})
    start = rollback_of(seen)
    assert start is not None
    assert (start.request, start.reason) == ("at one", "asked for at at one")


def test_a_rollback_that_was_acted_on_is_not_repeated() -> None:
    known = IndexStatus(retraining=RetrainingRun(rollback_request="at one"))
    seen = observed(PROMOTED, api=rolled(ago=MINUTE).api, annotations={ROLLBACK_AT: "at one"}, status=known)
    assert rollback_of(seen) is None
