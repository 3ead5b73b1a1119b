"""How often a step is tried: pauses that double up to an hour, and a person is told from the third failure on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.seen import HOUR, NOW, failed, good, job, observed
from vinymatic_operator.observe.seen import JobState
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import StartJob
from vinymatic_operator.plan.tries import Tries, attempt

pytestmark = pytest.mark.unit

START = StartJob(Step.COMPACT, "t1", 1, "4 of 9 segments can be merged", ("compact",))
SECOND = timedelta(seconds=1)


def test_the_first_attempt_begins_at_once() -> None:
    lane = attempt(observed(), NOW, Tries(), START, "Compacting")
    assert lane.actions == (START,)
    assert (lane.phase, lane.next) == ("Compacting", "compact: 4 of 9 segments can be merged")


@pytest.mark.parametrize(
    ("number", "pause"), [(1, 60), (2, 120), (3, 240), (6, 1_920), (7, 3_600), (8, 3_600), (900, 3_600)]
)
def test_the_pause_doubles_with_every_failure_up_to_an_hour(number: int, pause: int) -> None:
    last = failed(job(Step.COMPACT, "t1", number, ended=NOW))
    before = attempt(observed(jobs=(last,)), NOW + timedelta(seconds=pause) - SECOND, Tries(), START, "Compacting")
    after = attempt(observed(jobs=(last,)), NOW + timedelta(seconds=pause), Tries(), START, "Compacting")
    assert before.actions == ()
    assert [found.attempt for found in after.actions if isinstance(found, StartJob)] == [number + 1]


def test_one_who_waits_says_until_when_and_for_what() -> None:
    last = failed(job(Step.COMPACT, "t1", ended=NOW), "the disk is full")
    lane = attempt(observed(jobs=(last,)), NOW, Tries(), START, "Compacting")
    assert lane.next == "compact is tried again at 12:01:00 UTC (vinyl-compact-t1-1 failed: the disk is full)"


@pytest.mark.parametrize(("number", "told"), [(1, False), (2, False), (3, True), (7, True)])
def test_a_person_is_told_from_the_third_failure_on(number: int, told: bool) -> None:
    last = failed(job(Step.COMPACT, "t1", number, ended=NOW), "the disk is full")
    for later in (timedelta(0), HOUR):
        problem = attempt(observed(jobs=(last,)), NOW + later, Tries(), START, "Compacting").problem
        assert (problem is not None) is told
        if problem is not None:
            assert problem.reason == "CompactFailed"
            assert problem.message == f"{last.name} failed: the disk is full (attempt {number})"


def test_what_ended_well_and_was_undone_is_done_again_after_the_same_pause() -> None:
    last = good(job(Step.COMPACT, "t1", ended=NOW))
    waits = attempt(observed(jobs=(last,)), NOW + 59 * SECOND, Tries(), START, "Compacting")
    again = attempt(observed(jobs=(last,)), NOW + 60 * SECOND, Tries(), START, "Compacting")
    assert waits.actions == ()
    assert "its effect is not there" in (waits.next or "")
    assert again.actions == (StartJob(Step.COMPACT, "t1", 2, START.reason, ("compact",)),)
    assert again.problem is None


@pytest.mark.parametrize("state", JobState)
def test_nothing_begins_beside_one_that_runs_or_has_not_said_how_it_ended(state: JobState) -> None:
    last = job(Step.COMPACT, "t1", state=state)
    lane = attempt(observed(jobs=(last,)), NOW + HOUR, Tries(), START, "Compacting")
    assert (lane.actions, lane.next) == ((), "waiting for vinyl-compact-t1-1")


def test_the_newest_attempt_counts_whatever_the_order() -> None:
    jobs = tuple(failed(job(Step.COMPACT, "t1", number, ended=NOW - HOUR)) for number in (10, 2, 9))
    (start,) = attempt(observed(jobs=jobs), NOW, Tries(), START, "Compacting").actions
    assert isinstance(start, StartJob)
    assert start.attempt == 11


def test_other_keys_and_steps_do_not_count() -> None:
    jobs = (failed(job(Step.COMPACT, "t0")), failed(job(Step.COLLECT, "t1")))
    assert attempt(observed(jobs=jobs), NOW, Tries(), START, "Compacting").actions == (START,)
