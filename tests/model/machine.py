"""The state machine: Hypothesis decides what is uploaded, who does what, whose call comes next and how it goes, and when time passes."""

from __future__ import annotations

from contextlib import ExitStack

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.model import operations as ops
from tests.model.scheduler import Fault
from tests.model.world import Host, running

INGESTORS = ("ingestor-1", "ingestor-2", "ingestor-3")
READERS = ("reader-1", "reader-2")
JOBS = ("job-1", "job-2", "job-3", "job-4")
COVERS = ("a", "b", "c", "d", "e", "f")
PINS = ("x", "y")

HOUR = 3_600.0
# Within the grace, half of it, all of it: a writer that stalls for 13 hours must upload anew, what is a day old may be collected.
SPANS = (60.0, 11 * HOUR, 13 * HOUR, 25 * HOUR, 50 * HOUR)
FAULTS = tuple(fault for fault in Fault if fault is not Fault.NONE)
MAINTENANCE: tuple[type[ops.Operation], ...] = (ops.Train, ops.Promote, ops.RollBack, ops.Retire, ops.Discard)

pick = st.integers(0, 7)


class IndexMachine(RuleBasedStateMachine):
    """One world a run. What runs is told in the order of the steps, for whoever replays a failure."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._stalled: list[Host] = []

    @initialize(seed=st.integers(0, 1 << 16), covers=st.integers(0, 5), trained=st.booleans())
    def begin(self, seed: int, covers: int, trained: bool) -> None:
        """An index with a past, or none at all."""
        self.world = self._stack.enter_context(running(seed, INGESTORS + READERS + JOBS))
        ingestor, job = self.world.hosts[INGESTORS[0]], self.world.hosts[JOBS[0]]
        for cover in COVERS[:covers]:
            self.world.queue.put(cover)
            if len(self.world.queue.messages) == 2 or cover == COVERS[covers - 1]:
                self.world.do(ingestor, ops.Ingest(self.world, ingestor))
        if covers and trained:
            self.world.do(job, ops.Train(self.world, job))
            self.world.do(job, ops.Promote(self.world, job))

    # What happens outside.

    @rule(cover=st.sampled_from(COVERS))
    def put(self, cover: str) -> None:
        self.world.queue.put(cover)

    @rule(cover=st.sampled_from(COVERS))
    def remove(self, cover: str) -> None:
        self.world.queue.remove(cover)

    @rule(which=pick)
    def redeliver(self, which: int) -> None:
        """The time that an ingestor has for its messages runs out."""
        self.world.queue.drop(INGESTORS[which % len(INGESTORS)])

    @rule(span=st.sampled_from(SPANS))
    def pass_time(self, span: float) -> None:
        self.world.clock.now += span

    @rule(which=pick, ahead=st.sampled_from((-30, -3, 0, 3, 30)))
    def set_clock(self, which: int, ahead: int) -> None:
        """A machine's wall clock is set; not that of one that slept under what runs on it: one of its two clocks must be right."""
        host = _among([*self.world.hosts.values()], which)
        if not (host.busy and host.slept):
            host.was_set = True
            self.world.clock.ahead[host.name] = ahead * HOUR

    @rule(which=pick, span=st.sampled_from(SPANS))
    def sleep(self, which: int, span: float) -> None:
        """A machine sleeps: its steady clock stands still while time passes."""
        host = _among([*self.world.hosts.values()], which)
        self.world.clock.now += span
        if not (host.busy and host.was_set):
            host.slept = True
            self.world.clock.slept[host.name] = self.world.clock.slept.get(host.name, 0.0) + span

    # What begins.

    @rule(which=pick, most=st.integers(1, 3))
    def ingest(self, which: int, most: int) -> None:
        host = self._idle(INGESTORS, which)
        if host is not None and self.world.queue.free:
            self._start(host, ops.Ingest(self.world, host, most))

    @rule(which=pick)
    def read(self, which: int) -> None:
        host = self._idle(READERS, which)
        if host is not None:
            self._start(host, ops.Read(self.world, host))

    @rule(which=pick, what=st.sampled_from(MAINTENANCE))
    def maintain(self, which: int, what: type[ops.Operation]) -> None:
        host = self._idle(JOBS, which)
        if host is not None:
            self._start(host, what(self.world, host))

    @rule(which=pick)
    def compact(self, which: int) -> None:
        host = self._idle(JOBS, which)
        if host is not None:
            self._start(host, ops.Compact(self.world, host))

    @rule(which=pick, keep=st.integers(1, 2))
    def collect(self, which: int, keep: int) -> None:
        host = self._idle(JOBS, which)
        if host is not None:
            self._start(host, ops.Collect(self.world, host, keep))

    @rule(which=pick)
    def back_up(self, which: int) -> None:
        host = self._idle(JOBS, which)
        if host is not None:
            self._start(host, ops.Backup(self.world, host))

    @precondition(lambda self: self.world.backups)
    @rule(which=pick, back=st.integers(0, 2))
    def restore(self, which: int, back: int) -> None:
        host = self._idle(JOBS, which)
        if host is not None and self.world.backups:
            self._start(host, ops.Restore(self.world, host, back))

    @precondition(lambda self: self.world.failed)
    @rule(which=pick)
    def again(self, which: int) -> None:
        """Somebody starts anew what has failed."""
        failed = self.world.failed
        if failed and not failed[which % len(failed)].host.busy:
            operation = failed.pop(which % len(failed))
            self._start(operation.host, operation.again())

    @rule(which=pick, name=st.sampled_from(PINS), back=st.integers(0, 3), out=st.booleans())
    def pin(self, which: int, name: str, back: int, out: bool) -> None:
        host = self._idle(JOBS, which)
        if host is not None:
            self._start(host, (ops.Unpin if out else ops.Pin)(self.world, host, name, back))

    # What goes on.

    @precondition(lambda self: self.world.busy)
    @rule(which=pick, calls=st.integers(1, 12))
    def run(self, which: int, calls: int) -> None:
        if self._awake:
            self._go_on(_among(self._awake, which), calls)

    @precondition(lambda self: self.world.busy)
    @rule(which=pick, calls=st.integers(0, 8), fault=st.sampled_from(FAULTS))
    def disturb(self, which: int, calls: int, fault: Fault) -> None:
        """Some calls go well, the next one does not."""
        if not self._awake:
            return
        host = _among(self._awake, which)
        self._go_on(host, calls)
        if host.busy:
            self.world.step(host, fault)

    @precondition(lambda self: self.world.busy)
    @rule(which=pick)
    def finish(self, which: int) -> None:
        if self._awake:
            self.world.finish(_among(self._awake, which))

    @precondition(lambda self: self.world.busy)
    @rule(which=pick, place=st.integers(0, 7), fault=st.sampled_from(FAULTS))
    def disturb_at(self, which: int, place: int, fault: Fault) -> None:
        """One goes on to a call that matters, and that does not go well."""
        host = self._to_place(which, place)
        if host is not None:
            self.world.step(host, fault)

    @precondition(lambda self: self.world.busy)
    @rule(which=pick, place=st.integers(0, 7))
    def stall(self, which: int, place: int) -> None:
        """One goes on to a call before which it matters who else acts, and stays there until it is woken."""
        host = self._to_place(which, place)
        if host is not None:
            self._stalled.append(host)

    @precondition(lambda self: self._stalled)
    @rule(which=pick)
    def wake(self, which: int) -> None:
        """One that stalled ends, undisturbed."""
        if self._stalled:
            host = _among(self._stalled, which)
            self._stalled.remove(host)
            self.world.finish(host)

    @property
    def _awake(self) -> list[Host]:
        return [host for host in self.world.busy if host not in self._stalled]

    def close(self) -> None:
        self._stack.close()

    def teardown(self) -> None:
        with self._stack:
            if hasattr(self, "world"):
                self.world.settle()

    def _go_on(self, host: Host, calls: int) -> None:
        for _ in range(calls):
            if host.busy:
                self.world.step(host)

    def _to_place(self, which: int, place: int) -> Host | None:
        """One that stands before a call of the kind `place` now; None when it ends without any."""
        if not self._awake:
            return None
        host = _among(self._awake, which)
        assert host.operation is not None
        verb, key = host.operation.places[place % len(host.operation.places)]
        for _ in range(100):
            pending = host.pending
            if pending is None:
                break
            if pending.verb == verb and pending.key.startswith(key):
                return host
            self.world.step(host)
        return None

    def _idle(self, names: tuple[str, ...], which: int) -> Host | None:
        idle = [self.world.hosts[name] for name in names if not self.world.hosts[name].busy]
        return _among(idle, which) if idle else None

    def _start(self, host: Host, operation: ops.Operation) -> None:
        if self.world.can_start(operation.exclusive):
            self.world.start(host, operation)


def _among(hosts: list[Host], which: int) -> Host:
    return hosts[which % len(hosts)]
