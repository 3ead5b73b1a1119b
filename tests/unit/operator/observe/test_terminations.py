"""What the pods of a Job that ended said, put together into one result."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.operator.seen import job, summary
from vinymatic_operator.observe.result import parse_result
from vinymatic_operator.observe.seen import JobSeen, JobState
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.terminations import result_of
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

GOOD = job(Step.ENCODE, "e1", state=JobState.SUCCEEDED)
BAD = job(Step.GATE, "e1", state=JobState.FAILED, failure="BackoffLimitExceeded: too many")


def pod(code: int, message: str = "", at: str = "2026-03-01T12:00:00Z", **state: Any) -> Json:
    ended: Json = {"exitCode": code, "message": message, "finishedAt": at, **state}
    return {"status": {"phase": "Failed", "containerStatuses": [{"state": {"terminated": ended}}]}}


def done(manifest: int | None = None, **outcome: Any) -> str:
    index = None if manifest is None else summary(manifest=manifest).model_dump()
    return json.dumps({"outcome": outcome, "index": index})


def error_of(made: JobSeen, *pods: Json) -> str:
    return parse_result(result_of(made, pods)).error


def test_one_pod_that_did_its_work_says_what_came_of_it() -> None:
    assert result_of(GOOD, [pod(0, done(5, encoded=3))]) == done(5, encoded=3)


def test_of_the_pods_of_an_indexed_job_the_newest_state_of_the_index_counts() -> None:
    pods = [pod(0, done(7, part=1)), pod(0, done(9, part=2)), pod(0, done(8, part=3)), pod(0, done(None, part=4))]
    assert result_of(GOOD, pods) == done(9, part=2)


def test_a_pod_that_failed_before_another_did_it_does_not_count() -> None:
    pods = [pod(1, "Traceback"), pod(0, done(5)), pod(137, reason="OOMKilled")]
    assert result_of(GOOD, pods) == done(5)


@pytest.mark.parametrize("pods", [[], [pod(0)], [pod(0, "done!")]])
def test_an_image_that_writes_no_results_did_its_work_all_the_same(pods: list[Json]) -> None:
    assert parse_result(result_of(GOOD, pods)).outcome == {}


def test_a_gate_that_did_not_pass_is_an_outcome() -> None:
    assert parse_result(result_of(BAD, [pod(1, done(passed=False))])).outcome == {"passed": False}


def test_an_error_that_the_command_explained_stays_its_own() -> None:
    said = json.dumps({"error": {"code": "storage_denied", "message": "no key"}})
    assert result_of(BAD, [pod(1, said)]) == said


def test_the_last_pod_that_failed_says_why() -> None:
    pods = [
        pod(1, "third", "2026-03-01T12:03:00Z"),
        pod(1, "first", "2026-03-01T12:01:00Z"),
        pod(1, "second", "2026-03-01T12:02:00Z"),
    ]
    assert error_of(BAD, *pods) == "exit code 1: third"


def test_of_a_log_the_last_line_is_told() -> None:
    assert (
        error_of(BAD, pod(1, "Traceback:\n  File x\n\nMemoryError  \n \n", reason="Error"))
        == "exit code 1: MemoryError"
    )


def test_a_pod_that_was_killed_for_memory_says_so() -> None:
    assert error_of(BAD, pod(137, reason="OOMKilled")) == "exit code 137 (OOMKilled)"


def test_a_pod_that_was_evicted_says_so() -> None:
    evicted: Json = {"status": {"phase": "Failed", "reason": "Evicted", "message": "the node was low on memory"}}
    assert error_of(BAD, evicted) == "exit code 137 (Evicted): the node was low on memory"


@pytest.mark.parametrize("pods", [[], [{}], [pod(0, done())], [{"status": {"phase": "Running"}}]])
def test_without_a_pod_that_failed_the_jobs_own_condition_is_told(pods: list[Json]) -> None:
    assert error_of(BAD, *pods) == "BackoffLimitExceeded: too many"


def test_without_anything_that_is_said() -> None:
    silent = job(Step.GATE, "e1", state=JobState.FAILED)
    assert error_of(silent) == "its pods are gone, and with them what they said"


def test_a_long_last_line_is_cut() -> None:
    assert len(error_of(BAD, pod(1, "x" * 4_096))) < 1_100
