"""Asking the API's pods what they serve: whatever they answer, nothing is raised and no tick is held up."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from time import monotonic

import pytest
from pydantic import JsonValue

from tests.component.operator.served import Answer, Asked, Served, saying, serving
from tests.support.operator.seen import summary
from vinymatic_operator.observe.replicas import Replicas
from vinymatic_operator.observe.seen import ReplicaSeen
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import ApiWorkload

pytestmark = pytest.mark.component

GOOD: Json = {
    "index": summary().model_dump(),
    "serving": {"manifest": 5, "epoch": 0, "staleness_s": 0.4, "last_error": None, "more": 1},
    "searches": {"answered": 12, "failed": 1},
}


@pytest.fixture
def replicas() -> Iterator[Replicas]:
    with ThreadPoolExecutor(8) as threads:
        yield Replicas(threads)


def pod(name: str = "api-0", address: str | None = "127.0.0.1", phase: str = "Running", **metadata: JsonValue) -> Json:
    env: Json = {
        "name": "api",
        "env": [{"name": "INDEX_EPOCH", "value": "3"}, {"name": "INDEX_MIN_MANIFEST", "value": "5"}],
    }
    status: Json = {"phase": phase, "conditions": [{"type": "Ready", "status": "True"}]}
    if address is not None:
        status["podIP"] = address
    return {"metadata": {"name": name, **metadata}, "spec": {"containers": [env]}, "status": status}


def asked(replicas: Replicas, answer: Answer) -> ReplicaSeen:
    with serving(answer) as served:
        (seen,) = replicas.ask_all([pod()], ApiWorkload(deployment="api", port=served.port))
        assert [request.path for request in served.asked] == ["/v1/index"]
    return seen


def test_a_pod_says_what_it_serves(replicas: Replicas) -> None:
    seen = asked(replicas, saying(200, GOOD))
    assert (seen.pod, seen.ready, seen.epoch, seen.min_manifest, seen.problem) == ("api-0", True, 3, 5, None)
    assert seen.answer is not None
    assert (seen.answer.index, seen.answer.manifest, seen.answer.epoch) == (summary(), 5, 0)
    assert (seen.answer.staleness_seconds, seen.answer.answered, seen.answer.failed) == (0.4, 12, 1)


def test_an_older_api_that_counts_no_searches_is_understood(replicas: Replicas) -> None:
    seen = asked(replicas, saying(200, {name: value for name, value in GOOD.items() if name != "searches"}))
    assert seen.answer is not None
    assert seen.answer.answered == 0


def test_the_apis_own_problem_is_told_with_its_code(replicas: Replicas) -> None:
    seen = asked(replicas, saying(503, {"error": {"code": "no_index", "message": "nothing is committed"}}))
    assert (seen.answer, seen.problem) == (None, ("no_index", "nothing is committed"))


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (500, b"<html>", "odd_answer"),
        (404, {"detail": "Not Found"}, "odd_answer"),
        (503, b"[" * 100_000, "odd_answer"),
        (200, b"[" * 100_000, "odd_answer"),
        (200, b"", "odd_answer"),
        (200, b"\x00\xff", "odd_answer"),
        (200, {}, "odd_answer"),
        (200, [1], "odd_answer"),
        (200, {**GOOD, "serving": {"manifest": "five"}}, "odd_answer"),
        (301, b"", "odd_answer"),
    ],
)
def test_an_answer_that_is_not_understood_is_told(replicas: Replicas, status: int, body: object, code: str) -> None:
    seen = asked(replicas, saying(status, body, Location="http://127.0.0.1:1/"))
    assert seen.answer is None
    assert seen.problem is not None
    assert seen.problem[0] == code


def test_no_more_than_a_megabyte_is_read(replicas: Replicas) -> None:
    seen = asked(replicas, saying(200, b'{"index": "' + b"x" * 5_000_000))
    assert seen.problem is not None
    assert seen.problem[0] == "odd_answer"


def test_after_an_answer_that_was_not_read_to_its_end_the_next_one_is_read_from_its_beginning(
    replicas: Replicas,
) -> None:
    answers = iter([b"x" * 3_000_000, b"y" * 1_500_000])

    def answer(handler: BaseHTTPRequestHandler, request: Asked, served: Served) -> None:
        saying(200, next(answers, GOOD))(handler, request, served)

    with serving(answer) as served:
        api = ApiWorkload(deployment="api", port=served.port)
        seen = [replicas.ask_all([pod()], api)[0] for _ in range(3)]
    assert [found.answer is not None for found in seen] == [False, False, True]


def test_a_pod_that_breaks_off_is_told(replicas: Replicas) -> None:
    def broken(handler: BaseHTTPRequestHandler, request: Asked, served: Served) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "1000")
        handler.end_headers()
        handler.wfile.write(b'{"index"')
        handler.close_connection = True

    seen = asked(replicas, broken)
    assert seen.problem is not None
    assert seen.problem[0] == "unreachable"


def test_a_pod_that_never_answers_is_told(replicas: Replicas) -> None:
    def silent(handler: BaseHTTPRequestHandler, request: Asked, served: Served) -> None:
        served.over.wait(60)
        handler.close_connection = True

    begun = monotonic()
    seen = asked(replicas, silent)
    assert seen.problem is not None
    assert seen.problem[0] == "unreachable"
    assert monotonic() - begun < 15


def test_a_pod_that_answers_a_byte_at_a_time_holds_nothing_up(replicas: Replicas) -> None:
    def dripping(handler: BaseHTTPRequestHandler, request: Asked, served: Served) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100000")
        handler.end_headers()
        for _ in range(150):
            handler.wfile.write(b" ")
            if served.over.wait(0.2):
                break
        handler.close_connection = True

    begun = monotonic()
    seen = asked(replicas, dripping)
    assert seen.problem is not None
    assert seen.problem[0] == "unreachable"
    assert monotonic() - begun < 15


def test_a_pod_that_refuses_is_told(replicas: Replicas) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (seen,) = replicas.ask_all([pod()], ApiWorkload(deployment="api", port=taken.getsockname()[1]))
    assert seen.problem is not None
    assert seen.problem[0] == "unreachable"


@pytest.mark.parametrize("address", ["", "no such.host", "999.1.2.3", "::zz", "a" * 300])
def test_an_odd_address_is_told(replicas: Replicas, address: str) -> None:
    (seen,) = replicas.ask_all([pod(address=address)], ApiWorkload(deployment="api", port=1))
    assert seen.problem is not None
    assert seen.problem[0] == "unreachable"


def test_pods_are_asked_side_by_side_and_told_in_order(replicas: Replicas) -> None:
    with serving(saying(200, GOOD)) as served:
        pods = [pod(f"api-{n}") for n in range(20)]
        seen = replicas.ask_all(pods, ApiWorkload(deployment="api", port=served.port))
    assert [found.pod for found in seen] == [f"api-{n}" for n in range(20)]
    assert all(found.answer is not None for found in seen)


def test_a_pod_that_goes_is_not_asked(replicas: Replicas) -> None:
    assert replicas.ask_all([pod(deletionTimestamp="2026-03-01T12:00:00Z")], ApiWorkload(deployment="api")) == ()


@pytest.mark.parametrize(
    ("phase", "waiting", "why"),
    [
        ("Pending", {"reason": "ImagePullBackOff", "message": "no such image"}, "ImagePullBackOff: no such image"),
        ("Pending", {}, "Pending"),
        ("Failed", {}, "Failed"),
    ],
)
def test_a_pod_that_does_not_run_says_why(replicas: Replicas, phase: str, waiting: Json, why: str) -> None:
    body = pod(phase=phase)
    status = body["status"]
    assert isinstance(status, dict)
    status["containerStatuses"] = [{"state": {"waiting": waiting}}]
    (seen,) = replicas.ask_all([body], ApiWorkload(deployment="api"))
    assert seen.problem == ("not_running", why)
