"""Backups: by schedule and by hand, one at a time, given up after three Jobs; and what is left of the records."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from tests.support.operator.seen import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Columns,
    backup,
    completed,
    failed,
    given_up,
    good,
    job,
    jobs_of,
    observed,
)
from vinymatic_operator.observe.seen import BackupSeen, Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import CreateBackup, DeleteBackup, Lane
from vinymatic_operator.plan.backups import backup_key, plan_backups
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import BackupRun, IndexStatus
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

NIGHTLY: Columns = {"schedule": "0 3 * * *"}
DUE = NOW.replace(hour=3)


def lane(seen: Observed, now: datetime = NOW) -> Lane:
    return plan_backups(seen, now, Tries())


def wishing(wish: Columns, *backups: BackupSeen, **changes: Any) -> Observed:
    return observed(spec={"backup": wish}, backups=backups, **{"created": NOW - 30 * DAY, **changes})


def scheduled(name: str, at: datetime, *, done: bool = True) -> BackupSeen:
    made = backup(name, created=at, scheduled_for=at)
    return completed(made, at=at) if done else made


def test_without_settings_for_backups_nothing_is_done() -> None:
    assert lane(observed(backups=(backup(),))) == Lane()


def test_the_first_backup_is_made_at_once() -> None:
    (action,) = lane(wishing(NIGHTLY)).actions
    assert isinstance(action, CreateBackup)
    assert action.scheduled_for == NOW - 30 * DAY
    assert action.name == f"vinyl-{NOW - 30 * DAY:%Y%m%d%H%M}"


def test_the_first_backup_waits_for_the_schedule_where_it_is_not_wanted_at_once() -> None:
    wish = {**NIGHTLY, "immediate": False}
    assert lane(wishing(wish, created=NOW - HOUR)).actions == ()
    (action,) = lane(wishing(wish)).actions
    assert isinstance(action, CreateBackup)
    assert action.scheduled_for == DUE


def test_a_backup_is_due_at_its_time_and_has_it_in_its_name() -> None:
    seen = wishing(NIGHTLY, scheduled("b0", DUE - DAY))
    assert lane(seen, DUE - MINUTE).actions == ()
    assert lane(seen, DUE - MINUTE).next == "backup at 2026-03-01 03:00 UTC"
    (action,) = lane(seen, DUE).actions
    assert action == CreateBackup("vinyl-202603010300", DUE, "scheduled for 2026-03-01 03:00 UTC")


def test_of_a_week_that_was_missed_only_the_last_backup_is_made_up_for() -> None:
    (action,) = lane(wishing(NIGHTLY, scheduled("b0", DUE - 7 * DAY))).actions
    assert isinstance(action, CreateBackup)
    assert action.scheduled_for == DUE


def test_a_time_is_acted_on_once_also_when_its_record_is_gone() -> None:
    known = IndexStatus(backup=BackupRun(scheduled_for=stamp(DUE)))
    assert lane(wishing(NIGHTLY, status=known)).actions == ()
    assert lane(wishing(NIGHTLY, scheduled("b0", DUE))).actions == ()


@pytest.mark.parametrize("wish", [{**NIGHTLY, "suspend": True}, {}])
def test_nothing_is_made_while_suspended_or_without_a_schedule(wish: Columns) -> None:
    assert lane(wishing(wish)).actions == ()


def test_a_backup_by_hand_is_made_also_while_suspended() -> None:
    (start,) = jobs_of(lane(wishing({**NIGHTLY, "suspend": True}, backup("mine"))).actions)
    assert (start.step, start.arguments, start.reason) == (Step.BACKUP, ("backup",), "asked for by hand")
    assert (start.owner, start.owner_uid) == ("mine", "uid-mine")


def test_the_oldest_is_made_first_and_the_schedule_waits() -> None:
    young, old = backup("a", created=NOW - MINUTE), backup("b", created=NOW - HOUR)
    (start,) = lane(wishing(NIGHTLY, young, old)).actions
    assert jobs_of((start,))[0].owner == "b"


def test_a_record_that_is_being_deleted_is_not_made_any_more_and_holds_nothing_up() -> None:
    (action,) = lane(wishing(NIGHTLY, backup("a", deleting=True))).actions
    assert isinstance(action, CreateBackup)


@pytest.mark.parametrize("step", [Step.BACKUP, Step.PRUNE, Step.DRILL])
def test_one_job_on_backups_at_a_time(step: Step) -> None:
    running = job(step, "h1")
    found = lane(wishing(NIGHTLY, backup("mine"), jobs=(running,)))
    assert (found.actions, found.next) == ((), f"waiting for {running.name}")


def test_a_backup_is_given_up_after_three_jobs_and_the_schedule_goes_on() -> None:
    mine = backup("mine")
    jobs = [failed(job(Step.BACKUP, backup_key(mine), n, ended=NOW - HOUR)) for n in (1, 2, 3)]
    again = lane(wishing({}, mine, jobs=tuple(jobs[:2])))
    assert [start.attempt for start in jobs_of(again.actions)] == [3]
    assert lane(wishing({}, mine, jobs=tuple(jobs))).actions == ()
    (action,) = lane(wishing(NIGHTLY, given_up(mine), jobs=tuple(jobs))).actions
    assert isinstance(action, CreateBackup)


def test_one_that_answered_is_not_made_again_before_its_status_says_so() -> None:
    mine = backup("mine")
    done = good(job(Step.BACKUP, backup_key(mine)), number=5)
    assert lane(wishing({}, mine, jobs=(done,))).actions == ()


def test_each_backup_is_followed_by_one_retention() -> None:
    wish = {"retention": {"count": 3, "days": 30}}
    done = completed(backup("b1"), at=NOW - HOUR)
    (start,) = jobs_of(lane(wishing(wish, done)).actions)
    assert start.step is Step.PRUNE
    assert start.arguments == ("backup", "prune", "--keep-count", "3", "--keep-days", "30.0")
    assert start.reason == "after backup b1"
    pruned = good(job(Step.PRUNE, start.key, ended=NOW - MINUTE), kept=[5], dropped=[])
    assert lane(wishing(wish, done, jobs=(pruned,))).actions == ()
    following = completed(backup("b2"), manifest=6, at=NOW)
    (again,) = jobs_of(lane(wishing(wish, done, following, jobs=(pruned,))).actions)
    assert again.key != start.key


@pytest.mark.parametrize(
    ("retention", "arguments"),
    [
        ({"count": 3}, ("backup", "prune", "--keep-count", "3")),
        ({"days": 1.5}, ("backup", "prune", "--keep-days", "1.5")),
    ],
)
def test_each_limit_of_retention_stands_alone(retention: Columns, arguments: tuple[str, ...]) -> None:
    (start,) = jobs_of(lane(wishing({"retention": retention}, completed(backup()))).actions)
    assert start.arguments == arguments


def test_without_limits_every_backup_stays() -> None:
    assert lane(wishing({}, completed(backup()))).actions == ()


def test_records_of_backups_that_retention_deleted_go_with_them() -> None:
    done = [completed(backup(f"b{n}"), manifest=n, at=NOW - DAY) for n in (3, 4, 5)]
    pruned = good(job(Step.PRUNE, "h1"), kept=[4, 5], dropped=[3])
    assert lane(wishing({}, *done, jobs=(pruned,))).actions == (DeleteBackup("b3", "uid-b3", "retention deleted it"),)


def test_three_failures_are_kept_to_look_at() -> None:
    bad = [given_up(backup(f"b{n}", created=NOW - n * DAY)) for n in range(5)]
    assert [action.name for action in lane(wishing({}, *bad)).actions if isinstance(action, DeleteBackup)] == [
        "b4",
        "b3",
    ]
    assert lane(wishing({}, *bad[:3])).actions == ()


def test_a_record_that_goes_already_is_not_deleted_again() -> None:
    bad = [given_up(backup(f"b{n}", created=NOW - n * DAY)) for n in range(4)]
    assert lane(wishing({}, *bad[:3], replace(bad[3], deleting=True))).actions == ()


@pytest.mark.parametrize("wish", [{"schedule": "0 0 30 2 *"}, {**NIGHTLY, "timeZone": "Mars"}])
def test_a_schedule_that_means_nothing_is_a_problem_and_records_are_still_deleted(wish: Columns) -> None:
    bad = [given_up(backup(f"b{n}", created=NOW - n * DAY)) for n in range(4)]
    found = lane(wishing({**wish, "immediate": False}, *bad))
    assert found.problem is not None
    assert found.problem.reason == "BadSchedule"
    assert [type(action) for action in found.actions] == [DeleteBackup]


def test_a_backup_by_hand_is_made_whatever_the_schedule() -> None:
    assert jobs_of(lane(wishing({"schedule": "0 0 30 2 *"}, backup("mine"))).actions)
