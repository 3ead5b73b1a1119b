"""A small HTTP server that stands where the API stands, behind Caddy: it tells what reached it, and can go down and come back."""

from __future__ import annotations

import hashlib
import json
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from local.servers import free_ports


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    body_sha256: str


@dataclass
class Upstream:
    """`drop`: so many requests are read whole and then left without an answer, their connection closed."""

    port: int = field(default_factory=lambda: free_ports(1)[0])
    drop: int = 0
    seen: list[Seen] = field(default_factory=list)

    def start(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), type("Handler", (_Handler,), {"owner": self}))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def of(self, method: str) -> list[Seen]:
        """What came from clients; the health checks are left out."""
        return [one for one in self.seen if one.method == method and one.path != "/healthz"]


class _Handler(BaseHTTPRequestHandler):
    owner: Upstream

    def _answer(self) -> None:
        body = self._read()
        self.owner.seen.append(Seen(self.command, self.path, hashlib.sha256(body).hexdigest()))
        if self.owner.drop > 0 and self.path != "/healthz":
            self.owner.drop -= 1
            self.close_connection = True
            return
        answer = json.dumps({"path": self.path, "bytes": len(body), "port": self.owner.port}).encode()
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with suppress(ConnectionError):  # cut off by Caddy
            self.wfile.write(answer)

    def _read(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        body = b""
        while size := int(self.rfile.readline().strip() or b"0", 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        return body

    do_GET = do_POST = do_DELETE = do_HEAD = _answer  # noqa: N815 - http.server's names

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Says nothing: the test reads `seen`."""
