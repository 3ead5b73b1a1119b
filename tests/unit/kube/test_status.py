"""A pod's status from its containers' states."""

from __future__ import annotations

import pytest

from tests.kube.api import Object
from tests.kube.kubelet.status import (
    ContainerRecord,
    conditions,
    phase,
    pod_status,
    restarts,
    restored,
    termination_message,
)

pytestmark = pytest.mark.unit

RUNNING: Object = {"running": {"startedAt": "2026-01-01T00:00:00Z"}}
WAITING: Object = {"waiting": {"reason": "PodInitializing"}}


def done(code: int) -> Object:
    return {"terminated": {"exitCode": code}}


def records(*states: Object) -> list[ContainerRecord]:
    return [ContainerRecord(f"c{number}", "image", state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("init", "main", "expected"),
    [
        ([], [WAITING], "Pending"),
        ([], [RUNNING], "Running"),
        ([], [RUNNING, WAITING], "Running"),
        ([], [done(0)], "Succeeded"),
        ([], [done(0), done(1)], "Failed"),
        ([], [done(1), RUNNING], "Running"),
        ([RUNNING], [WAITING], "Pending"),
        ([done(0)], [RUNNING], "Running"),
        ([done(1)], [WAITING], "Failed"),
    ],
)
def test_the_phase(init: list[Object], main: list[Object], expected: str) -> None:
    assert phase(records(*init), records(*main)) == expected


def test_a_container_that_waits_to_be_started_again_leaves_the_pod_running() -> None:
    (record,) = records(WAITING)
    record.last_state = done(1)
    assert phase([], [record]) == "Running"


@pytest.mark.parametrize(
    ("policy", "code", "expected"),
    [
        ("Always", 0, True),
        ("Always", 1, True),
        ("OnFailure", 0, False),
        ("OnFailure", 1, True),
        ("Never", 0, False),
        ("Never", 1, False),
    ],
)
def test_what_is_started_again(policy: str, code: int, expected: bool) -> None:
    assert restarts(policy, code) is expected


def test_a_condition_keeps_its_time_while_it_stays() -> None:
    (record,) = records(RUNNING)
    first = conditions([], [record], [], "1")
    record.ready = True
    second = {item["type"]: item for item in conditions([], [record], first, "2")}
    assert {name: item["lastTransitionTime"] for name, item in second.items()} == {
        "PodScheduled": "1",
        "Initialized": "1",
        "ContainersReady": "2",
        "Ready": "2",
    }
    assert second["Ready"]["status"] == "True"


def test_the_time_of_the_start_stays() -> None:
    status = pod_status([], records(RUNNING), before={"startTime": "1"}, pod_ip="127.1.1.1", at="2")
    assert (status["startTime"], status["podIPs"]) == ("1", [{"ip": "127.1.1.1"}])


@pytest.mark.parametrize(
    ("written", "log", "code", "policy", "message"),
    [
        (b"said", b"log", 1, "FallbackToLogsOnError", "said"),
        (b"", b"log", 1, "FallbackToLogsOnError", "log"),
        (b"", b"log", 0, "FallbackToLogsOnError", ""),
        (b"", b"log", 1, "File", ""),
        (b"a" * 5_000, b"", 0, "File", "a" * 4_096),
        (b"", b"b" * 3_000 + b"c", 1, "FallbackToLogsOnError", "b" * 2_047 + "c"),
        ("è".encode() * 2_049 + b"x", b"", 0, "File", "è" * 2_048),
        (b"x" + "è".encode() * 2_048, b"", 0, "File", "x" + "è" * 2_047),
    ],
)
def test_the_termination_message(written: bytes, log: bytes, code: int, policy: str, message: str) -> None:
    assert termination_message(written, log, exit_code=code, policy=policy) == message


def test_what_ran_under_an_earlier_kubelet_has_ended_with_it() -> None:
    container = {"name": "main", "image": "image"}
    record = restored(container, [{"name": "main", "restartCount": 2, "state": RUNNING}])
    assert record.terminated is not None
    assert (record.terminated["exitCode"], record.restarts) == (137, 2)
    assert restored(container, []).state == WAITING
