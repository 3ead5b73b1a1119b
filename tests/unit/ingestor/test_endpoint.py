"""/metrics and /healthz over HTTP."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator

import pytest

from local.servers.ports import HOST, free_ports
from vinymatic.errors import SettingError, StorageDeniedError
from vinymatic_ingestor.endpoint import Endpoint
from vinymatic_ingestor.health import STALLED_AFTER_SECONDS, Health
from vinymatic_ingestor.metrics import Metrics

pytestmark = pytest.mark.unit


class Served:
    def __init__(self) -> None:
        self.now = 0.0
        self.metrics = Metrics()
        self.health = Health(lambda: self.now)
        self.port = free_ports(1)[0]
        self.endpoint = Endpoint(HOST, self.port, self.metrics, self.health)

    def get(self, path: str) -> tuple[int, str, bytes]:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.getheader("Content-Type", ""), answer.read()
        finally:
            connection.close()


@pytest.fixture
def served() -> Iterator[Served]:
    served = Served()
    served.endpoint.start()
    yield served
    served.endpoint.stop()


def test_metrics_are_in_prometheus_text(served: Served) -> None:
    served.metrics.rejects.labels("corrupt_image").inc()
    status, kind, body = served.get("/metrics")
    assert status == 200
    assert kind.startswith("text/plain")
    assert b'vinymatic_ingestor_rejects_total{code="corrupt_image"} 1.0' in body
    assert b'vinymatic_ingestor_covers_committed_total{change="deleted"} 0.0' in body


def test_a_degraded_process_is_alive_and_says_what_is_wrong(served: Served) -> None:
    served.health.failed("storage", StorageDeniedError("AccessDenied"))
    status, kind, body = served.get("/healthz")
    report = json.loads(body)
    assert (status, kind) == (200, "application/json")
    assert report["status"] == "degraded"
    assert report["problems"]["storage"]["message"] == "AccessDenied"


def test_a_stuck_loop_answers_503(served: Served) -> None:
    served.now = STALLED_AFTER_SECONDS
    status, _, body = served.get("/healthz")
    assert status == 503
    assert json.loads(body)["status"] == "stalled"


def test_other_paths_are_404(served: Served) -> None:
    assert served.get("/")[0] == 404


def test_a_port_that_is_taken_is_a_setting_that_is_not_allowed() -> None:
    with socket.socket() as taken:
        port = free_ports(1)[0]
        taken.bind((HOST, port))
        taken.listen()
        with pytest.raises(SettingError, match=f"METRICS_PORT='{port}'"):
            Endpoint(HOST, port, Metrics(), Health())
