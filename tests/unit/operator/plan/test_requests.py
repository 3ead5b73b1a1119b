"""What people ask for by annotation: each value once, and never later than they meant it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.seen import job, observed, summary
from tests.support.operator.world import World
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.requests import acted_on, pending, settled
from vinymatic_operator.resources.index_status import IndexStatus, RetrainingRun
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

pytestmark = pytest.mark.unit

ALL = [
    (RETRAIN_AT, Step.TRAIN, "request"),
    (PROMOTE_AT, Step.PROMOTE, "promote_request"),
    (ROLLBACK_AT, Step.ROLLBACK, "rollback_request"),
]


@pytest.mark.parametrize(("name", "step", "field"), ALL)
def test_a_request_is_pending_until_a_job_or_the_status_knows_it(name: str, step: Step, field: str) -> None:
    asked = {name: "two"}
    assert pending(observed(annotations=asked), name) == "two"
    assert pending(observed(annotations=asked, jobs=(job(step, "k", request="two"),)), name) is None
    known = IndexStatus(retraining=RetrainingRun.model_validate({field: "two"}))
    assert pending(observed(annotations=asked, status=known), name) is None
    older = IndexStatus(retraining=RetrainingRun.model_validate({field: "one"}))
    assert pending(observed(annotations=asked, status=older), name) == "two"
    assert pending(observed(status=older), name) is None


@pytest.mark.parametrize(("name", "step", "field"), ALL)
def test_a_job_of_another_step_acts_on_nothing(name: str, step: Step, field: str) -> None:
    other = Step.RETIRE
    assert pending(observed(annotations={name: "two"}, jobs=(job(other, "k", request="two"),)), name) == "two"


@pytest.mark.parametrize(("name", "step", "field"), ALL)
def test_what_was_acted_on_is_remembered_when_the_annotation_is_gone(name: str, step: Step, field: str) -> None:
    known = IndexStatus(retraining=RetrainingRun.model_validate({field: "one"}))
    assert acted_on(observed(status=known), name) == "one"


def test_a_rollback_that_found_nothing_to_go_back_to_does_not_take_back_a_later_promotion() -> None:
    world = World({"retraining": {"images": 600}})
    world.settle()
    world.annotate(ROLLBACK_AT, "at one")
    world.settle()
    assert world.status.retraining.rollback_request == "at one"
    world.index.ingest(200)
    world.pass_time(timedelta(minutes=20))
    assert "rollback" not in world.index.ran
    assert world.index.state.active_epoch == 1


def test_a_promotion_that_found_no_candidate_does_not_spare_a_later_one_its_gate() -> None:
    world = World({"retraining": {"images": 600}})
    world.settle()
    world.annotate(PROMOTE_AT, "at one")
    world.settle()
    assert world.status.retraining.promote_request == "at one"
    world.index.passes = False
    world.index.ingest(200)
    world.pass_time(timedelta(minutes=20))
    assert world.index.ran.count("gate") == 1
    assert world.index.state.active_epoch == 0


def test_a_promotion_that_is_asked_for_while_it_is_encoded_waits_for_that() -> None:
    world = World({"retraining": {"images": 600, "parallelism": 4}})
    world.settle()
    world.index.ingest(200)
    world.index.fails["encode"] = 1
    world.settle()
    assert world.index.state.candidate_complete is False
    world.annotate(PROMOTE_AT, "at one")
    world.pass_time(timedelta(minutes=20))
    assert world.index.state.active_epoch == 1
    assert "gate" not in world.index.ran


def test_what_serves_another_index_does_not_tell_that_a_request_is_over() -> None:
    asked = {PROMOTE_AT: "two", ROLLBACK_AT: "two"}
    for obstacle, known in ((None, "two"), ("Deployment api serves s3://other/index", None)):
        seen = observed(annotations=asked, obstacle=obstacle)
        assert {settled(seen, summary(), name) for name in asked} == {known}


def test_a_request_that_came_while_paused_is_carried_out_afterwards() -> None:
    world = World({"paused": True})
    world.settle()
    world.annotate(RETRAIN_AT, "at one")
    world.annotate(ROLLBACK_AT, "at one")
    world.settle()
    assert world.index.ran == []
    assert world.status.retraining.request is None
    assert world.status.retraining.rollback_request is None
    world.change_spec(paused=False)
    world.pass_time(timedelta(minutes=10))
    assert world.index.ran[0] == "train"
