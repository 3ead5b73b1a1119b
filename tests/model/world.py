"""The whole of the model: stores, clock, queue, machines and what runs on them. It decides nothing: `machine` and `schedules` do."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.model.clock import Clock, simulated
from tests.model.history import History, Maker, Record, make_record
from tests.model.invariants import Invariant, Violation, require
from tests.model.operations import Collect, Compact, Ingest, Operation, Read
from tests.model.queue import Queue
from tests.model.scheduler import Call, Fault, Killed, Process, ProcessStore
from tests.model.store import MemoryStore, Observer
from tests.model.tiny import one_core, tiny_codebooks
from vinymatic.errors import CorruptFileError, ObjectNotFoundError, VinymaticError
from vinymatic.index.layout import MANIFESTS, manifest_number
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.uploads import GRACE_SECONDS
from vinymatic.lifecycle.writer import Writer

T = TypeVar("T")
_LONGEST = 20_000


class Host:
    """A machine: what it keeps between operations, and the one that runs on it."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.name = name
        self.writer: Writer | None = None
        self.reader: Reader | None = None
        self.process: Process | None = None
        self.operation: Operation | None = None
        self.maker: Maker | None = None
        self.began_at = 0.0
        # Whether its wall clock was set, or it slept, since what runs on it began.
        self.was_set = self.slept = False
        self.index = ProcessStore(world.index, self._running, world.clock.random.randrange)
        self.backup = ProcessStore(world.backup, self._running, world.clock.random.randrange)

    @property
    def busy(self) -> bool:
        return self.process is not None

    @property
    def pending(self) -> Call | None:
        """The call before which it stands; None when it is idle."""
        return None if self.process is None else self.process.pending

    def _running(self) -> Process:
        assert self.process is not None
        return self.process

    def folder(self, name: str) -> Path:
        """On this machine's disk, which outlives its processes."""
        return self.world.disk / self.name / name

    def call(self, verb: str, key: str, action: Callable[[], T]) -> T:
        """A call that is not to a store."""
        return self._running().call(Call(verb, "", key), lambda _: action())


class World:
    """`seed`: of names and of where damage is done. Close it, or its threads stay."""

    def __init__(self, seed: int, hosts: tuple[str, ...]) -> None:
        self.clock = Clock(seed)
        self.index = MemoryStore("index", now=self.clock.store_moment)
        self.backup = MemoryStore("backup", now=self.clock.store_moment)
        self.queue = Queue()
        self.history = History(self.index, lambda: self._maker())
        self.backups: dict[int, Record] = {}
        self.backup.observer = _Backups(self)
        self.disk = Path(tempfile.mkdtemp(prefix="vinymatic-model-"))
        self.hosts = {name: Host(self, name) for name in hosts}
        self.steps = 0
        self.faults: Counter[str] = Counter()
        self.ended: Counter[str] = Counter()
        # What failed or was killed last on its machine, but for the ingestors': the queue brings that back.
        self.failed: list[Operation] = []
        self._current: Host | None = None

    def close(self) -> None:
        for host in self.hosts.values():
            if host.process is not None:
                host.process.kill()
        shutil.rmtree(self.disk, ignore_errors=True)

    @property
    def busy(self) -> list[Host]:
        return [host for host in self.hosts.values() if host.busy]

    def can_start(self, exclusive: str) -> bool:
        running = (host.operation for host in self.busy)
        return not exclusive or all(operation.exclusive != exclusive for operation in running if operation)

    def start(self, host: Host, operation: Operation) -> None:
        """`operation` on `host`, up to its first call."""
        host.operation, host.began_at = operation, self.clock.now
        host.was_set = host.slept = False
        host.maker = Maker(f"{operation.kind} on {host.name}", operation.judge, operation.restores, operation.once)
        host.process = Process(host.name, lambda: self._run(host, operation))
        self._turn(host, host.process.start)

    def step(self, host: Host, fault: Fault = Fault.NONE) -> Fault:
        """The call before which `host` stands goes as `fault` says, where it can; the fault that it really met."""
        process = host.process
        assert process is not None
        assert process.pending is not None
        fault = _possible(process.pending, fault)
        self.steps += 1
        self.faults[fault] += 1
        self._turn(host, lambda: process.resume(fault))
        return fault

    def finish(self, host: Host) -> None:
        """The rest of what runs on `host`, undisturbed."""
        for _ in range(_LONGEST):
            if not host.busy:
                return
            self.step(host)
        raise Violation(Invariant.FINISHED, f"what runs on {host.name} never ends")

    def do(self, host: Host, operation: Operation) -> None:
        """The whole of `operation`, undisturbed."""
        self.start(host, operation)
        self.finish(host)

    def settle(self) -> None:
        """Nothing fails any more: all that runs ends, the queue empties, and what there is is what ought to be."""
        for host in self.busy:
            self.finish(host)
        host = next(iter(self.hosts.values()))
        # Twice as often as it would take: what a writer knows of the index may be old, and its first look then counts for nothing.
        for _ in range(-(-len(self.queue.messages) // 8) * 2):
            if self.queue.messages:
                self.do(host, Ingest(self, host, most=8))
        require(not self.queue.messages, Invariant.FINISHED, "the queue does not empty")
        record = self.history.record
        if record is None:
            return
        told = f"the scans are {self.queue.scans}, the index holds {record.contents}"
        require(record.contents == self.queue.scans, Invariant.FINISHED, told)
        self._read_newest(host)
        # A collection would bring to light what is named wrongly.
        self.clock.now += 3 * GRACE_SECONDS
        self.do(host, Compact(self, host))
        self.do(host, Collect(self, host))
        self._read_newest(host)
        self.history.verify()

    def _read_newest(self, host: Host) -> None:
        """A reader begins anew and serves the newest."""
        host.reader = None
        read = Read(self, host)
        self.do(host, read)
        told = f"a reader begins with manifest {read.served}; the newest is {self.history.newest}"
        require(read.served == self.history.newest, Invariant.SERVED, told)

    def _maker(self) -> Maker:
        assert self._current is not None
        assert self._current.maker is not None
        return self._current.maker

    def _turn(self, host: Host, act: Callable[[], object]) -> None:
        self._current, self.clock.who = host, host.name
        try:
            act()
        finally:
            self._current = None
            if host.process is not None and host.process.pending is None:
                self._end(host)

    def _run(self, host: Host, operation: Operation) -> None:
        """In the process's thread."""
        one_core()
        try:
            operation.run()
        except VinymaticError as error:
            self._judge_error(host, operation, error)
            self._note_failed(operation)
            self.ended[f"{operation.kind}: {error.code}"] += 1
        except Killed:
            host.writer = host.reader = None
            self._note_failed(operation)
            self.ended[f"{operation.kind}: killed"] += 1
            raise
        except (Violation, AssertionError):
            raise
        except Exception as error:
            raise Violation(Invariant.ERRORS, f"{operation.kind} raises {error!r}") from error
        else:
            self.ended[f"{operation.kind}: done"] += 1

    def _note_failed(self, operation: Operation) -> None:
        if not isinstance(operation, Ingest | Read):
            self.failed = [*self.failed, operation][-4:]

    def _judge_error(self, host: Host, operation: Operation, error: VinymaticError) -> None:
        """An operation may fail by what was done to it, and by what its documentation says; by nothing else."""
        assert host.process is not None
        # What stalls for longer than the grace may find its manifest collected, or the files that it has brought.
        late = self.clock.now - host.began_at >= GRACE_SECONDS
        damaged = {Fault.FLIPPED, Fault.CUT} & set(host.process.met)
        told = f"{operation.kind} on {host.name}, which met {host.process.met}: {error!r}"
        if isinstance(error, CorruptFileError):
            require(damaged or (late and operation.restores), Invariant.ERRORS, told)
        expected = error.code in operation.errors or (late and isinstance(error, ObjectNotFoundError))
        expected = expected or (late and operation.restores)
        nothing_yet = self.history.newest == 0 or operation.began == 0
        require(host.process.met or expected or nothing_yet, Invariant.ERRORS, told)

    def _end(self, host: Host) -> None:
        self.queue.drop(host.name)
        host.process = host.operation = host.maker = None


class _Backups(Observer):
    """What is backed up is a manifest of the index, whole; and stays so."""

    def __init__(self, world: World) -> None:
        self._world = world

    def deleting(self, key: str) -> None:
        for record in self._world.backups.values():
            require(key not in record.files, Invariant.KEPT, f"{key} is deleted; backup {record.number} names it")

    def wrote(self, key: str, data: bytes) -> None:
        if key.startswith(MANIFESTS):
            manifest = Manifest.from_json(data)
            number = manifest_number(key)
            known = self._world.history.records.get(number)
            genuine = known is not None and known.manifest == manifest
            require(genuine, Invariant.WHOLE, f"backup {number} is no manifest of the index")
            self._world.backups[number] = make_record(self._world.backup, manifest, "backup")
            self._world.history.require_files(self._world.backup, manifest.files(), f"backup {number}")
            return
        for record in self._world.backups.values():
            if key in record.files:
                self._world.history.require_files(self._world.backup, [record.files[key]], f"backup {record.number}")


def _possible(call: Call, fault: Fault) -> Fault:
    """`fault`, or none where such a call cannot meet it."""
    if fault in (Fault.FLIPPED, Fault.CUT) and not (call.reads or call.verb == "copy_from"):
        return Fault.NONE
    if fault is Fault.CONFLICT and call.verb != "create":
        return Fault.NONE
    return fault


@contextmanager
def running(seed: int, hosts: tuple[str, ...]) -> Iterator[World]:
    """A world, with the lifecycle modules living in it."""
    world = World(seed, hosts)
    try:
        with simulated(world.clock), tiny_codebooks():
            yield world
    finally:
        world.close()
