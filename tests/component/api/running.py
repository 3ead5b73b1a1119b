"""The API as a process of its own, asked over a real connection."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from prometheus_client.parser import text_string_to_metric_families

from local.servers.answers import answers_http
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment, tool

DEADLINE = 60.0


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Polls; fails with `what` after a generous deadline."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"never happened: {what}")
        time.sleep(0.02)


class RunningApi:
    """`vinymatic serve` on the index in `folder`/index. Ready when it is alive; see `wait_ready`."""

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        self.port = free_ports(1)[0]
        self.url = f"http://{HOST}:{self.port}"
        given = {
            "BACKUP_FOLDER": str(folder),
            "HOST": HOST,
            "PORT": str(self.port),
            "SEARCH_THREADS": "2",
            "REFRESH_INTERVAL": "0.1",
            **(settings or {}),
        }
        self.process = ServerProcess(
            "api",
            [tool("vinymatic"), "serve"],
            log=folder / f"api-{self.port}.log",
            ready=lambda: answers_http(self.port, "/healthz"),
            environment=clean_environment(**given),
        )
        self.client = httpx.Client(base_url=self.url, timeout=DEADLINE)

    def __enter__(self) -> Self:
        self.process.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        self.process.stop()

    def search(self, photo: bytes, path: str = "/search", **options: Any) -> httpx.Response:
        """POSTs the photo as the body."""
        return self.client.post(path, content=photo, **options)

    def ready(self) -> dict[str, Any]:
        """The answer of /readyz, which must be 200."""
        response = self.client.get("/readyz")
        assert response.status_code == 200, response.text
        return dict(json.loads(response.text))

    def wait_ready(self, manifest: int = 1) -> None:
        def there() -> bool:
            response = self.client.get("/readyz")
            return response.status_code == 200 and response.json()["manifest"] >= manifest

        wait_for(there, f"the API serves manifest {manifest}")

    def metric(self, name: str, **labels: str) -> float:
        """The value of one sample; 0 where it is not there yet."""
        for family in text_string_to_metric_families(self.client.get("/metrics").text):
            for sample in family.samples:
                if sample.name == name and sample.labels == labels:
                    return float(sample.value)
        return 0.0


def error_of(response: httpx.Response) -> dict[str, Any]:
    """The error of a failed answer, after a look at its shape: nothing but the one shape, and no trace of Python."""
    body = response.json()
    assert list(body) == ["error"]
    assert set(body["error"]) <= {"code", "message", "details"}
    assert body["error"]["code"]
    assert body["error"]["message"]
    assert "Traceback" not in response.text
    assert response.headers["content-type"] == "application/json"
    assert ("retry-after" in response.headers) == (response.status_code == 503)
    return dict(body["error"])
