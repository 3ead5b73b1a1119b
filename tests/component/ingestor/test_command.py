"""`vinymatic ingest` as a process: its signals, its exit codes, its log."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import urllib.request
from pathlib import Path

import pytest

from local.servers.ports import HOST, free_ports
from local.servers.process import clean_environment
from tests.component.ingestor.harness import COMMAND, World, environment, eventually, process
from tests.support.index import cover
from tests.support.servers import Pipeline

pytestmark = pytest.mark.component


def prepared_covers(variables: dict[str, str]) -> float:
    """How many requests the pool has answered, by the process's own metrics."""
    with urllib.request.urlopen(f"http://{HOST}:{variables['METRICS_PORT']}/metrics", timeout=30) as answer:
        text: str = answer.read().decode()
    found = re.search(r"^vinymatic_ingestor_work_seconds_count (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def counted(log: Path, event: str) -> int:
    return log.read_text().count(f" event={event} ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_commits_what_is_done_returns_the_rest_and_exits_with_0(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path, number: signal.Signals
) -> None:
    # A batch that never fills and never gets old: only the stop commits it. Room for 2 × 40 + 1 messages in hand.
    variables = environment(
        pipeline, index_folder.parent, BATCH_AGE="600", BATCH_SIZE="40", INGEST_THREADS="1", VISIBILITY_TIMEOUT="3600"
    )
    for key in range(30):
        world.put(f"{key}.jpg", cover(key % 4).jpeg())
    eventually(lambda: world.waiting()[0] == 31, "all events are in the queue")
    with process(variables, tmp_path) as ingestor:
        eventually(lambda: prepared_covers(variables) >= 3, "some covers are ready")
        ingestor.send_signal(number)
        assert ingestor.wait(60) == 0
    log = (tmp_path / "ingestor.log").read_text()
    visible, hidden = world.waiting()
    assert hidden == 0, "a message stays hidden for an hour"
    assert len(world.covers()) >= 3
    assert visible == 30 - len(world.covers()), log
    assert "event=stopped" in log
    assert "Traceback" not in log


def test_a_stop_while_nothing_is_in_hand_is_quick_and_clean(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path
) -> None:
    with process(environment(pipeline, index_folder.parent), tmp_path) as ingestor:
        eventually(lambda: world.waiting() == (0, 0), "the test event is acknowledged")
        ingestor.send_signal(signal.SIGTERM)
        assert ingestor.wait(60) == 0


def test_the_log_has_one_line_for_each_commit(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path
) -> None:
    with process(environment(pipeline, index_folder.parent, DEBUG="true"), tmp_path) as ingestor:
        for key in ("a b.jpg", "c.jpg"):
            world.put(key, cover(0).jpeg())
            eventually(lambda key=key: key in world.covers(), "it is searchable")  # type: ignore[misc]
        world.put("line\nbreak.jpg", b"bad")
        eventually(lambda: world.reject("line\nbreak.jpg") is not None, "it is refused")
        eventually(lambda: world.waiting() == (0, 0), "all is acknowledged")
    assert ingestor.exit_code == 0
    text = ingestor.log.read_text()
    assert counted(ingestor.log, "commit") == 2
    assert "added=1 replaced=0 deleted=0 unchanged=0 seconds=0." in text
    assert 'key="line\\nbreak.jpg"' in text
    assert "level=DEBUG logger=vinymatic_ingestor" in text
    assert "botocore" not in text


def failed_start(variables: dict[str, str]) -> tuple[int, str]:
    done = subprocess.run(COMMAND, env=clean_environment(**variables), capture_output=True, text=True, timeout=60)
    return done.returncode, done.stderr


def test_a_bad_setting_is_one_line_and_exit_code_2(pipeline: Pipeline, tmp_path: Path) -> None:
    good = environment(pipeline, tmp_path)
    for name, value, part in [
        ("BATCH_SIZE", "many", "BATCH_SIZE='many': allowed is a whole number from 1 to 10000"),
        ("SQS_QUEUE_URL", "", "SQS_QUEUE_URL=''"),
        ("S3_BUCKET", "", "S3_BUCKET=''"),
        ("S3_ACCESS_KEY_ID", "", "S3_ACCESS_KEY_ID=''"),
        ("VISIBILITY_TIMEOUT", "1", "VISIBILITY_TIMEOUT='1'"),
    ]:
        code, error = failed_start({**good, name: value})
        assert code == 2, error
        assert error.count("\n") == 1, error
        assert part in error


def test_a_port_in_use_is_one_line_and_exit_code_2(pipeline: Pipeline, tmp_path: Path) -> None:
    with socket.socket() as taken:
        port = free_ports(1)[0]
        taken.bind((HOST, port))
        taken.listen()
        code, error = failed_start(environment(pipeline, tmp_path, METRICS_PORT=str(port)))
    assert code == 2
    assert f"METRICS_PORT='{port}'" in error
    assert error.count("\n") == 1


def test_killed_at_random_moments_under_load_every_cover_is_there_once(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path
) -> None:
    variables = environment(pipeline, index_folder.parent, BATCH_SIZE="4", VISIBILITY_TIMEOUT="5")
    etags = {f"{key}.jpg": world.put(f"{key}.jpg", cover(key % 8).jpeg()) for key in range(40)}
    for least in (4, 12):
        with process(variables, tmp_path) as ingestor:
            eventually(lambda least=least: len(world.covers()) >= least, "some are searchable")  # type: ignore[misc]
            os.kill(ingestor.pid, signal.SIGKILL)
            ingestor.wait(30)
    with process(variables, tmp_path):
        eventually(lambda: world.covers().keys() == etags.keys(), f"all are searchable, {len(world.covers())} are")
        eventually(lambda: world.waiting() == (0, 0), "all is acknowledged")
    assert {key: entry.etag for key, entry in world.covers().items()} == etags
