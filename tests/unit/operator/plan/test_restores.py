"""Restores: what is brought back, where to, and what waits meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from tests.support.operator.seen import (
    HOUR,
    MINUTE,
    NOW,
    Columns,
    backup,
    completed,
    condition,
    deployment,
    failed,
    given_up,
    good,
    job,
    jobs_of,
    observed,
    replica,
    restore,
    summary,
)
from vinymatic_operator.observe.seen import Observed, RestoreSeen
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, RollOut
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.plan.restores import plan_restores, refusal, restore_key
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.restore import RestoreStatus

pytestmark = pytest.mark.unit

ELSEWHERE: Columns = {"target": {"prefix": "copy"}}
RESTORED = summary(manifest=12, covers=400)


def lane(seen: Observed) -> Lane:
    return plan_restores(seen, newest_view(seen), NOW, Tries())


def wishing(*restores: RestoreSeen, **changes: Any) -> Observed:
    return observed(spec={"backup": {}}, restores=restores, **changes)


@pytest.mark.parametrize(
    ("wish", "arguments"),
    [
        ({}, ("restore",)),
        ({"source": {"time": "2026-02-01T00:00:00Z"}}, ("restore", "--at", "2026-02-01T00:00:00Z")),
        ({"source": {"manifest": 7}}, ("restore", "--number", "7")),
        ({"source": {"backup": "b1"}}, ("restore", "--number", "5")),
        (ELSEWHERE, ("restore", "--to", "s3://records/copy")),
        (
            {"source": {"manifest": 7}, "target": {"bucket": "other", "prefix": "a/b"}},
            ("restore", "--number", "7", "--to", "s3://other/a/b"),
        ),
    ],
)
def test_each_source_and_target_is_said_to_the_command(wish: Columns, arguments: tuple[str, ...]) -> None:
    (start,) = jobs_of(lane(wishing(restore(**wish), backups=(completed(backup("b1")),))).actions)
    assert start.arguments == arguments
    assert (start.step, start.owner, start.owner_uid) == (Step.RESTORE, "r1", "uid-r1")
    assert start.reason == "VinylRestore r1"


@pytest.mark.parametrize(
    ("spec", "source", "why"),
    [
        ({}, {}, "VinylIndex vinyl has no spec.backup: there is nothing to restore from"),
        ({"backup": {}}, {"backup": "b9"}, "there is no VinylBackup b9 of vinyl"),
        ({"backup": {}}, {"backup": "bad"}, "VinylBackup bad failed"),
    ],
)
def test_what_can_never_be_carried_out_is_refused_in_words(spec: Columns, source: Columns, why: str) -> None:
    wanted = restore(source=source)
    seen = observed(spec=spec, restores=(wanted,), backups=(given_up(backup("bad")),))
    assert refusal(seen, wanted) == why
    assert lane(seen) == Lane()


def test_a_backup_that_is_not_made_yet_is_waited_for() -> None:
    wanted = restore(source={"backup": "b1"})
    seen = wishing(wanted, backups=(backup("b1"),))
    assert refusal(seen, wanted) is None
    assert [start.step for start in jobs_of(plan(seen, NOW).actions)] == [Step.BACKUP]
    assert "restore r1 waits for VinylBackup b1" in (plan(seen, NOW).next or "")


@pytest.mark.parametrize("step", [Step.TRAIN, Step.ROLLBACK, Step.COMPACT, Step.COLLECT, Step.BACKUP, Step.DRILL])
def test_a_restore_in_place_waits_for_what_runs_and_nothing_else_begins(step: Step) -> None:
    running = job(step, "k")
    seen = wishing(restore(), jobs=(running,))
    found = plan(replace(seen, spec=seen.spec.model_copy(update={"collection": seen.spec.collection})), NOW)
    assert jobs_of(found.actions) == []
    assert (found.phase, found.next) == ("Restoring", f"restore r1 waits for {running.name}")


def test_a_restore_in_place_is_alone() -> None:
    old = observed(
        summary(mergeable=5, images_since_training=50_000),
        created=NOW - timedelta(days=30),
        spec={"backup": {"schedule": "@daily"}},
        restores=(restore(),),
    )
    assert [start.step for start in jobs_of(plan(old, NOW).actions)] == [Step.RESTORE]
    alone = replace(old, restores=())
    assert {start.step for start in jobs_of(plan(alone, NOW).actions)} >= {Step.TRAIN, Step.COMPACT}


def test_one_elsewhere_goes_beside_everything_but_backups() -> None:
    seen = wishing(restore(**ELSEWHERE), jobs=(job(Step.TRAIN, "e1"), job(Step.COMPACT, "t1")))
    assert [start.step for start in jobs_of(lane(seen).actions)] == [Step.RESTORE]
    assert lane(wishing(restore(**ELSEWHERE), jobs=(job(Step.PRUNE, "h1"),))).actions == ()


def test_the_oldest_goes_first() -> None:
    seen = wishing(restore("a", created=NOW - MINUTE), restore("b", created=NOW - HOUR))
    assert [start.owner for start in jobs_of(lane(seen).actions)] == ["b"]


def test_one_that_is_finished_or_being_deleted_holds_nothing_up() -> None:
    over = replace(restore("a"), status=RestoreStatus(conditions=[condition("Failed")]))
    seen = wishing(over, replace(restore("b"), deleting=True), restore("c"))
    assert [start.owner for start in jobs_of(lane(seen).actions)] == ["c"]


@pytest.mark.parametrize(("attempts", "again"), [(1, [2]), (2, [3]), (3, [])])
def test_one_that_failed_is_tried_three_times(attempts: int, again: list[int]) -> None:
    wanted = restore()
    jobs = tuple(
        failed(job(Step.RESTORE, restore_key(wanted), n, owner="r1", ended=NOW - HOUR)) for n in range(1, attempts + 1)
    )
    assert [start.attempt for start in jobs_of(lane(wishing(wanted, jobs=jobs)).actions)] == again


def done(wanted: RestoreSeen, **changes: Any) -> Observed:
    """Its Job ended well: the state is back as manifest 12."""
    ended = job(Step.RESTORE, restore_key(wanted), owner=wanted.name, ended=NOW - MINUTE)
    return wishing(wanted, **{"jobs": (good(ended, RESTORED, number=12, backup_number=4),), **changes})


def test_elsewhere_nothing_is_rolled_over() -> None:
    assert lane(done(restore(**ELSEWHERE))) == Lane()


def test_in_place_the_api_is_rolled_over_to_the_manifest_that_holds_it() -> None:
    (action,) = lane(done(restore())).actions
    assert action == RollOut(None, 12, "restore r1")


def test_pods_that_are_held_to_an_epoch_are_held_to_the_restored_one() -> None:
    api = deployment(epoch=3, min_manifest=2, rolled_at=NOW - HOUR)
    (action,) = lane(done(restore(), api=api)).actions
    assert action == RollOut(0, 12, "restore r1")


def test_the_roll_out_is_waited_for_and_nothing_else_begins() -> None:
    api = deployment(min_manifest=12, rolled_for="restore r1", rolled_at=NOW, updated=1, progressed=False)
    found = plan(done(restore(), api=api), NOW)
    assert (jobs_of(found.actions), found.phase) == ([], "RollingOut")
    assert found.next == "waiting for the API's pods to serve manifest 12"
    assert found.problems == ()


def test_a_roll_out_that_is_stuck_is_a_problem() -> None:
    api = deployment(min_manifest=12, rolled_for="restore r1", rolled_at=NOW, updated=1, progressed=False)
    seen = done(restore(), api=api)
    problem = plan_restores(seen, newest_view(seen), NOW + HOUR, Tries()).problem
    assert problem is not None
    assert problem.reason == "RolloutStuck"


def test_it_is_over_when_every_pod_serves_it() -> None:
    api = deployment(min_manifest=12, rolled_for="restore r1", rolled_at=NOW)
    pods = (replica("api-2", RESTORED, (None, 12)), replica("api-3", RESTORED, (None, 12)))
    assert lane(done(restore(), api=api, replicas=pods)) == Lane()
    one_behind = (pods[0], replica("api-3", summary(manifest=11), (None, 12)))
    assert lane(done(restore(), api=api, replicas=one_behind)).phase == "RollingOut"


def test_it_is_not_done_again_when_its_job_is_gone_before_every_pod_serves_it() -> None:
    """Else what was ingested since would be thrown away once more, a TTL after a roll-out that got stuck."""
    told = RestoreStatus(conditions=[condition("Complete", "False"), condition("Restored")], manifest=12, attempts=1)
    wanted = replace(restore(), status=told)
    api = deployment(min_manifest=12, rolled_for="restore r1", rolled_at=NOW, updated=1, progressed=False)
    waits = lane(wishing(wanted, api=api))
    assert (waits.actions, waits.phase) == ((), "RollingOut")
    assert lane(wishing(wanted)).actions == (RollOut(None, 12, "restore r1"),)
