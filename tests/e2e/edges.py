"""A client that knows several edges, as one does whose name has several addresses: it asks the next one when it cannot reach one."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Self

import httpx

from tests.e2e.bare.errors import CommandError
from tests.e2e.load import TIMEOUT, Answer, Edge, Question
from tests.e2e.namespace import Namespace

# Longer than a handshake on a machine that is full.
_CONNECT_SECONDS = 1.5
_PAUSE = 0.2
_LOOK_SECONDS = 2.0


@dataclass(frozen=True)
class Edges:
    """`addresses`: those known now. A search that was sent is not sent again; `rounds` is for those that could not be."""

    addresses: Callable[[], Sequence[str]]
    name: str
    trust: ssl.SSLContext
    port: int
    rounds: int = 5

    def client(self) -> httpx.Client:
        """A connection for each request: one that is kept to a dead node would only show that node's death."""
        return httpx.Client(
            headers={"Host": self.name},
            verify=self.trust,
            timeout=httpx.Timeout(TIMEOUT, connect=_CONNECT_SECONDS),
            limits=httpx.Limits(max_keepalive_connections=0),
            trust_env=False,
        )

    def ask(self, client: httpx.Client, question: Question, number: int = 0) -> Answer:
        """One search. `seconds` counts the edges too that could not be reached."""
        begun, clock = time.time(), time.monotonic()
        answer = Answer(number, begun, 0.0, "no edge is known")
        for turn in range(self.rounds):
            known = list(self.addresses())
            for place in range(len(known)):
                address = known[(number + turn + place) % len(known)]
                answer = Edge(address, self.name, self.trust, self.port).ask(client, question, number)
                if not _was_not_sent(answer):
                    return replace(answer, begun=begun, seconds=time.monotonic() - clock)
            time.sleep(_PAUSE)
        return replace(answer, begun=begun, seconds=time.monotonic() - clock)


def _was_not_sent(answer: Answer) -> bool:
    return answer.failure is not None and answer.failure.startswith(("ConnectError", "ConnectTimeout"))


@dataclass
class Directory:
    """While it is open, the addresses of the Service's pods that are ready, looked up again and again as a resolver does."""

    namespace: Namespace
    service: str
    addresses: tuple[str, ...] = ()
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._look()
        self._thread = threading.Thread(target=self._work, name="directory", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            with suppress(CommandError):
                self._look()

    def _look(self) -> None:
        found = self.namespace.items("endpointslices", f"-lkubernetes.io/service-name={self.service}")
        ready = sorted(
            endpoint["addresses"][0]
            for one in found
            for endpoint in one.get("endpoints") or ()
            if endpoint["conditions"].get("ready")
        )
        # With none left, the last ones: a resolver keeps what it had.
        self.addresses = tuple(ready) or self.addresses
