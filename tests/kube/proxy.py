"""A proxy between one client and the API server, plain HTTP in front: it counts what is asked, and does to it what a test says."""

from __future__ import annotations

import contextlib
import http
import http.client
import json
import socket
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from tests.kube.api import Credentials, read_kubeconfig, write_kubeconfig

HOST = "127.0.0.1"
_READS = frozenset({"GET", "HEAD"})
# Seconds. A watch is quiet for as long as nothing happens.
_UPSTREAM_TIMEOUT = 600


@dataclass(frozen=True)
class Request:
    """`number` counts all requests from 1; `write` counts those that change something, 0 for one that reads."""

    number: int
    write: int
    method: str
    path: str

    @property
    def watch(self) -> bool:
        return "watch=true" in self.path

    @property
    def resource(self) -> str:
        """Such as `jobs` or `vinylindexes/status`."""
        parts = urlsplit(self.path).path.strip("/").split("/")
        parts = parts[2:] if parts[0] == "api" else parts[3:]
        parts = parts[2:] if parts[:1] == ["namespaces"] else parts
        return "/".join([*parts[:1], *parts[2:3]])


@dataclass(frozen=True)
class Refuse:
    """Answers itself, as the API server does; a watch that is refused with 410 is told so in its stream."""

    status: int


@dataclass(frozen=True)
class Delay:
    """Passes it on after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Lose:
    """`call` happens, and the client gets a closed connection. `carried_out`: the server has done it by then; else it never hears of it."""

    call: Callable[[], None] = lambda: None
    carried_out: bool = False


@dataclass(frozen=True)
class Silence:
    """A watch that stays open and brings nothing."""


Fault = Refuse | Delay | Lose | Silence
Rule = Callable[[Request], Fault | None]


class ApiProxy:
    """`rule` says what becomes of a request; None: it passes. It is called by many threads, one at a time."""

    def __init__(self, kubeconfig: Path) -> None:
        """`kubeconfig` names the server and the user who is behind the proxy."""
        self._behind = read_kubeconfig(kubeconfig)
        self._address = urlsplit(self._behind.server)
        self.kubeconfig = kubeconfig.with_suffix(".proxied.kubeconfig")
        self.rule: Rule = lambda request: None
        self.requests: list[Request] = []
        self._writes = 0
        self._lock = threading.Lock()
        self._watches: set[http.client.HTTPConnection] = set()

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer((HOST, 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
        self._thread.start()
        server = f"http://{HOST}:{self._server.server_address[1]}"
        write_kubeconfig(self.kubeconfig, Credentials(server, self._behind.ca, self._behind.token))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self.cut_watches()

    @property
    def writes(self) -> int:
        """So many requests that change something were asked."""
        return self._writes

    def counted(self, since: int = 0) -> Counter[str]:
        """Requests after the one of number `since`, as `PATCH vinylindexes/status`; watches are told apart."""
        with self._lock:
            found = self.requests[since:]
        return Counter(f"{'WATCH' if request.watch else request.method} {request.resource}" for request in found)

    def cut_watches(self) -> None:
        """Ends every watch that is open now, without a word."""
        with self._lock:
            watches = list(self._watches)
        for watch in watches:
            if watch.sock is not None:
                with contextlib.suppress(OSError):
                    watch.sock.shutdown(socket.SHUT_RDWR)

    # ---- for its handlers

    def asked(self, method: str, path: str) -> tuple[Request, Fault | None]:
        with self._lock:
            self._writes += method not in _READS
            request = Request(len(self.requests) + 1, 0 if method in _READS else self._writes, method, path)
            self.requests.append(request)
            return request, self.rule(request)

    def connect(self) -> http.client.HTTPSConnection:
        trust = ssl.create_default_context(cafile=self._behind.ca)
        host, port = self._address.hostname or HOST, self._address.port or 443
        return http.client.HTTPSConnection(host, port, timeout=_UPSTREAM_TIMEOUT, context=trust)

    @contextlib.contextmanager
    def watching(self, connection: http.client.HTTPConnection) -> Iterator[None]:
        with self._lock:
            self._watches.add(connection)
        try:
            yield
        finally:
            with self._lock:
                self._watches.discard(connection)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or head and body of an answer are 40 ms apart
    owner: ApiProxy
    _behind: http.client.HTTPSConnection | None = None

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (OSError, http.client.HTTPException):  # one of the two is gone: the other sees a closed connection
            self.close_connection = True

    def finish(self) -> None:
        if self._behind is not None:
            self._behind.close()
        with contextlib.suppress(OSError):
            super().finish()

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request, fault = self.owner.asked(self.command, self.path)
        if isinstance(fault, Refuse):
            self._refuse(request, fault.status)
            return
        if isinstance(fault, Lose) and not fault.carried_out:
            self.close_connection = True
            fault.call()
            return
        if isinstance(fault, Delay):
            time.sleep(fault.seconds)
        if self._behind is None:
            self._behind = self.owner.connect()
        headers = {k: v for k, v in self.headers.items() if k.lower() not in ("host", "accept-encoding", "connection")}
        try:
            self._behind.request(self.command, self.path, body, headers)
            answer = self._behind.getresponse()
            if request.watch and answer.status == 200:
                with self.owner.watching(self._behind):
                    self._stream(answer, silent=isinstance(fault, Silence))
                return
            data = answer.read()
        except (OSError, http.client.HTTPException):
            self._behind.close()
            self._behind = None
            raise
        if isinstance(fault, Lose):
            self.close_connection = True
            fault.call()
            return
        self._answer(answer.status, data, answer.getheader("Content-Type") or "application/json")

    def _stream(self, answer: http.client.HTTPResponse, *, silent: bool) -> None:
        self.close_connection = True
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Connection", "close")
        self.end_headers()
        while chunk := answer.read1(65_536):
            if not silent:
                self.wfile.write(chunk)

    def _refuse(self, request: Request, status: int) -> None:
        said = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "message": "injected by the test's proxy",
            "reason": http.HTTPStatus(status).phrase.replace(" ", ""),
            "code": status,
        }
        if request.watch and status == http.HTTPStatus.GONE:
            self.close_connection = True
            status, said = 200, {"type": "ERROR", "object": said}
        self._answer(status, json.dumps(said).encode() + b"\n", "application/json")

    def _answer(self, status: int, data: bytes, kind: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing: the test reads `requests`."""
