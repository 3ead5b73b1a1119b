"""The plan as a whole: what is planned together, in which order, and what is not while paused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.operator.seen import (
    DAY,
    NOW,
    Columns,
    backup,
    completed,
    failed,
    good,
    job,
    jobs_of,
    observed,
    restore,
    summary,
)
from vinymatic_operator.observe.seen import JobSeen, JobState
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import Problem, RecordResult, WriteBackupStatus, WriteRestoreStatus
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.resources.names import FINALIZER, PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

pytestmark = pytest.mark.unit

ENDED = job(Step.COMPACT, "t1", state=JobState.SUCCEEDED)
EVERYTHING: Columns = {
    "view": summary(mergeable=5, images_since_training=50_000),
    "created": NOW - 30 * DAY,
    "backups": (backup("mine"),),
    "annotations": {RETRAIN_AT: "one", PROMOTE_AT: "one", ROLLBACK_AT: "one"},
}
WISH: Columns = {"backup": {"schedule": "@daily"}, "deletionPolicy": "Delete"}


def test_what_is_independent_is_planned_at_once() -> None:
    steps = [start.step for start in jobs_of(plan(observed(spec=WISH, **EVERYTHING), NOW).actions)]
    assert steps == [Step.TRAIN, Step.COMPACT, Step.BACKUP]


@pytest.mark.parametrize("deleting", [True, False])
def test_nothing_but_records_is_planned_while_paused(deleting: bool) -> None:
    seen = observed(
        spec={**WISH, "paused": True},
        jobs=(ENDED,),
        restores=(restore(),),
        deleting=deleting,
        finalizers=(FINALIZER,) if deleting else (),
        **EVERYTHING,
    )
    planned = plan(seen, NOW)
    assert [type(action) for action in planned.actions] == [RecordResult, WriteBackupStatus, WriteRestoreStatus]
    assert (planned.phase, planned.next, planned.problems) == (None, "paused: nothing is started", ())


def test_what_ended_is_recorded_first_and_its_lane_waits_for_that() -> None:
    planned = plan(observed(jobs=(ENDED,), **EVERYTHING), NOW)
    assert planned.actions[0] == RecordResult(ENDED.name)
    assert Step.COMPACT not in [start.step for start in jobs_of(planned.actions)]


def test_what_is_recorded_is_not_recorded_again() -> None:
    jobs = (good(ENDED), failed(job(Step.TRAIN, "e1")), job(Step.BACKUP, "h1"))
    assert not [action for action in plan(observed(jobs=jobs), NOW).actions if isinstance(action, RecordResult)]


def test_the_phase_is_that_of_what_changes_what_is_served() -> None:
    planned = plan(observed(spec=WISH, **EVERYTHING), NOW)
    assert planned.phase == "Training"
    assert (planned.next or "").startswith("train: asked for at one; compact: ")


def test_every_problem_is_told() -> None:
    jobs = (failed(job(Step.TRAIN, "e1", 3)), failed(job(Step.COMPACT, "t1", 3)))
    seen = observed(
        summary(images_since_training=50_000),
        jobs=jobs,
        spec={"backup": {"schedule": "0 0 30 2 *", "immediate": False}},
    )
    assert [problem.reason for problem in plan(seen, NOW).problems] == ["TrainFailed", "BadSchedule"]
    assert all(isinstance(problem, Problem) for problem in plan(seen, NOW).problems)


def test_a_quiet_index_asks_for_nothing_and_says_what_comes() -> None:
    done = completed(backup(scheduled_for=NOW - DAY / 2))
    planned = plan(observed(spec={"backup": {"schedule": "@daily"}}, backups=(done,)), NOW)
    assert (planned.actions, planned.phase, planned.problems) == ((), None, ())
    assert planned.next == "retraining after 9500 more images; backup at 2026-03-02 00:00 UTC"


EPOCHS = st.one_of(st.none(), st.integers(0, 3))
VIEWS = st.builds(
    summary,
    active_epoch=st.integers(0, 3),
    candidate_epoch=EPOCHS,
    candidate_complete=st.booleans(),
    previous_epoch=EPOCHS,
    next_epoch=st.integers(1, 4),
    mergeable=st.integers(0, 3),
    images_since_training=st.sampled_from([0, 50_000]),
    covers=st.sampled_from([0, 500]),
)
JOBS = st.lists(
    st.builds(
        lambda step, key, attempt, end: end(job(step, key, attempt)),
        st.sampled_from(Step),
        st.sampled_from(["e1", "e2", "h1"]),
        st.integers(1, 5),
        st.sampled_from([good, failed, lambda found: found]),
    ),
    max_size=5,
    unique_by=lambda found: found.name,
)
SPECS = st.fixed_dictionaries(
    {
        "backup": st.sampled_from(
            [{}, {"schedule": "@daily", "drill": {"schedule": "@weekly"}}, {"schedule": "x y z a b"}]
        ),
        "deletionPolicy": st.sampled_from(["Retain", "Delete"]),
        "paused": st.booleans(),
    }
)
RESTORES = st.lists(
    st.sampled_from(
        [restore("a"), restore("b", target={"prefix": "c"}), restore("c", source={"backup": "mine"}), restore("d")]
    ),
    max_size=2,
    unique_by=lambda found: found.name,
)


@given(VIEWS, JOBS, SPECS, RESTORES, st.booleans())
def test_whatever_is_seen_no_job_is_planned_twice_or_beside_another_of_its_lane(
    view: object, jobs: list[JobSeen], spec: Columns, restores: list[object], deleting: bool
) -> None:
    seen = observed(
        view,  # type: ignore[arg-type] # hypothesis builds it
        jobs=tuple(jobs),
        spec=spec,
        restores=tuple(restores),
        backups=(backup("mine"),),
        deleting=deleting,
        finalizers=(FINALIZER,),
    )
    starts = jobs_of(plan(seen, NOW).actions)
    there = {(found.step, found.key, found.attempt) for found in jobs}
    names = [(start.step, start.key, start.attempt) for start in starts]
    assert len(set(names)) == len(names)
    assert not there & set(names)
    assert all(start.reason for start in starts)
    assert not (seen.spec.paused and starts)
    assert plan(seen, NOW) == plan(seen, NOW)
