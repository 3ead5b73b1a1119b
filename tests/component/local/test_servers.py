"""The supervisors: start until it answers, stop, kill -9, start again on the same state."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from local.errors import BusyPortError, MissingToolError, ServerStartError
from local.servers import Ministack, SeaweedFS, free_ports, require_free
from local.servers.process import ServerProcess, clean_environment, tool
from tests.support.servers import Pipeline

pytestmark = pytest.mark.component


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("kind", [Ministack, SeaweedFS])
def test_objects_survive_a_stop_and_a_kill(kind: type[Ministack | SeaweedFS], tmp_path: Path) -> None:
    with kind(tmp_path) as server:
        server.s3().create_bucket(Bucket="covers")
        server.s3().put_object(Bucket="covers", Key="a", Body=b"first")
        server.stop()
        server.start()
        server.s3().put_object(Bucket="covers", Key="b", Body=b"second")
        server.kill()
        assert not server.running
        server.start()
        read = [server.s3().get_object(Bucket="covers", Key=key)["Body"].read() for key in ("a", "b")]
        pid = server.pid
    assert read == [b"first", b"second"]
    assert not alive(pid)


def test_a_created_object_arrives_in_the_queue(pipeline: Pipeline) -> None:
    pipeline.s3.put_object(Bucket=pipeline.bucket, Key="Blue Note/è #1?.jpg", Body=b"x")
    names = []
    deadline = time.monotonic() + 60
    while "ObjectCreated:Put" not in names and time.monotonic() < deadline:
        for message in pipeline.sqs.receive_message(QueueUrl=pipeline.queue_url, WaitTimeSeconds=5).get("Messages", []):
            names += [record["eventName"] for record in json.loads(message["Body"]).get("Records", [])]
    assert names == ["ObjectCreated:Put"]


def sleeper(
    script: str, log: Path, *, ready: bool, start_seconds: float = 60, stop_seconds: float = 20
) -> ServerProcess:
    return ServerProcess(
        "sleeper",
        [tool("python"), "-c", script],
        log=log,
        ready=lambda: ready or "up" in (log.read_text() if log.exists() else ""),
        environment=clean_environment(),
        start_seconds=start_seconds,
        stop_seconds=stop_seconds,
    )


def test_a_server_that_ends_while_starting_is_named_with_the_end_of_its_log(tmp_path: Path) -> None:
    server = sleeper("print('no such disk'); raise SystemExit(3)", tmp_path / "log", ready=False)
    with pytest.raises(ServerStartError, match=r"sleeper ended with code 3 .*\nno such disk"):
        server.start()


def test_a_server_that_never_answers_is_ended_at_its_deadline(tmp_path: Path) -> None:
    server = sleeper("import time; time.sleep(600)", tmp_path / "log", ready=False, start_seconds=0.3)
    with pytest.raises(ServerStartError, match="did not answer"):
        server.start()
    assert not server.running


def test_a_server_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
    )
    with sleeper(script, tmp_path / "log", ready=False, stop_seconds=0.2) as server:
        pass
    assert server.exit_code == -9


def test_a_busy_port_is_named_with_what_it_is_for(ministack: Ministack) -> None:
    with pytest.raises(BusyPortError, match=f"port {ministack.port} \\(S3\\) is in use.*S3_PORT"):
        require_free(ministack.port, "S3", "S3_PORT")


def test_free_ports_are_different() -> None:
    ports = free_ports(20)
    assert len(set(ports)) == 20


def test_a_missing_tool_says_what_to_do() -> None:
    with pytest.raises(MissingToolError, match="make venv"):
        tool("no-such-tool-here")
