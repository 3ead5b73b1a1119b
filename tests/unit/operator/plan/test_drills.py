"""Drills: a first one after the first backup, then by schedule, tried again when they could not be carried out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.support.operator.seen import DAY, HOUR, NOW, Columns, backup, completed, failed, good, job, jobs_of, observed
from tests.support.operator.world import World
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import StartJob
from vinymatic_operator.plan.backups import plan_backups
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import DrillRun, IndexStatus
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

WEEKLY: Columns = {"drill": {"schedule": "0 6 * * 0"}}  # NOW is a Sunday, 12:00
DONE = completed(backup(), at=NOW - DAY)


def drill(seen: Observed, now: datetime = NOW) -> StartJob | None:
    (start,) = jobs_of(plan_backups(seen, now, Tries()).actions) or (None,)
    assert start is None or start.step is Step.DRILL
    return start


def wishing(wish: Columns, acted: datetime | None = None, **changes: Any) -> Observed:
    run = DrillRun(scheduled_for=None if acted is None else stamp(acted))
    quiet = {"backups": (DONE,), "status": IndexStatus(drill=run)}
    return observed(spec={"backup": wish}, **{**quiet, **changes})


def test_the_first_drill_follows_the_first_backup() -> None:
    start = drill(wishing(WEEKLY))
    assert start is not None
    assert start.arguments == ("drill", "--through", "s3://records/backup-drill")
    assert drill(wishing(WEEKLY, backups=(backup(),), jobs=(job(Step.BACKUP, "h1"),))) is None


@pytest.mark.parametrize(
    ("wish", "place"),
    [
        ({"bucket": "safe", "prefix": "b", **WEEKLY}, "s3://safe/b-drill"),
        ({"drill": {"schedule": "@weekly", "scratchPrefix": "scratch"}}, "s3://records/scratch"),
    ],
)
def test_it_goes_through_the_scratch_prefix_in_the_backups_bucket(wish: Columns, place: str) -> None:
    start = drill(wishing(wish))
    assert start is not None
    assert start.arguments[-1] == place


def test_the_next_one_is_due_by_schedule_and_of_many_that_were_missed_only_the_last() -> None:
    assert drill(wishing(WEEKLY, NOW - 5 * HOUR)) is None
    start = drill(wishing(WEEKLY, NOW - 30 * DAY))
    assert start is not None
    assert start.reason == "scheduled for 2026-03-01 06:00 UTC"


@pytest.mark.parametrize(
    "wish", [{}, {"drill": {}}, {"drill": {"schedule": "@weekly", "suspend": True}}, {"schedule": "@daily"}]
)
def test_there_is_none_unless_it_is_wished_for(wish: Columns) -> None:
    assert drill(wishing({"immediate": False, **wish}, created=NOW)) is None


def test_there_is_none_without_a_backup() -> None:
    assert drill(wishing(WEEKLY, backups=())) is None


@pytest.mark.parametrize("passed", [True, False])
def test_one_that_answered_is_not_repeated(passed: bool) -> None:
    start = drill(wishing(WEEKLY))
    assert start is not None
    assert drill(wishing(WEEKLY, jobs=(good(job(Step.DRILL, start.key), passed=passed),))) is None


@pytest.mark.parametrize(("attempts", "again"), [(1, 2), (2, 3), (3, None)])
def test_one_that_could_not_be_carried_out_is_tried_three_times(attempts: int, again: int | None) -> None:
    first = drill(wishing(WEEKLY))
    assert first is not None
    jobs = tuple(failed(job(Step.DRILL, first.key, n)) for n in range(1, attempts + 1))
    start = drill(wishing(WEEKLY, jobs=jobs))
    assert (start.attempt if start is not None else None) == again


@pytest.mark.parametrize("times", [1, 2])
def test_a_drill_that_met_a_closed_store_is_tried_again_and_proves_the_backup(times: int) -> None:
    world = World({"backup": {"schedule": "0 3 * * *", **WEEKLY}})
    world.index.fails["drill"] = times
    world.settle()
    world.pass_time(timedelta(minutes=10))
    assert world.index.ran.count("drill") == times + 1
    assert world.condition("RestoreProven") == ("True", "Proven")


def test_a_drill_that_never_can_be_carried_out_is_given_up_until_the_schedules_next_time() -> None:
    world = World({"backup": {"schedule": "0 3 * * *", "drill": {"schedule": "0 15 * * *"}}})
    world.index.fails["drill"] = 3
    world.settle()
    world.pass_time(timedelta(hours=2))
    assert world.index.ran.count("drill") == 3
    assert world.condition("RestoreProven") == ("False", "DrillFailed")
    world.pass_time(timedelta(hours=2))
    assert world.index.ran.count("drill") == 4
    assert world.condition("RestoreProven") == ("True", "Proven")
