"""The real ingestor in a process of its own, which kills itself with SIGKILL at a chosen step.

A step is a call of a port that has been carried out and whose answer nobody has heard yet. To the world outside, the moment before a call
is no other than the moment after the last one.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from vinymatic.queueing.port import Message, Queue
from vinymatic.settings import IngestorSettings, load
from vinymatic.storage.port import ObjectInfo, ObjectStore
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.ports import Ports, open_ports
from vinymatic_ingestor.service import Ingestor
from vinymatic_ingestor.signals import run_until_signalled

T = TypeVar("T")


class Steps:
    """Counts the steps of all ports together; the `fatal`-th is the last. Writes a journal, one JSON object a line."""

    def __init__(self, fatal: int, journal: Path) -> None:
        self._fatal = fatal
        self._journal = journal
        self._count = 0
        self._lock = threading.Lock()

    def call(self, name: str, action: Callable[[], T]) -> T:
        answer = action()
        self.step(name)
        return answer

    def step(self, name: str) -> None:
        with self._lock:
            self._count += 1
            self._write({"step": self._count, "name": name})
            if self._count == self._fatal:
                os.kill(os.getpid(), signal.SIGKILL)

    def note(self, **facts: object) -> None:
        with self._lock:
            self._write(facts)

    def _write(self, facts: Mapping[str, object]) -> None:
        with self._journal.open("a") as file:
            file.write(json.dumps(facts) + "\n")


class SteppedStore:
    def __init__(self, name: str, inner: ObjectStore, steps: Steps) -> None:
        self._name = name
        self._inner = inner
        self._steps = steps

    @property
    def url(self) -> str:
        return self._inner.url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        return self._call("get", key, lambda: self._inner.get(key, limit=limit))

    def head(self, key: str) -> ObjectInfo:
        return self._call("head", key, lambda: self._inner.head(key))

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        yield from self._call(
            "list", prefix, lambda: list(self._inner.list(prefix, start_after=start_after, limit=limit))
        )

    def put(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("put", key, lambda: self._inner.put(key, data))

    def create(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("create", key, lambda: self._inner.create(key, data))

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda: self._inner.delete(key))

    def download(self, key: str, path: Path) -> ObjectInfo:
        return self._call("download", key, lambda: self._inner.download(key, path))

    def upload(self, key: str, path: Path) -> ObjectInfo:
        return self._call("upload", key, lambda: self._inner.upload(key, path))

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        return self._call("copy_from", key, lambda: self._inner.copy_from(source, source_key, key))

    def local_path(self, key: str) -> Path | None:
        return self._inner.local_path(key)

    def _call(self, verb: str, key: str, action: Callable[[], T]) -> T:
        return self._steps.call(f"{self._name} {verb} {key}", action)


class SteppedQueue:
    """Notes every receipt, so that the test can return a killed process's messages at once, and what is about to be acknowledged."""

    def __init__(self, inner: Queue, steps: Steps) -> None:
        self._inner = inner
        self._steps = steps

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        messages = self._inner.receive(limit=limit, wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)
        for message in messages:
            self._steps.note(receipt=message.receipt, message_id=message.message_id)
        if messages:  # an empty poll changes nothing, and their number depends on time
            self._steps.step("queue receive")
        return messages

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        self._steps.note(acknowledging=[message.message_id for message in messages])
        return self._steps.call("queue acknowledge", lambda: self._inner.acknowledge(messages))

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        return self._steps.call("queue extend", lambda: self._inner.extend(messages, visibility_seconds))

    def send(self, body: str) -> None:
        self._inner.send(body)

    def send_many(self, bodies: Sequence[str]) -> list[str]:
        return self._inner.send_many(bodies)


def run_killable(environment: Mapping[str, str], fatal: int, journal: Path) -> None:
    """The process's main function. `fatal` 0: it lives until SIGTERM."""
    settings = load(IngestorSettings, environment)
    steps = Steps(fatal, journal)
    ports = open_ports(settings)
    stepped = Ports(
        covers=SteppedStore("covers", ports.covers, steps),
        index=SteppedStore("index", ports.index, steps),
        queue=SteppedQueue(ports.queue, steps),
        backup=None,
    )
    run_until_signalled(Ingestor(settings, stepped, pace=Pace(first=0.05, longest=0.5, denied=0.2, receive_wait=1.0)))
