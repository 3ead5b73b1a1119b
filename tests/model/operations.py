"""What the model's processes do: the library's own operations, and for each what it may do to the index."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from tests.model.history import Record, require_encoded
from tests.model.invariants import Invariant, require
from tests.model.tiny import DIMENSIONS, LISTS, tiny_cover
from vinymatic.features import FeatureSpec
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle import promotion
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.pins import pin, unpin
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer

if TYPE_CHECKING:
    from tests.model.world import Host, World

SPEC = FeatureSpec(dimensions=DIMENSIONS)


class Operation(ABC):
    """`errors`: codes with which it may fail although nothing was done to it. `exclusive`: of those with this word one runs at a time.
    `places`: calls before which it matters who else acts: verb, and how its key begins.
    """

    kind = ""
    errors: frozenset[str] = frozenset({"contention"})
    exclusive = ""
    places: tuple[tuple[str, str], ...] = (("create", "manifests/"),)
    restores = False
    once = True

    def __init__(self, world: World, host: Host) -> None:
        self.world = world
        self.host = host
        self.began = world.history.newest

    @abstractmethod
    def run(self) -> None:
        """The whole of it, in the process's thread."""

    def again(self) -> Operation:
        """The same, from its start."""
        return type(self)(self.world, self.host)

    def judge(self, before: Record | None, after: Record) -> str | None:
        """What is wrong with `after`, made by this operation."""
        old = {} if before is None else before.contents
        return None if after.contents == old else f"it changes {changes(old, after.contents)}"


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str | None, str | None]]:
    ids = sorted({*before, *after})
    return {i: (before.get(i), after.get(i)) for i in ids if before.get(i) != after.get(i)}


class Ingest(Operation):
    """Receives, looks at the scans, commits, looks at them again, acknowledges. What is not done is delivered again."""

    kind = "ingest"
    places = (("create", "manifests/"), ("put", "segments/"), ("list", "collection/"), ("look back", ""))

    def __init__(self, world: World, host: Host, most: int = 3) -> None:
        super().__init__(world, host)
        self.messages = world.queue.receive(host.name, most)
        self.wanted: dict[str, str | None] = {}

    def run(self) -> None:
        if self.host.writer is None:
            writer = Writer(self.host.index, self.host.folder("writer"), SPEC, writer=self.host.name)
            writer.open()
            self.host.writer = writer
        entries = {key: self.host.writer.entry(key) for key in self.messages.values()}
        self.wanted = self.host.call("look", "", self._look)
        self.settle(
            Batch(
                upserts=[tiny_cover(key, etag) for key, etag in self.wanted.items() if etag is not None],
                deletes=[key for key, etag in self.wanted.items() if etag is None],
                seen={key: None if entry is None else entry.etag for key, entry in entries.items()},
            )
        )

    def settle(self, batch: Batch) -> None:
        assert self.host.writer is not None
        stale = self.host.writer.commit(batch).stale
        now = self.host.call("look back", "", self._look)
        self.acknowledge({key for key, etag in self.wanted.items() if now[key] == etag and key not in stale})

    def acknowledge(self, keys: Collection[str]) -> None:
        self.host.call("acknowledge", ",".join(sorted(keys)), lambda: self._acknowledge(keys))

    def _look(self) -> dict[str, str | None]:
        return {key: self.world.queue.scans.get(key) for key in self.messages.values()}

    def _acknowledge(self, keys: Collection[str]) -> None:
        for key in keys:
            etag = self.wanted[key]
            held = any(record.contents.get(key) == etag for record in self.world.history.since(self.began))
            told = f"{self.host.name} acknowledges {key} at {etag}, which no manifest since {self.began} holds"
            require(held, Invariant.ACKNOWLEDGED, told)
        self.world.queue.acknowledge([number for number, key in self.messages.items() if key in keys])

    def judge(self, before: Record | None, after: Record) -> str | None:
        known = set() if before is None else {segment.id for segment in before.manifest.segments}
        fresh = [segment for segment in after.manifest.segments if segment.id not in known]
        require_encoded(after, fresh, after.manifest.written_epochs)
        old = {} if before is None else before.contents
        for key, (_, new) in changes(old, after.contents).items():
            if key not in self.wanted:
                return f"it changes {key}, which is not in the batch"
            if new != self.wanted[key]:
                return f"{key} becomes {new}, not {self.wanted[key]}"
        return None


class Read(Operation):
    """A reader looks for a newer manifest; what it serves then is compared with the model, and asked for one of its covers."""

    kind = "read"
    places = (("get", "manifests/"), ("download", ""), ("list", ""))
    served = 0

    def run(self) -> None:
        if self.host.reader is None:
            self.host.reader = Reader(self.host.index, self.host.folder("reader"), dimensions=DIMENSIONS)
        reader = self.host.reader
        last = reader.state.manifest or 0
        try:
            reader.refresh()
        finally:
            now = reader.state.manifest or 0
            require(now >= last, Invariant.FORWARD, f"{self.host.name} went from manifest {last} to {now}")
        with reader.acquire() as snapshot:
            self.served = snapshot.number
            check_served(self.world, snapshot, self.host.name)


def check_served(world: World, snapshot: Snapshot, who: str) -> None:
    number = snapshot.number
    record = world.history.records.get(number)
    genuine = record is not None and record.manifest.commit_id == snapshot.manifest.commit_id
    require(genuine, Invariant.SERVED, f"{who} serves a manifest {number} that counts for nothing")
    assert record is not None
    served = {entry.id: entry.etag for entry in snapshot.list_covers(limit=100_000)}
    told = f"{who} serves manifest {number} wrongly: {changes(record.contents, served)}"
    require(served == record.contents, Invariant.SERVED, told)
    if served:
        cover_id = sorted(served)[number % len(served)]
        descriptors = tiny_cover(cover_id, served[cover_id]).features.descriptors
        found = snapshot.neighbours(descriptors, probes=LISTS, count=1).covers[:, 0]
        names = {snapshot.cover_id(int(owner)) for owner in found if owner >= 0}
        require(names == {cover_id}, Invariant.SERVED, f"{who}, manifest {number}: {cover_id} is found as {names}")


class Train(Operation):
    kind = "train"
    places = (("create", "manifests/"), ("put", "segments/"), ("put", "codebooks/"))
    once = False
    errors = frozenset({"contention", "epoch"})

    def run(self) -> None:
        train(self.host.index, self.host.folder("train"), chunk_features=8, writer=self.host.name)


class Promote(Operation):
    kind = "promote"
    errors = frozenset({"contention", "epoch"})

    def run(self) -> None:
        promotion.promote(self.host.index, ungated=True, writer=self.host.name)


class RollBack(Promote):
    kind = "roll back"

    def run(self) -> None:
        promotion.roll_back(self.host.index, writer=self.host.name)


class Retire(Promote):
    kind = "retire"

    def run(self) -> None:
        promotion.retire_previous(self.host.index, writer=self.host.name)


class Discard(Promote):
    kind = "discard"

    def run(self) -> None:
        promotion.discard_candidate(self.host.index, writer=self.host.name)


class Compact(Operation):
    kind = "compact"
    places = (("create", "manifests/"), ("put", "segments/"), ("upload", "segments/"))
    once = False

    def run(self) -> None:
        policy = CompactionPolicy(fan_in=2, smallest=1 << 16, most_bytes=1 << 18)
        compact(self.host.index, self.host.folder("compact"), policy=policy, writer=self.host.name)


class Collect(Operation):
    kind = "collect"
    places = (
        ("create", "manifests/"),
        ("create", "collection/"),
        ("list", "pins/"),
        ("list", "segments/"),
        ("delete", "manifests/"),
        ("delete", "segments/"),
        ("delete", "codebooks/"),
    )

    def __init__(self, world: World, host: Host, keep: int = 1) -> None:
        super().__init__(world, host)
        self.keep = keep

    def again(self) -> Operation:
        return Collect(self.world, self.host, self.keep)

    def run(self) -> None:
        collect(self.host.index, policy=CollectionPolicy(keep=self.keep), writer=self.host.name)


class Backup(Operation):
    """One at a time, as its callers see to."""

    kind = "backup"
    places = (("create", "manifests/"), ("copy_from", ""), ("download", ""))
    exclusive = "backup"

    def run(self) -> None:
        backup(self.host.index, self.host.backup)


class Restore(Operation):
    """The backup's newest, or an older one; then every key is sent again whose scan differs from what came back."""

    kind = "restore"
    places = (("create", "manifests/"), ("copy_from", ""), ("download", ""))
    restores = True

    def __init__(self, world: World, host: Host, back: int = 0) -> None:
        super().__init__(world, host)
        numbers = sorted(world.backups, reverse=True)
        self.number = numbers[min(back, len(numbers) - 1)]

    def run(self) -> None:
        restore(self.host.backup, self.host.index, number=self.number)

    def judge(self, before: Record | None, after: Record) -> str | None:
        wanted = self.world.backups[self.number].contents
        if after.contents != wanted:
            return f"it is not what was backed up: {changes(wanted, after.contents)}"
        above = max(self.world.backups)
        if after.number <= above:
            return f"its number is not above those of all backups: {above}"
        for key in changes(self.world.queue.scans, wanted):
            self.world.queue.send(key)
        return None


class Pin(Operation):
    kind = "pin"
    places = (("create", "pins/"), ("list", "collection/"), ("head", ""), ("delete", "pins/"))
    errors = frozenset({"object_not_found", "catalogue_error"})

    def __init__(self, world: World, host: Host, name: str, back: int = 0) -> None:
        super().__init__(world, host)
        self.name = name
        self.exclusive = f"pin {name}"
        self.number = max(1, world.history.newest - back)

    def again(self) -> Operation:
        return type(self)(self.world, self.host, self.name, self.world.history.newest - self.number)

    def run(self) -> None:
        pin(self.host.index, self.name, self.number)
        self.world.history.pin(self.name, self.number)


class Unpin(Pin):
    kind = "unpin"

    def run(self) -> None:
        self.world.history.pinned.pop(self.name, None)
        unpin(self.host.index, self.name)
