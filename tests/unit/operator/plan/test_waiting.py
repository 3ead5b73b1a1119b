"""Jobs that do not start, Deployments of somebody else, requests of another life."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.support.operator.seen import NOW, job, observed
from vinymatic_operator.observe.pods import why_not_running, why_waiting
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.planning import plan
from vinymatic_operator.plan.requests import pending, settled
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT

pytestmark = pytest.mark.unit

PULL: Json = {"reason": "ImagePullBackOff", "message": "no such image"}
CRASH: Json = {"reason": "CrashLoopBackOff", "message": "back-off 10s"}


def test_a_job_whose_pod_does_not_start_is_a_problem_that_says_why() -> None:
    waiting = replace(job(Step.TRAIN, "e1"), waiting="ImagePullBackOff: no such image")
    (problem,) = plan(observed(jobs=(waiting,)), NOW).problems
    assert (problem.reason, problem.message.endswith("does not start: ImagePullBackOff: no such image")) == (
        "JobWaiting",
        True,
    )


def test_what_serves_another_index_is_not_touched() -> None:
    planned = plan(observed(obstacle="Deployment api serves s3://other/index", annotations={RETRAIN_AT: "now"}), NOW)
    assert (planned.actions, [problem.reason for problem in planned.problems]) == ((), ["WrongDeployment"])


@pytest.mark.parametrize(
    ("age", "met"), [(timedelta(hours=1), False), (timedelta(seconds=30), True), (-timedelta(hours=1), True)]
)
def test_a_request_from_before_the_index_was_made_came_with_a_copy_and_is_not_met(age: timedelta, met: bool) -> None:
    seen = observed()
    asked = (seen.created - age).isoformat()
    seen = replace(seen, annotations={RETRAIN_AT: asked})
    assert (pending(seen, RETRAIN_AT) is not None) is met
    # Recorded as over, so that nobody reads that it is still waited for.
    assert (settled(seen, newest_view(seen), RETRAIN_AT) == asked) is not met


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ({"containerStatuses": [{"state": {"waiting": PULL}}]}, "ImagePullBackOff: no such image"),
        (
            {
                "containerStatuses": [
                    {"state": {"waiting": CRASH}, "lastState": {"terminated": {"message": "error: TOP_N='many'\n"}}}
                ]
            },
            "CrashLoopBackOff: error: TOP_N='many'",
        ),
        ({"containerStatuses": [{"state": {"waiting": CRASH}}]}, "CrashLoopBackOff: back-off 10s"),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"}
                ]
            },
            "Unschedulable: no room",
        ),
        ({"containerStatuses": [{"state": {"running": {}}}], "phase": "Running"}, None),
        ({}, None),
    ],
)
def test_a_pod_says_why_it_waits(status: Json, why: str | None) -> None:
    assert why_waiting({"status": status}) == why


def test_a_pod_that_says_nothing_is_told_by_its_phase() -> None:
    assert why_not_running({"status": {"phase": "Pending"}}) == "Pending"
    assert why_not_running({}) == "not started yet"
