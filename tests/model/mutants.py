"""The library broken on purpose, one way at a time: what the model must notice, and by which invariant."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

from tests.model import schedules
from tests.model.driver import Step
from tests.model.invariants import Invariant
from tests.model.operations import Ingest
from tests.model.queue import Queue
from vinymatic.errors import ObjectExistsError, StorageUnavailableError
from vinymatic.index.layout import MANIFESTS, manifest_key, manifest_number
from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle import (
    backup,
    catalogue,
    collection,
    commit,
    compaction,
    epochs,
    files,
    log,
    pins,
    uploads,
    writer,
)  # fmt: skip
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Mutant:
    """`found_by`: the invariants that may notice it first. `operations`: what begins in the runs that look for it; all, where none is
    named. `seed`: of the first of these runs. `schedule`: what is run instead of them.
    """

    name: str
    broken: Patch
    found_by: frozenset[Invariant]
    operations: tuple[str, ...] = ()
    seed: int = 1
    schedule: Sequence[Step] = ()


MUTANTS: list[Mutant] = []


def mutant(
    name: str, *found_by: Invariant, operations: str = "", seed: int = 1, schedule: Sequence[Step] = ()
) -> Callable[[Patch], Patch]:
    def note(broken: Patch) -> Patch:
        MUTANTS.append(Mutant(name, broken, frozenset(found_by), tuple(operations.split()), seed, schedule))
        return broken

    return note


@mutant("a message is acknowledged before its commit", Invariant.ACKNOWLEDGED)
def _acknowledge_first() -> AbstractContextManager[object]:
    whole = Ingest.settle

    def settle(self: Ingest, batch: Batch) -> None:
        self.acknowledge(self.wanted)
        whole(self, batch)

    return patch.object(Ingest, "settle", settle)


@mutant("a message is gone once it is received", Invariant.FINISHED, operations="ingest")
def _at_most_once() -> AbstractContextManager[object]:
    whole = Queue.receive

    def receive(self: Queue, who: str, most: int) -> dict[int, str]:
        received = whole(self, who, most)
        self.acknowledge(received)
        return received

    return patch.object(Queue, "receive", receive)


@mutant("an ingestor does not look back before it acknowledges", Invariant.FINISHED, operations="ingest")
def _no_look_back() -> AbstractContextManager[object]:
    def settle(self: Ingest, batch: Batch) -> None:
        assert self.host.writer is not None
        stale = self.host.writer.commit(batch).stale
        self.acknowledge({key for key in self.wanted if key not in stale})

    return patch.object(Ingest, "settle", settle)


@mutant("a look that is older than the index is committed", Invariant.FINISHED, operations="ingest")
def _stale_look() -> AbstractContextManager[object]:
    return patch.object(writer.Writer, "_stale", lambda self, accepted: set())


@mutant("a lost round is not rebased", Invariant.CONTENTS, Invariant.UNIQUE, Invariant.EPOCHS, operations="ingest")
def _no_rebase() -> AbstractContextManager[object]:
    def commit_stale(store: ObjectStore, propose: commit.Proposal, **_: object) -> commit.Commit:
        first: list[Manifest] = []

        def again(newest: Manifest | None) -> Manifest | None:
            if newest is None:
                return propose(newest)
            first.append(newest)
            return propose(first[0].model_copy(update={"number": newest.number}))

        return commit.commit(store, again)

    return patch.object(writer, "commit", commit_stale)


@mutant(
    "a writer overlooks the boundary after its create", Invariant.ACKNOWLEDGED, operations="ingest collect", seed=647
)
def _no_look() -> AbstractContextManager[object]:
    return patch.object(commit, "_boundary_after", lambda store: 0)


@mutant("a collection deletes without a boundary", Invariant.KEPT, operations="ingest collect")
def _no_boundary() -> AbstractContextManager[object]:
    return patch.object(collection, "advance_boundary", lambda store, number: None)


@mutant("a collection ignores pins", Invariant.KEPT, operations="ingest collect pin")
def _no_pins() -> AbstractContextManager[object]:
    return patch.object(collection, "read_pins", lambda store: {})


@mutant("a collection sets no fence", Invariant.WHOLE, Invariant.KEPT, operations="ingest collect")
def _no_fence() -> AbstractContextManager[object]:
    return patch.object(collection, "_fenced", lambda store, plan, *, after, writer: plan)


@mutant("an upload is never too old", Invariant.WHOLE, Invariant.KEPT, operations="ingest collect")
def _no_age() -> AbstractContextManager[object]:
    return patch.object(uploads.UploadAge, "too_old", False)


@mutant("a 412 always counts as a win", Invariant.ACKNOWLEDGED, operations="ingest")
def _always_won() -> AbstractContextManager[object]:
    return _with_create(True)


@mutant("a 412 always counts as a loss", Invariant.ONCE, operations="ingest")
def _always_lost() -> AbstractContextManager[object]:
    return _with_create(False)


def _with_create(won: bool) -> AbstractContextManager[object]:
    whole = commit._create

    def create(store: ObjectStore, proposal: Manifest) -> bool:
        try:
            store.create(manifest_key(proposal.number), proposal.to_json())
        except ObjectExistsError:
            return won
        except StorageUnavailableError:
            return create(store, proposal) if not won else whole(store, proposal)
        return True

    return patch.object(commit, "_create", create)


@mutant("a candidate is promoted before it is encoded everywhere", Invariant.ENCODED, operations="ingest maintain")
def _too_early() -> AbstractContextManager[object]:
    return patch.object(epochs, "require_whole", lambda manifest, epoch: None)


@mutant("ingestors encode under the active epoch alone", Invariant.ENCODED)
def _one_encoding() -> AbstractContextManager[object]:
    @contextmanager
    def active_only() -> Iterator[None]:
        with patch.object(Manifest, "written_epochs", property(lambda manifest: (manifest.active_epoch,))):
            yield

    whole = writer.Writer._next

    def one(self: writer.Writer, *arguments: object) -> Manifest:
        with active_only():
            return whole(self, *arguments)  # type: ignore[arg-type]

    return patch.object(writer.Writer, "_next", one)


@mutant("an epoch's number is given again after a discard", Invariant.EPOCHS)
def _epochs_again() -> AbstractContextManager[object]:
    return patch.object(Manifest, "next_epoch", property(lambda manifest: max(manifest.codebooks) + 1))


@mutant("a merge forgets what died meanwhile", Invariant.CONTENTS, Invariant.UNIQUE, operations="ingest compact")
def _undead() -> AbstractContextManager[object]:
    return patch.object(compaction.Merge, "_tombstones", lambda self, now: ())


@mutant("a replaced cover keeps its old place", Invariant.UNIQUE)
def _no_tombstone() -> AbstractContextManager[object]:
    whole, next_one = catalogue.Catalogue.without, writer.Writer._next

    def only_deletes(
        self: writer.Writer, newest: Manifest, upload: object, stale: object, deletes: Sequence[str]
    ) -> Manifest:
        def without(catalogue_: catalogue.Catalogue, ids: Sequence[str]) -> tuple[SegmentEntry, ...]:
            return whole(catalogue_, deletes)

        with patch.object(catalogue.Catalogue, "without", without):
            return next_one(self, newest, upload, stale, deletes)  # type: ignore[arg-type]

    return patch.object(writer.Writer, "_next", only_deletes)


@mutant("a restore is a rewind: it deletes what is newer", Invariant.KEPT, operations="restore back_up ingest")
def _rewind() -> AbstractContextManager[object]:
    def commit_rewound(store: ObjectStore, propose: commit.Proposal) -> commit.Commit:
        newest = commit.read_newest(store)
        assert newest is not None
        proposal = propose(newest)
        if proposal is None:
            return commit.Commit(newest, changed=False, conflicts=0)
        number = int(proposal.writer.split()[-1])
        for above in range(newest.number, number, -1):
            store.delete(manifest_key(above))
        return commit.Commit(commit.read_manifest(store, number), changed=True, conflicts=0)

    return patch.object(backup, "commit", commit_rewound)


@mutant("a restore writes its old number anew", Invariant.NUMBERS, operations="restore back_up ingest")
def _old_number() -> AbstractContextManager[object]:
    def commit_over(store: ObjectStore, propose: commit.Proposal) -> commit.Commit:
        newest = commit.read_newest(store)
        assert newest is not None
        proposal = propose(newest)
        if proposal is None:
            return commit.Commit(newest, changed=False, conflicts=0)
        old = proposal.model_copy(update={"number": int(proposal.writer.split()[-1])})
        store.put(manifest_key(old.number), old.to_json())
        return commit.Commit(old, changed=True, conflicts=0)

    return patch.object(backup, "commit", commit_over)


@mutant("a reader takes the oldest manifest of a listing", Invariant.FORWARD, Invariant.SERVED)
def _oldest() -> AbstractContextManager[object]:
    def oldest(store: ObjectStore) -> tuple[int, str] | None:
        infos = list(store.list(MANIFESTS))
        return (manifest_number(infos[-1].key), infos[-1].etag) if infos else None

    return patch.object(log, "newest_manifest_at", oldest)


@mutant("a reader serves dead covers", Invariant.SERVED)
def _serves_the_dead() -> AbstractContextManager[object]:
    return patch.object(Snapshot, "_is_dead", lambda *_: False)


@mutant(
    "what arrives is not compared with its sha256",
    Invariant.ERRORS,
    Invariant.CONTENTS,
    Invariant.SERVED,
    operations="read maintain",
)
def _unchecked() -> AbstractContextManager[object]:
    whole = files._matches

    def matches(path: Path, entry: FileEntry) -> bool:
        return path.exists() if path.suffix == ".arriving" else whole(path, entry) or path.exists()

    return patch.object(files, "_matches", matches)


@mutant("a pin counts as proven from its first byte", Invariant.KEPT, schedule=schedules.PIN_TRIED_AGAIN)
def _always_proven() -> AbstractContextManager[object]:
    whole = pins.Pin.to_json
    return patch.object(pins.Pin, "to_json", lambda pin: whole(pin.model_copy(update={"proven": True})))


@mutant("an encoding's key is made of its bytes alone", Invariant.KEPT, schedule=schedules.ENCODED_AGAIN)
def _same_key() -> AbstractContextManager[object]:
    return patch.object(files, "put_anew", files.put_by_content)


@mutant("a restore uses what lies there", Invariant.KEPT, schedule=schedules.RESTORED_AGAIN)
def _in_place() -> AbstractContextManager[object]:
    return patch.object(backup, "fresh_keys", lambda files, named, mark: {})
