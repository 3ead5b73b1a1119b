"""Compaction and collection: when they are due."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.operator.seen import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Columns,
    failed,
    good,
    job,
    jobs_of,
    observed,
    summary,
)
from tests.support.operator.world import World
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, StartJob
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.plan.upkeep import plan_upkeep
from vinymatic_operator.resources.index_status import IndexStatus, LastRun
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

MERGEABLE = summary(mergeable=3, segments=9)


def lane(seen: Observed, now: datetime = NOW) -> Lane:
    return plan_upkeep(seen, newest_view(seen), now, Tries())


def start_of(seen: Observed, now: datetime = NOW) -> StartJob | None:
    (start,) = jobs_of(lane(seen, now).actions) or (None,)
    return start


def test_segments_that_can_be_merged_are_merged() -> None:
    start = start_of(observed(MERGEABLE))
    assert start is not None
    assert (start.step, start.arguments) == (Step.COMPACT, ("compact",))
    assert start.reason == "3 of 9 segments can be merged"


@pytest.mark.parametrize(
    "changes",
    [
        {"view": summary(mergeable=0)},
        {"view": summary(mergeable=3, candidate_epoch=1)},
        {"view": MERGEABLE, "spec": {"compaction": {"suspend": True}}},
        {"view": MERGEABLE, "status": IndexStatus(compaction=LastRun(last=stamp(NOW - 14 * MINUTE)))},
        {"view": MERGEABLE, "jobs": (good(job(Step.COMPACT, "t1", ended=NOW - 14 * MINUTE), MERGEABLE),)},
        {"replicas": ()},
    ],
    ids=["nothing to merge", "a candidate", "suspended", "just done", "just done by its job", "nobody told"],
)
def test_nothing_is_merged_otherwise(changes: Columns) -> None:
    assert lane(observed(**changes)) == Lane()


def test_the_interval_counts_from_the_end_of_the_last_one_that_ended_well() -> None:
    last = good(job(Step.COMPACT, "t1", ended=NOW - 15 * MINUTE), MERGEABLE)
    later = failed(job(Step.COMPACT, "t2", ended=NOW - 2 * MINUTE))
    assert start_of(observed(MERGEABLE, jobs=(last, later))) is not None
    assert start_of(observed(MERGEABLE, jobs=(last,)), NOW - timedelta(seconds=1)) is None


@pytest.mark.parametrize(("age", "due"), [(DAY - MINUTE, False), (DAY, True)])
def test_collection_waits_a_whole_interval_from_the_beginning(age: timedelta, due: bool) -> None:
    start = start_of(observed(created=NOW - age))
    assert (start is not None) is due
    if start is not None:
        assert (start.step, start.reason) == (Step.COLLECT, "the last one began 24.0 hours ago")
        assert start.arguments == ("collect", "--keep", "10", "--grace-hours", "24")


def test_collection_keeps_what_is_wished() -> None:
    wish = {"collection": {"keepManifests": 3, "graceHours": 48, "intervalMinutes": 60}}
    start = start_of(observed(created=NOW - DAY, spec=wish))
    assert start is not None
    assert start.arguments == ("collect", "--keep", "3", "--grace-hours", "48")


def test_collection_is_not_wished_while_suspended() -> None:
    assert start_of(observed(created=NOW - 30 * DAY, spec={"collection": {"suspend": True}})) is None


def test_compaction_goes_first() -> None:
    start = start_of(observed(MERGEABLE, created=NOW - 30 * DAY))
    assert start is not None
    assert start.step is Step.COMPACT


@pytest.mark.parametrize("step", [Step.COMPACT, Step.COLLECT])
def test_one_of_them_at_a_time(step: Step) -> None:
    running = job(step, "t9")
    found = lane(observed(MERGEABLE, created=NOW - 30 * DAY, jobs=(running,)))
    assert (found.actions, found.next) == ((), f"waiting for {running.name}")


def test_the_key_stays_the_same_until_one_ended_well() -> None:
    """Its attempts are counted by key: with another one every interval there would never be a pause that grows."""
    wish: Columns = {"compaction": {"intervalMinutes": 1}}
    keys = {
        start.key
        for minutes in range(10)
        if (start := start_of(observed(MERGEABLE, spec=wish), NOW + minutes * MINUTE)) is not None
    }
    assert len(keys) == 1


def test_the_key_is_another_after_each_that_ended_well() -> None:
    ends = [NOW - 2 * HOUR + minutes * MINUTE for minutes in (0, 15, 31, 46)]
    keys = [
        start.key
        for end in ends
        if (start := start_of(observed(MERGEABLE, jobs=(good(job(Step.COMPACT, "t0", ended=end), MERGEABLE),))))
    ]
    assert len(set(keys)) == len(keys) == 4


def test_a_compaction_that_fails_is_tried_with_growing_pauses_whatever_its_interval() -> None:
    world = World({"compaction": {"intervalMinutes": 1}})
    world.settle()
    world.index.ingest(10)
    world.index.fails["compact"] = 100
    world.pass_time(timedelta(hours=1))
    # After 1, 2, 4, 8, 16 and 32 minutes.
    assert world.index.ran.count("compact") == 6
    assert world.condition("Stalled") == ("True", "CompactFailed")
