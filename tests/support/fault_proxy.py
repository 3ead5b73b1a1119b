"""An HTTP proxy in front of a real S3 server that answers, loses or cuts off what a test asks it to."""

from __future__ import annotations

import http.client
import threading
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Answer:
    """Answers itself with an S3 error; the server behind is not asked."""

    status: int
    code: str


@dataclass(frozen=True)
class LoseAnswer:
    """The server behind carries the request out; the client gets nothing but a closed connection."""


@dataclass(frozen=True)
class CutBody:
    """Closes the connection after `after` bytes of the answer's body."""

    after: int


Fault = Answer | LoseAnswer | CutBody


@dataclass
class FaultProxy:
    """`faults` are taken one for each request whose method is in `methods`; with none left, requests pass."""

    target_port: int
    faults: deque[Fault] = field(default_factory=deque)
    methods: frozenset[str] = frozenset({"GET", "PUT"})
    requests: list[str] = field(default_factory=list)
    body_bytes_sent: int = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def next_fault(self, method: str) -> Fault | None:
        return self.faults.popleft() if method in self.methods and self.faults else None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FaultProxy

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:  # the client went away, as it does when an object is over its limit
            self.close_connection = True

    def _pass(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.owner.requests.append(self.command)
        fault = self.owner.next_fault(self.command)
        if isinstance(fault, Answer):
            self._answer(fault.status, f"<Error><Code>{fault.code}</Code><Message>injected</Message></Error>".encode())
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.owner.target_port, timeout=60)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() != "expect"}
            behind.request(self.command, self.path, body, headers)
            answer = behind.getresponse()
            self._hand_on(answer, fault)
        finally:
            behind.close()

    def _hand_on(self, answer: http.client.HTTPResponse, fault: Fault | None) -> None:
        if isinstance(fault, LoseAnswer):
            answer.read()
            self.close_connection = True
            return
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("connection", "transfer-encoding", "keep-alive"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.send_header("Connection", "close")
        self.end_headers()
        left = fault.after if isinstance(fault, CutBody) else None
        while left is None or left > 0:
            chunk = answer.read(65_536 if left is None else min(left, 65_536))
            if not chunk:
                return
            self.wfile.write(chunk)
            self.owner.body_bytes_sent += len(chunk)
            left = None if left is None else left - len(chunk)
        self.close_connection = True

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Type", "application/xml")
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_HEAD = do_DELETE = do_POST = _pass  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing: the test reads `requests`."""
