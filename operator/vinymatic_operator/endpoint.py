"""GET /healthz, /readyz and /metrics, on a port of their own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import make_wsgi_app

from vinymatic.errors import SettingError
from vinymatic_operator.metrics import Metrics

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


@dataclass(frozen=True)
class Health:
    """`alive`: ticks go on; restart it when not. `ready`: it has seen the cluster."""

    alive: bool
    ready: bool
    text: str


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class _QuietHandler(WSGIRequestHandler):
    timeout = 10  # a client that sends nothing must not keep a thread

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Probes and scrapes every few seconds are not worth a line each."""


class Endpoint:
    """Serves from a thread of its own between `start` and `stop`."""

    def __init__(self, host: str, port: int, metrics: Metrics, health: Callable[[], Health]) -> None:
        """Takes the port. Raises `SettingError` when it cannot."""
        self._metrics: WSGIApplication = make_wsgi_app(metrics.registry)
        self._health = health
        try:
            self._server = make_server(host, port, self._answer, _Server, _QuietHandler)
        except OSError as error:
            raise SettingError("METRICS_PORT", str(port), f"a port that is free on {host}: {error.strerror}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="endpoint", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
            self._thread.join()
        self._server.server_close()

    def _answer(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        health = self._health()  # it also sets the gauges that the metrics show
        if path == "/metrics":
            return self._metrics(environ, start_response)
        good = {"/healthz": health.alive, "/readyz": health.ready}.get(path)
        if good is None:
            start_response("404 Not Found", [("Content-Type", "text/plain; charset=utf-8")])
            return [b"/metrics, /healthz and /readyz are here\n"]
        start_response("200 OK" if good else "503 Service Unavailable", [("Content-Type", "text/plain; charset=utf-8")])
        return [health.text.encode() + b"\n"]
