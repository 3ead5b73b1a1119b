"""The process: its health, its limits, its start and its end."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from local.servers.ports import HOST, free_ports
from local.servers.process import clean_environment, tool
from tests.component.api.conftest import IDS
from tests.component.api.running import DEADLINE, RunningApi, error_of, wait_for
from tests.support.index import photo_of
from vinymatic.index.score_weights import SHIPPED
from vinymatic.lifecycle.summary import IndexSummary

pytestmark = pytest.mark.component


def test_ready_says_what_is_served(api: RunningApi) -> None:
    ready = api.ready()
    assert {key: ready[key] for key in ("status", "manifest", "epoch", "covers", "segments", "last_error")} == {
        "status": "ready",
        "manifest": 2,
        "epoch": 0,
        "covers": len(IDS),
        "segments": 1,
        "last_error": None,
    }
    assert ready["staleness_s"] <= ready["max_staleness_s"] < DEADLINE


def test_the_index_served_is_summed_up_for_whoever_looks_after_it(few_api: RunningApi) -> None:
    few_api.search(photo_of(0))
    few_api.search(b"no photo at all", "/v1/search")
    answer = few_api.client.get("/v1/index").json()
    summary = IndexSummary.model_validate(answer["index"])
    assert (summary.manifest, summary.covers, summary.active_epoch, summary.candidate_epoch) == (2, 2, 0, None)
    assert answer["serving"].items() >= {"manifest": 2, "epoch": 0, "covers": 2, "last_error": None}.items()
    assert answer["serving"]["staleness_s"] <= answer["serving"]["max_staleness_s"] < DEADLINE
    assert answer["score"] == {"weights": SHIPPED.name, "sha256": SHIPPED.sha256}
    assert answer["searches"] == {"answered": 2, "failed": 0}


def test_paths_and_methods_that_are_not_there_are_answered_in_the_one_shape(api: RunningApi) -> None:
    assert error_of(api.client.get("/nothing"))["code"] == "not_found"
    assert error_of(api.client.get("/v1/covers/"))["code"] == "not_found"
    response = api.client.get("/search")
    assert (response.status_code, error_of(response)["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "POST"
    assert set(api.client.patch("/v1/covers/x").headers["allow"].split(", ")) == {"GET", "DELETE"}


def test_metrics_tell_of_searches_and_name_no_path(api: RunningApi) -> None:
    before = api.metric("vinymatic_searches_total", verdict="match")
    api.search(photo_of(0))
    api.client.get("/v1/covers/never-a-label")
    text = api.client.get("/metrics").text
    assert "never-a-label" not in text
    assert api.metric("vinymatic_searches_total", verdict="match") == before + 1
    families = {family.name: family for family in text_string_to_metric_families(text)}
    steps = {sample.labels["step"] for sample in families["vinymatic_search_step_seconds"].samples}
    assert steps == {"decode", "extract", "shortlist", "verify", "score"}
    routes = {sample.labels["route"] for sample in families["vinymatic_requests"].samples}
    assert {"/search", "/v1/covers/{id}"} <= routes
    assert api.metric("vinymatic_snapshot_covers") == len(IDS)
    assert api.metric("vinymatic_search_threads") == 2
    assert api.metric("vinymatic_requests_in_flight") == 1  # this very one


def test_a_full_queue_answers_503_with_retry_after_and_loses_nobody(few: Path) -> None:
    clients = 12
    with RunningApi(few, {"SEARCH_THREADS": "1", "QUEUE_SIZE": "1"}) as api:
        api.wait_ready(manifest=2)
        photo, start = photo_of(0), threading.Barrier(clients)

        def ask() -> httpx.Response:
            start.wait(DEADLINE)
            return httpx.post(f"{api.url}/search", content=photo, timeout=DEADLINE)

        with ThreadPoolExecutor(clients) as pool:
            responses = [future.result() for future in [pool.submit(ask) for _ in range(clients)]]
        refused = [response for response in responses if response.status_code == 503]
        served = [response for response in responses if response.status_code == 200]
        assert len(refused) + len(served) == clients
        assert refused
        assert served
        assert {error_of(response)["code"] for response in refused} == {"queue_full"}
        assert {int(response.headers["retry-after"]) for response in refused} == {1}
        assert {next(iter(response.json())) for response in served} == {IDS[0]}
        assert api.search(photo).status_code == 200


def test_sigterm_finishes_what_has_begun_and_ends_with_0(few: Path) -> None:
    photo = photo_of(0)
    with RunningApi(few) as api:
        api.wait_ready(manifest=2)
        with socket.create_connection((HOST, api.port), DEADLINE) as upload:
            head = f"POST /search HTTP/1.1\r\nhost: x\r\ncontent-length: {len(photo)}\r\n\r\n"
            upload.sendall(head.encode() + photo[:1_000])
            # Begun means that the server has read the head; the metrics count this request and their own.
            wait_for(lambda: api.metric("vinymatic_requests_in_flight") == 2, "the upload has begun")
            api.process.send_signal(signal.SIGTERM)
            wait_for(lambda: not listens(api.port), "no new connections")
            upload.sendall(photo[1_000:])
            answer = b""
            while part := upload.recv(65_536):
                answer += part
        assert api.process.wait(DEADLINE) == 0
    head_, _, body = answer.partition(b"\r\n\r\n")
    assert head_.startswith(b"HTTP/1.1 200 ")
    assert list(json.loads(body)) == [IDS[0]]
    assert "Traceback" not in api.process.log.read_text()


def listens(port: int) -> bool:
    try:
        with socket.create_connection((HOST, port), 1):
            return True
    except ConnectionRefusedError:
        return False


def refused_start(settings: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(**{"BACKUP_FOLDER": str(folder), "HOST": HOST, **settings})
    return subprocess.run(
        [tool("vinymatic"), "serve"], env=environment, capture_output=True, text=True, timeout=DEADLINE
    )


def test_a_bad_setting_stops_the_start_with_one_line(tmp_path: Path) -> None:
    ended = refused_start({"SIFT_DIMENSIONS": "127"}, tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert "SIFT_DIMENSIONS='127'" in line


def test_a_busy_port_stops_the_start_with_one_line(tmp_path: Path) -> None:
    with socket.create_server((HOST, free_ports(1)[0])) as taken:
        port = taken.getsockname()[1]
        ended = refused_start({"PORT": str(port)}, tmp_path)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert str(port) in line
    assert "in use" in line
