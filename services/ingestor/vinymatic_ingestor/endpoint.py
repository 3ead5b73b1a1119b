"""GET /metrics and /healthz, on a port of their own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from dataclasses import asdict
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from vinymatic.errors import SettingError
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10  # a client that sends nothing must not keep a thread

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Probes and scrapes every few seconds are not worth a line each."""


class Endpoint:
    """Serves from a thread of its own between `start` and `stop`."""

    def __init__(self, host: str, port: int, metrics: Metrics, health: Health) -> None:
        """Takes the port. Raises `SettingError` when it cannot."""
        self._metrics: WSGIApplication = make_wsgi_app(metrics.registry)
        self._health = health
        try:
            self._server = make_server(host, port, self._answer, _Server, _QuietHandler)
        except OSError as error:
            raise SettingError(
                "METRICS_PORT", str(port), f"a port that is free on METRICS_HOST={host}: {error.strerror}"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="endpoint", daemon=True
        )

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        if path == "/metrics":
            return self._metrics(environ, start_response)
        if path == "/healthz":
            return self._answer_health(start_response)
        start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
        return [b"/metrics and /healthz are here\n"]

    def _answer_health(self, start_response: StartResponse) -> Iterable[bytes]:
        report = self._health.report()
        # A store that refuses us is no reason to restart: the answer stays 200, its text tells.
        status = "200 OK" if report.alive else "503 Service Unavailable"
        body = {
            "status": report.status,
            "problems": {part: asdict(problem) for part, problem in report.problems.items()},
        }
        start_response(status, [("Content-Type", "application/json")])
        return [json.dumps(body).encode() + b"\n"]
