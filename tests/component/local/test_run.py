"""`make run` as a person runs it: the whole pipeline in processes of its own, on free ports."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.layout import Folders
from local.servers import Ministack, free_ports
from local.servers.ports import is_free
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.component

VARIABLES = ("MINISTACK_PORT", "PORT", "METRICS_PORT", "CADDY_HTTP_PORT", "CADDY_HTTPS_PORT")
COUNT = 6
DEADLINE = 240


def environment() -> dict[str, str]:
    ports = dict(zip(VARIABLES, map(str, free_ports(len(VARIABLES))), strict=True))
    return {**os.environ, **ports, "PYTHONUNBUFFERED": "1"}


def command(data: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "local.run", "--data", str(data), "--demo-covers", str(COUNT), *arguments]


def run(data: Path, *arguments: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command(data, *arguments),
        env=env or environment(),
        capture_output=True,
        text=True,
        timeout=DEADLINE,
        check=False,
    )


@contextmanager
def staying(
    data: Path, env: dict[str, str], until: str = "Ctrl-C stops everything"
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A run without --check, and what it has said so far, once it has said `until`."""
    process = subprocess.Popen(
        command(data), env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        assert process.stdout is not None
        said = ""
        for line in process.stdout:
            said += line
            if until in line:
                break
        else:
            pytest.fail(f"it ended: {said}{process.communicate()}")
        yield process, said
    finally:
        if process.poll() is None:
            process.terminate()
            process.communicate(timeout=DEADLINE)


def until_free(env: dict[str, str]) -> None:
    deadline = time.monotonic() + 60
    while not all(is_free(int(env[name])) for name in VARIABLES):
        assert time.monotonic() < deadline, "a server outlived the run"
        time.sleep(0.05)


def children(pid: int) -> dict[str, int]:
    """The run's servers: pid by command line."""
    pids = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return {Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ").decode().strip(): child for child in pids}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a first run that went well."""
    data = tmp_path_factory.mktemp("local")
    first = run(data, "--check")
    assert first.returncode == 0, first.stdout + first.stderr
    assert f"0 covers were in the bucket, {COUNT} were uploaded" in first.stdout
    assert f"{COUNT} covers are searchable" in first.stdout
    return data


def test_a_second_run_finds_its_data_and_stays_until_ctrl_c(data: Path) -> None:
    env = environment()
    with staying(data, env) as (process, said):
        curl = re.search(r"^  (curl .*)$", said, re.MULTILINE)
        assert curl is not None, said
        answer = subprocess.run(["bash", "-c", f"{curl[1]} --silent --fail"], capture_output=True, check=False)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=DEADLINE)
    assert f"{COUNT} covers were in the bucket, 0 were uploaded" in said
    printed = [json.loads(line) for line in said.splitlines() if line.startswith("  {")]
    assert json.loads(answer.stdout) == printed[0]
    assert len(printed[0]) == 1
    assert printed[1] == {}
    assert process.returncode == 0, out + err
    assert "Traceback" not in err
    until_free(env)


@pytest.mark.skipif(sys.platform != "linux", reason="finds the child by /proc")
def test_when_a_server_dies_it_is_named_and_the_rest_is_stopped(data: Path) -> None:
    env = environment()
    with staying(data, env) as (process, _):
        (api,) = [pid for words, pid in children(process.pid).items() if words.endswith("vinymatic serve")]
        os.kill(api, signal.SIGKILL)
        _, err = process.communicate(timeout=DEADLINE)
    assert process.returncode == 1
    assert re.search(r"^error: api ended with code -9; its log \(.*api\.log\) ends:\n.+", err, re.MULTILINE), err
    assert "Traceback" not in err
    until_free(env)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends the children of a killed process")
def test_kill_9_of_the_run_leaves_no_server_behind(data: Path) -> None:
    env = environment()
    with staying(data, env, until="HTTPS") as (process, _):
        process.kill()
        process.communicate(timeout=DEADLINE)
    until_free(env)


def test_a_busy_port_is_one_line(data: Path, ministack: Ministack) -> None:
    busy = run(data, "--check", env={**environment(), "CADDY_HTTPS_PORT": str(ministack.port)})
    assert busy.returncode == 1
    assert busy.stderr == (
        f"error: port {ministack.port} (HTTPS) is in use: stop what listens there, or set CADDY_HTTPS_PORT to another\n"
    )


def test_a_setting_that_is_not_allowed_is_one_line(data: Path) -> None:
    bad = run(data, "--check", env={**environment(), "TOP_N": "0"})
    assert bad.returncode == 1
    assert bad.stderr == "error: TOP_N='0': allowed is a whole number from 1 to 100\n"


def test_ones_own_scans_are_searched_and_a_bad_one_is_named(tmp_path: Path) -> None:
    scans, data = tmp_path / "my scans", tmp_path / "data"
    (scans / "Blue & Höher").mkdir(parents=True)
    for number in range(3):
        (scans / "Blue & Höher" / f"#{number} 50% 🎵?.jpg").write_bytes(sleeve(100 + number).jpeg())
    (scans / "broken.jpg").write_bytes(sleeve(200).jpeg()[:9_000])
    (scans / "notes.txt").write_text("no image")
    # An upload of an earlier run whose message was lost: ministack's queue does not survive a kill -9.
    with Ministack(Folders(data / "own").ministack) as ministack:
        ministack.s3().create_bucket(Bucket="covers")
        ministack.s3().put_object(Bucket="covers", Key="earlier.jpg", Body=sleeve(300).jpeg())
        ministack.kill()
    own = run(data, "--covers", str(scans), "--check")
    assert own.returncode == 0, own.stdout + own.stderr
    assert "1 covers were in the bucket, 4 were uploaded" in own.stdout
    assert "refused: broken.jpg: " in own.stdout
    assert "4 covers are searchable" in own.stdout


@pytest.mark.parametrize("make", [True, False])
def test_a_folder_without_images_is_one_line(tmp_path: Path, make: bool) -> None:
    folder = tmp_path / "scans"
    if make:
        folder.mkdir()
    empty = run(tmp_path / "data", "--covers", str(folder), "--check")
    assert empty.returncode == 1
    assert re.fullmatch(r"error: .*scans: no .*\n", empty.stderr)
    assert not (tmp_path / "data").exists()
