"""A store that fails the way object storage fails, by seed or by script; and that kills its process at a chosen call."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from vinymatic.errors import StorageUnavailableError
from vinymatic.storage import ObjectInfo, ObjectStore

T = TypeVar("T")


class Fault(StrEnum):
    """UNAVAILABLE: a 503 before anything happens. LOST_ANSWER: it happens, and then the answer is lost. SLOW: it takes `slow_seconds`.
    CORRUPT: a read gives bytes of which one is flipped (on calls that read no bytes: nothing)."""

    UNAVAILABLE = "unavailable"
    LOST_ANSWER = "lost answer"
    SLOW = "slow"
    CORRUPT = "corrupt"


@dataclass(frozen=True)
class Call:
    """`number` counts from 1. `verb` is the port's method."""

    number: int
    verb: str
    key: str
    fault: Fault | None


class FaultyStore:
    """`inner` with faults. The seed is printed: a failing test shows it, and giving it again repeats the faults (of one thread).

    `rates`: the share of calls that meet each fault, each in [0, 1], together at most 1.
    `script`: call number → fault, instead of chance for that call.
    `only`: which calls may meet a fault, by verb and key; all by default.
    `die_at`: kill -9 of this process when the call of that number has happened and before it answers; 0: at the first call, before it.
    """

    def __init__(
        self,
        inner: ObjectStore,
        seed: int | None = None,
        *,
        rates: Mapping[Fault, float] | None = None,
        script: Mapping[int, Fault] | None = None,
        only: Callable[[str, str], bool] = lambda verb, key: True,
        die_at: int | None = None,
        slow_seconds: float = 0.05,
    ) -> None:
        self.inner = inner
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
        self.calls: list[Call] = []
        self.rates = dict(rates or {})
        self._random = random.Random(self.seed)
        self._script = dict(script or {})
        self._only = only
        self._die_at = die_at
        self._slow_seconds = slow_seconds
        self._lock = threading.Lock()
        print(f"FaultyStore(seed={self.seed})")  # noqa: T201 - pytest shows it when the test fails

    @property
    def url(self) -> str:
        return self.inner.url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        def read(fault: Fault | None) -> tuple[bytes, ObjectInfo]:
            data, info = self.inner.get(key, limit=limit)
            return self._flipped(data) if fault is Fault.CORRUPT else data, info

        return self._call("get", key, read)

    def head(self, key: str) -> ObjectInfo:
        return self._call("head", key, lambda _: self.inner.head(key))

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        yield from self._call(
            "list", prefix, lambda _: list(self.inner.list(prefix, start_after=start_after, limit=limit))
        )

    def put(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("put", key, lambda _: self.inner.put(key, data))

    def create(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("create", key, lambda _: self.inner.create(key, data))

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda _: self.inner.delete(key))

    def download(self, key: str, path: Path) -> ObjectInfo:
        def read(fault: Fault | None) -> ObjectInfo:
            info = self.inner.download(key, path)
            if fault is Fault.CORRUPT:
                path.write_bytes(self._flipped(path.read_bytes()))
            return info

        return self._call("download", key, read)

    def upload(self, key: str, path: Path) -> ObjectInfo:
        return self._call("upload", key, lambda _: self.inner.upload(key, path))

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        """CORRUPT: one byte of what was copied is flipped at its destination."""
        inner = source.inner if isinstance(source, FaultyStore) else source

        def copy(fault: Fault | None) -> ObjectInfo | None:
            info = self.inner.copy_from(inner, source_key, key)
            if info is not None and fault is Fault.CORRUPT:
                self.inner.put(key, self._flipped(self.inner.get(key)[0]))
            return info

        return self._call("copy_from", key, copy)

    def local_path(self, key: str) -> Path | None:
        """None: reading in place would go around the faults."""
        return None

    def _call(self, verb: str, key: str, action: Callable[[Fault | None], T]) -> T:
        with self._lock:
            call = Call(len(self.calls) + 1, verb, key, self._draw(len(self.calls) + 1, verb, key))
            self.calls.append(call)
        if self._die_at == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        if call.fault is Fault.UNAVAILABLE:
            raise StorageUnavailableError(f"{verb} {key}: SlowDown (injected, call {call.number})")
        if call.fault is Fault.SLOW:
            time.sleep(self._slow_seconds)
        answer = action(call.fault)
        if call.number == self._die_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if call.fault is Fault.LOST_ANSWER:
            raise StorageUnavailableError(f"{verb} {key}: the answer was lost (injected, call {call.number})")
        return answer

    def _draw(self, number: int, verb: str, key: str) -> Fault | None:
        drawn = self._random.random()
        if not self._only(verb, key):
            return None
        if number in self._script:
            return self._script[number]
        for fault, rate in self.rates.items():
            if drawn < rate:
                return fault
            drawn -= rate
        return None

    def _flipped(self, data: bytes) -> bytes:
        if not data:
            return data
        with self._lock:
            place = self._random.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 0x01]) + data[place + 1 :]
