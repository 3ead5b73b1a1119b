"""Clients that search without a pause while something is broken behind the edge."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self


@dataclass(frozen=True)
class Answer:
    """`status`: 0 where there was none. `whole`: it is about the very photo that was sent."""

    began: float
    seconds: float
    status: int
    whole: bool
    body: bytes

    @property
    def good(self) -> bool:
        return self.status == 200 and self.whole


class Load:
    """`clients` threads, each with connections of its own."""

    def __init__(self, port: int, photo: bytes, *, clients: int = 8, tls: ssl.SSLContext | None = None) -> None:
        self.answers: list[Answer] = []
        self._port = port
        self._photo = photo
        self._digest = hashlib.sha256(photo).hexdigest().encode()
        self._tls = tls
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run) for _ in range(clients)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, more: int, seconds: float = 120) -> None:
        """Until `more` further searches are over."""
        wanted = len(self.answers) + more
        deadline = time.monotonic() + seconds
        while len(self.answers) < wanted:
            assert time.monotonic() < deadline, f"{len(self.answers)} of {wanted}"
            time.sleep(0.02)

    @property
    def failed(self) -> list[Answer]:
        return [one for one in self.answers if not one.good]

    def told(self) -> str:
        spans = sorted(one.seconds for one in self.answers)
        return (
            f"{len(spans)} sent, {len(self.failed)} failed, median {spans[len(spans) // 2]:.2f} s, "
            f"p99 {spans[int(len(spans) * 0.99)]:.2f} s, worst {spans[-1]:.2f} s"
        )

    def _run(self) -> None:
        connection = self._connect()
        while not self._over.is_set():
            began = time.monotonic()
            status, body = 0, b""
            try:
                connection.request("POST", "/search", self._photo)
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                body = repr(error).encode()
                connection.close()
                connection = self._connect()
            self.answers.append(Answer(began, time.monotonic() - began, status, self._digest in body, body))
        connection.close()

    def _connect(self) -> http.client.HTTPConnection:
        if self._tls is None:
            return http.client.HTTPConnection("localhost", self._port, timeout=60)
        return http.client.HTTPSConnection("localhost", self._port, timeout=60, context=self._tls)
