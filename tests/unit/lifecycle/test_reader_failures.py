"""A reader whose loads fail at every step: what it serves stays, and what it leaves on the disk is bounded."""

from __future__ import annotations

import errno
import threading
import weakref
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.stalls import StallingStore, open_writer
from vinymatic.errors import StorageUnavailableError, VinymaticError
from vinymatic.index import snapshot as snapshots
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit

DEADLINE = 60.0


class BreakingStore(FaultyStore):
    """A remote store; a download that begins while `error` is set writes half of the file where it is told to, and raises it."""

    error: BaseException | None = None

    def download(self, key: str, path: Path) -> ObjectInfo:
        if self.error is not None:
            data, _ = self.inner.get(key)
            path.write_bytes(data[: len(data) // 2])
            raise self.error
        return super().download(key, path)


class World:
    """An index in which cover a is replaced by each commit, its segment with it, and a reader that serves the first."""

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self.remote = BreakingStore(store, 1)
        self.cache = folder / "cache"
        self._writer = open_writer(store, folder)
        self._etags = count(1)
        self.reader = Reader(self.remote, self.cache, dimensions=128)
        self.served = self.commit()
        self.reader.refresh()

    def commit(self) -> Manifest:
        self._writer.commit(Batch([random_cover("a", str(next(self._etags)))]))
        return self._writer.manifest

    def fail(self, kind: type[BaseException], reason: str) -> None:
        """One look that fails; what was served still is."""
        with pytest.raises(kind):
            self.reader.refresh()
        state = self.reader.state
        assert reason in (state.last_error or "")
        self.assert_served(self.served)

    def assert_served(self, manifest: Manifest) -> None:
        assert (self.reader.state.manifest, self.reader.state.covers) == (manifest.number, 1)
        with self.reader.acquire() as snapshot:
            assert snapshot.number == manifest.number
            near = snapshot.neighbours(snapshot.features_of(0).descriptors, probes=4, count=1)
            assert (near.covers == 0).all()

    def assert_kept(self, *manifests: Manifest) -> None:
        """No file lies in the cache but whole ones of these manifests."""
        allowed = {entry.sha256: entry.size for manifest in manifests for entry in manifest.files()}
        for path in (self.cache / "files").iterdir():
            assert path.stat().st_size == allowed[path.name]
        assert {path.name for path in self.cache.iterdir()} <= {"files", "manifest.json"}

    def recover(self, newest: Manifest) -> None:
        self.reader.refresh()
        assert self.reader.state.last_error is None
        self.assert_served(newest)
        self.assert_kept(newest)
        self.served = newest


@pytest.fixture
def world(index_store: ObjectStore, tmp_path: Path) -> World:
    return World(index_store, tmp_path)


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER, Fault.CORRUPT])
def test_whichever_call_of_a_look_fails_what_is_served_stays_and_the_disk_holds_two_snapshots_at_most(
    world: World, fault: Fault
) -> None:
    failed: set[str] = set()
    for call in count(1):
        # Two in a row: what the first leaves must be gone when the second ends.
        for _ in range(2):
            newest = world.commit()
            begun = len(world.remote.calls)
            world.remote._script = {begun + call: fault}
            try:
                world.reader.refresh()
            except VinymaticError:
                failed.update(met.verb for met in world.remote.calls[begun:] if met.fault)
                world.assert_served(world.served)
                world.assert_kept(world.served, newest)
            else:
                world.served = newest
                world.assert_kept(newest)
        if call > len(world.remote.calls) - begun:
            break
        world.recover(newest)
    assert failed == {"get", "download"} | (set() if fault is Fault.CORRUPT else {"list"})


@pytest.mark.parametrize(
    ("error", "kind", "reason"),
    [
        (MemoryError(), MemoryError, "unexpected MemoryError"),
        (RuntimeError("private"), RuntimeError, "unexpected RuntimeError"),
        (OSError(errno.ENOSPC, "No space left on device"), StorageUnavailableError, "No space left"),
        (OSError(errno.EIO, "Input/output error"), StorageUnavailableError, "Input/output error"),
    ],
)
def test_a_transfer_that_breaks_in_any_way_leaves_no_stump(
    world: World, error: BaseException, kind: type[BaseException], reason: str
) -> None:
    newest = world.commit()
    world.remote.error = error
    for _ in range(2):
        world.fail(kind, reason)
        world.assert_kept(world.served)
    world.remote.error = None
    world.recover(newest)


@pytest.mark.parametrize("part", ["CoverTable", "Segment", "open_encoding", "Partition", "Snapshot"])
@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("Error in faiss: std::bad_alloc"), OSError("torn")])
def test_a_load_that_breaks_at_any_step_keeps_what_is_served(
    world: World, monkeypatch: pytest.MonkeyPatch, part: str, error: Exception
) -> None:
    def breaks(*_: object) -> None:
        raise error

    world.commit()
    newest = world.commit()
    with monkeypatch.context() as patch:
        patch.setattr(snapshots, part, breaks)
        for _ in range(2):
            world.fail(type(error), f"unexpected {type(error).__name__}")
            world.assert_kept(world.served, newest)
    world.recover(newest)


def test_a_disk_that_is_full_when_the_local_manifest_is_written_costs_only_the_restart(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            file.write(data[:10])
        raise OSError(errno.ENOSPC, "No space left on device")

    newest = world.commit()
    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", full)
        assert world.reader.refresh()
    world.assert_served(newest)
    world.assert_kept(newest)


def test_files_that_cannot_be_deleted_do_not_keep_a_snapshot_from_being_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    newest = world.commit()
    with monkeypatch.context() as patch:
        patch.setattr(FileCache, "keep_only", denied)
        assert world.reader.refresh()
    world.assert_served(newest)
    world.recover(world.commit())


def test_a_cached_file_that_is_damaged_after_it_was_checked_is_fetched_anew_by_the_load_that_opens_it(
    world: World,
) -> None:
    """A reader that moves between epochs opens a codebook that it checked long ago."""
    newest = world.commit()
    files = world.reader._files
    kept = files.resolve(newest.segments[0].covers_file)
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-1])
    world.recover(newest)
    assert kept.read_bytes() == whole


def test_a_search_that_ends_while_a_load_runs_neither_waits_for_it_nor_takes_its_files(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    search = ExitStack()
    ending = threading.Thread(target=search.close)

    def end_search() -> None:
        ending.start()
        ending.join(DEADLINE)
        assert not ending.is_alive(), "the search waits for the load"

    store = StallingStore(index_store, "download", "nothing yet", end_search)
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    search.enter_context(reader.acquire())
    writer.commit(Batch([random_cover("b")]))
    reader.refresh()
    writer.commit(Batch([random_cover("c")]))
    # Its cover table has come by then.
    store._prefix = writer.manifest.segments[-1].points_file.key
    assert reader.refresh()
    assert not ending.is_alive()
    assert reader.state.covers == 3


def test_a_snapshot_goes_with_the_last_search_on_it_and_its_maps_stay_until_then(world: World) -> None:
    with world.reader.acquire() as snapshot:
        before = snapshot.features_of(0).descriptors.copy()
        gone = weakref.ref(snapshot)
        world.recover(world.commit())
        assert (snapshot.features_of(0).descriptors == before).all()
        del snapshot
    assert gone() is None
