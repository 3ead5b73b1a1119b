"""Who runs: each process of the model is a thread that stands still before every call to a store, until it is told how that call goes.

One runs at a time, by hand-over, so a run is as repeatable as the choices made in it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from tests.model.store import MemoryStore
from vinymatic.errors import StorageError, StorageUnavailableError
from vinymatic.storage.port import ObjectInfo, ObjectStore

T = TypeVar("T")
READS = ("get", "download")


class Fault(StrEnum):
    """How a call goes. REFUSED: a 503, nothing happens. LOST: it happens, the answer is lost. CONFLICT: a 409 on a create, nothing happens.
    FLIPPED, CUT: a read, or what a copy leaves, has one bit turned or its end missing. DIES_BEFORE, DIES_AFTER: the process dies there.
    """

    NONE = "none"
    REFUSED = "refused"
    LOST = "answer lost"
    CONFLICT = "conflict"
    FLIPPED = "flipped"
    CUT = "cut"
    DIES_BEFORE = "dies before"
    DIES_AFTER = "dies after"


class Killed(BaseException):
    """Not an `Exception`: nothing that handles errors runs, as after kill -9."""


@dataclass(frozen=True)
class Call:
    """`verb`: the port's method, or what else another process notices. `place`: the store's URL."""

    verb: str
    place: str
    key: str

    @property
    def reads(self) -> bool:
        return self.verb in READS


class Process:
    """`body` in a thread of its own. After `start` and each `resume` it stands before `pending`, or has ended: `pending` is None."""

    def __init__(self, name: str, body: Callable[[], None]) -> None:
        self.name = name
        self.pending: Call | None = None
        self.met: list[Fault] = []
        self._fault = Fault.NONE
        self._dead = False
        self._failure: BaseException | None = None
        self._go, self._stands = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._stands.acquire()
        self._body = body
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()
        self._wait()

    def resume(self, fault: Fault) -> None:
        """Lets the pending call happen so, and goes on to the next. Raises what the model's own code raised in the thread."""
        if fault is not Fault.NONE:
            self.met.append(fault)
        self._fault = fault
        self._go.release()
        self._wait()

    def kill(self) -> None:
        if self.pending is not None:
            self._dead = True
            self.resume(Fault.DIES_BEFORE)

    def call(self, call: Call, action: Callable[[Fault], T]) -> T:
        """In the thread: one call to the world outside."""
        fault = self._stand_before(call)
        if fault is Fault.DIES_BEFORE:
            self._die()
        if fault is Fault.REFUSED:
            raise StorageUnavailableError(f"{call.verb} {call.key}: SlowDown (injected)")
        if fault is Fault.CONFLICT:
            raise StorageUnavailableError(f"{call.verb} {call.key}: ConditionalRequestConflict (injected)")
        answer, refusal = None, None
        try:
            answer = action(fault)
        except StorageError as error:
            refusal = error
        if fault is Fault.DIES_AFTER:
            self._die()
        if fault is Fault.LOST:
            raise StorageUnavailableError(f"{call.verb} {call.key}: the answer was lost (injected)")
        if refusal is not None:
            raise refusal
        return answer  # type: ignore[return-value]

    def _die(self) -> None:
        self._dead = True
        raise Killed

    def _stand_before(self, call: Call) -> Fault:
        if self._dead:
            raise Killed
        self.pending = call
        self._stands.release()
        self._go.acquire()
        self.pending = None
        return self._fault

    def _run(self) -> None:
        try:
            self._body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the scheduler's thread
            self._failure = error
        finally:
            self._stands.release()

    def _wait(self) -> None:
        self._stands.acquire()
        if self.pending is None:
            self._thread.join()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure


class ProcessStore:
    """A store as one process sees it."""

    def __init__(self, inner: MemoryStore, process: Callable[[], Process], place: Callable[[int], int]) -> None:
        """`process`: who calls. `place`: chooses a number below the one given: where damage is done."""
        self.inner = inner
        self._process = process
        self._place = place

    @property
    def url(self) -> str:
        return self.inner.url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        def read(fault: Fault) -> tuple[bytes, ObjectInfo]:
            data, info = self.inner.get(key, limit=limit)
            return self._damaged(data, fault), info

        return self._call("get", key, read)

    def head(self, key: str) -> ObjectInfo:
        return self._call("head", key, lambda _: self.inner.head(key))

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        yield from self._call(
            "list", prefix, lambda _: [*self.inner.list(prefix, start_after=start_after, limit=limit)]
        )

    def put(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("put", key, lambda _: self.inner.put(key, data))

    def create(self, key: str, data: bytes) -> ObjectInfo:
        return self._call("create", key, lambda _: self.inner.create(key, data))

    def delete(self, key: str) -> None:
        self._call("delete", key, lambda _: self.inner.delete(key))

    def download(self, key: str, path: Path) -> ObjectInfo:
        def read(fault: Fault) -> ObjectInfo:
            info = self.inner.download(key, path)
            if fault in (Fault.FLIPPED, Fault.CUT):
                path.write_bytes(self._damaged(path.read_bytes(), fault))
            return info

        return self._call("download", key, read)

    def upload(self, key: str, path: Path) -> ObjectInfo:
        return self._call("upload", key, lambda _: self.inner.upload(key, path))

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        assert isinstance(source, ProcessStore)
        inner = source.inner

        def copy(fault: Fault) -> ObjectInfo:
            return self.inner.put(key, self._damaged(inner.get(source_key)[0], fault))

        return self._call("copy_from", key, copy)

    def local_path(self, key: str) -> Path | None:
        return None

    def _call(self, verb: str, key: str, action: Callable[[Fault], T]) -> T:
        return self._process().call(Call(verb, self.url, key), action)

    def _damaged(self, data: bytes, fault: Fault) -> bytes:
        if not data or fault not in (Fault.FLIPPED, Fault.CUT):
            return data
        place = self._place(len(data))
        if fault is Fault.CUT:
            return data[:place]
        return data[:place] + bytes([data[place] ^ 1 << place % 8]) + data[place + 1 :]
