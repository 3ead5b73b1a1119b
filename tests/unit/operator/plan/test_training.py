"""When a training begins: with a reason, or not at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.operator.seen import DAY, HOUR, MINUTE, NOW, Columns, failed, good, job, observed, summary
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Lane, StartJob
from vinymatic_operator.plan.epochs import plan_epochs
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.index_status import IndexStatus, RetrainingRun
from vinymatic_operator.resources.names import RETRAIN_AT
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

NEVER = {"images": 0, "days": 0, "growth": 0, "drift": 0}
TRAINED: Columns = {
    "trained_at": stamp(NOW - 8 * DAY),
    "images_since_training": 1_500,
    "covers": 5_000,
    "covers_at_training": 2_000,
    "training_error": 100.0,
    "fresh_features": 9_000,
    "fresh_error": 130.0,
}


def lane(seen: Observed) -> Lane:
    return plan_epochs(seen, newest_view(seen), NOW, Tries())


def training(seen: Observed) -> StartJob | None:
    found = lane(seen).actions
    (start,) = found or (None,)
    assert start is None or isinstance(start, StartJob)
    return start


@pytest.mark.parametrize(
    ("wish", "reason"),
    [
        ({"images": 1_500}, "1500 images since the last training, of 1500"),
        ({"images": 1_501}, None),
        ({"days": 8}, "8.0 days since the last training, of 8"),
        ({"days": 8.1}, None),
        ({"growth": 2.5}, "5000 covers, 2000 at the last training; the limit is 2.5 times"),
        ({"growth": 2.6}, None),
        ({"drift": 0.25}, "the error of new covers is 30% over that of the training; the limit is 25%"),
        ({"drift": 0.31}, None),
        (
            {"images": 1_000, "days": 7},
            "1500 images since the last training, of 1000; 8.0 days since the last training, of 7",
        ),
        ({}, None),
    ],
)
def test_a_training_begins_for_each_limit_that_is_reached_and_says_which(wish: Columns, reason: str | None) -> None:
    start = training(observed(summary(**TRAINED), spec={"retraining": {**NEVER, **wish}}))
    assert (start.reason if start is not None else None) == reason
    if start is not None:
        assert (start.step, start.key, start.attempt, start.arguments) == (Step.TRAIN, "e1", 1, ("train",))


@pytest.mark.parametrize("limit", [{"images": 1}, {"days": 1}, {"growth": 1}, {"drift": 0.01}])
def test_nothing_is_trained_by_itself_while_suspended(limit: Columns) -> None:
    seen = observed(summary(**TRAINED), spec={"retraining": {**NEVER, **limit, "suspend": True}})
    assert training(seen) is None
    assert lane(seen).next == "retraining is suspended"


@pytest.mark.parametrize(
    ("wish", "covers", "words"),
    [
        ({"images": 600}, 500, "retraining after 100 more images"),
        ({**NEVER}, 500, "no retraining is due"),
        ({"images": 600}, 0, "there are no covers yet"),
    ],
)
def test_one_that_waits_says_for_what(wish: Columns, covers: int, words: str) -> None:
    assert lane(observed(summary(covers=covers), spec={"retraining": wish})).next == words


def test_an_index_without_covers_is_never_trained() -> None:
    seen = observed(summary(covers=0, images_since_training=50_000), annotations={RETRAIN_AT: "now"})
    assert training(seen) is None


@pytest.mark.parametrize("suspend", [True, False])
def test_one_that_is_asked_for_begins_also_while_suspended(suspend: bool) -> None:
    seen = observed(spec={"retraining": {"suspend": suspend}}, annotations={RETRAIN_AT: "2026-03-01T11:00:00Z"})
    start = training(seen)
    assert start is not None
    assert start.reason == "asked for at 2026-03-01T11:00:00Z"
    assert start.request == "2026-03-01T11:00:00Z"


def test_a_request_is_acted_on_once_as_the_status_remembers() -> None:
    known = IndexStatus(retraining=RetrainingRun(request="at one"))
    assert training(observed(annotations={RETRAIN_AT: "at one"}, status=known)) is None
    again = training(observed(annotations={RETRAIN_AT: "at two"}, status=known))
    assert again is not None
    assert again.request == "at two"


def test_a_request_is_acted_on_once_as_its_job_remembers() -> None:
    done = good(job(Step.TRAIN, "e0", request="at one"))
    assert training(observed(annotations={RETRAIN_AT: "at one"}, jobs=(done,))) is None


def test_a_training_that_was_asked_for_and_failed_is_tried_again() -> None:
    first = failed(job(Step.TRAIN, "e1", request="at one"))
    start = training(observed(annotations={RETRAIN_AT: "at one"}, jobs=(first,)))
    assert start is not None
    assert (start.attempt, start.reason) == (2, "asked for at at one")


def test_a_training_that_was_due_and_failed_is_not_tried_again_once_it_is_not_due() -> None:
    assert training(observed(jobs=(failed(job(Step.TRAIN, "e1")),))) is None


def test_with_several_pods_the_training_leaves_the_encoding_to_them() -> None:
    start = training(observed(spec={"retraining": {"images": 500, "parallelism": 4}}))
    assert start is not None
    assert (start.arguments, start.parallelism) == (("train", "--no-encode"), 1)


@pytest.mark.parametrize("step", [Step.TRAIN, Step.GATE, Step.PROMOTE, Step.RETIRE, Step.ROLLBACK, Step.DISCARD])
def test_nothing_begins_beside_a_job_on_epochs(step: Step) -> None:
    running = job(step, "e9")
    seen = observed(spec={"retraining": {"images": 500}}, jobs=(running,))
    assert lane(seen).actions == ()
    assert lane(seen).next == f"waiting for {running.name}"
    assert lane(seen).phase is not None


def test_a_job_of_another_lane_does_not_hold_a_training_up() -> None:
    seen = observed(spec={"retraining": {"images": 500}}, jobs=(job(Step.BACKUP, "h1"), job(Step.COMPACT, "t1")))
    assert training(seen) is not None


def test_nothing_is_decided_about_an_index_that_nobody_has_told_of() -> None:
    assert lane(observed(spec={"retraining": {"images": 1}}, replicas=())) == Lane()


def test_nothing_is_decided_where_nothing_serves() -> None:
    told = good(job(Step.COMPACT, "t1"), summary())
    assert lane(observed(spec={"retraining": {"images": 1}}, api=None, replicas=(), jobs=(told,))) == Lane()


def test_a_training_that_failed_three_times_is_a_problem() -> None:
    last = failed(job(Step.TRAIN, "e1", 3, ended=NOW - MINUTE), "too few covers")
    problem = lane(observed(spec={"retraining": {"images": 500}}, jobs=(last,))).problem
    assert problem is not None
    assert problem.reason == "TrainFailed"
    assert "too few covers" in problem.message


def test_jobs_of_an_earlier_epoch_do_not_count_as_attempts() -> None:
    before = replace(failed(job(Step.TRAIN, "e0", 7)), finished=NOW - HOUR)
    start = training(observed(spec={"retraining": {"images": 500}}, jobs=(before,)))
    assert start is not None
    assert start.attempt == 1
