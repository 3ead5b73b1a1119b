"""What a reader serves while the index changes, and when it cannot be read."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import train_and_promote
from vinymatic.errors import CorruptFileError, IndexMismatchError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import manifest_key
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def writer(index_store: ObjectStore, tmp_path: Path) -> Writer:
    writer = Writer(index_store, tmp_path / "work", FeatureSpec(), writer="test")
    writer.open()
    return writer


def ids(reader: Reader) -> list[str]:
    with reader.acquire() as snapshot:
        return [entry.id for entry in snapshot.list_covers()]


def test_nothing_is_served_before_the_first_load(index_store: ObjectStore, tmp_path: Path) -> None:
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    with pytest.raises(NoIndexError), reader.acquire():
        pass
    assert reader.state.manifest is None


def test_an_empty_place_says_that_nothing_is_committed(tmp_path: Path) -> None:
    reader = Reader(open_store((tmp_path / "nothing").as_uri()), tmp_path / "cache", dimensions=128)
    with pytest.raises(NoIndexError, match="nothing is committed"):
        reader.refresh()
    assert reader.state.last_error is not None


def test_each_new_manifest_is_taken_once(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    assert reader.refresh()
    assert not reader.refresh()
    writer.commit(Batch([random_cover("a")]))
    assert reader.refresh()
    assert (ids(reader), reader.state.manifest, reader.state.covers) == (["a"], 2, 1)


def test_an_idle_reader_asks_for_one_key_a_look(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    watched = FaultyStore(index_store, 1)
    reader = Reader(watched, tmp_path / "cache", dimensions=128)
    reader.refresh()
    watched.calls.clear()
    for _ in range(3):
        assert not reader.refresh()
    assert [(call.verb, call.key) for call in watched.calls] == [("get", manifest_key(2))] * 3
    writer.commit(Batch([random_cover("a")]))
    watched.calls.clear()
    assert reader.refresh()
    assert [call.verb for call in watched.calls if call.verb != "download"] == ["get", "list"]


def test_a_load_that_failed_is_tried_again_though_its_manifest_is_known(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    faulty = FaultyStore(index_store, 1, only=lambda verb, key: verb == "download")
    reader = Reader(faulty, tmp_path / "cache", dimensions=128)
    reader.refresh()
    writer.commit(Batch([random_cover("a")]))
    faulty.rates[Fault.UNAVAILABLE] = 1.0
    with pytest.raises(StorageUnavailableError):
        reader.refresh()
    faulty.rates.clear()
    assert reader.refresh()
    assert ids(reader) == ["a"]


def test_a_search_keeps_its_snapshot_while_the_index_moves_on(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("a")]))
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as before:
        writer.commit(Batch([random_cover("b")], deletes=["a"]))
        reader.refresh()
        assert [entry.id for entry in before.list_covers()] == ["a"]
        assert before.features_of(0).descriptors.sum() > 0
        assert ids(reader) == ["b"]


def test_corrupt_bytes_are_refused_and_the_old_snapshot_stays(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("a")]))
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    writer.commit(Batch([random_cover("b")]))
    points = writer.manifest.segments[-1].points_file.key
    whole, _ = index_store.get(points)
    index_store.put(points, whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CorruptFileError, match="not those of the manifest"):
        reader.refresh()
    assert ids(reader) == ["a"]
    assert reader.state.last_error is not None
    index_store.put(points, whole)
    assert reader.refresh()
    assert (ids(reader), reader.state.last_error is None) == (["a", "b"], True)


def test_a_store_that_goes_away_leaves_the_old_snapshot(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("a")]))
    faulty = FaultyStore(index_store, 1)
    reader = Reader(faulty, tmp_path / "cache", dimensions=128)
    reader.refresh()
    faulty.rates[Fault.UNAVAILABLE] = 1.0
    with pytest.raises(StorageUnavailableError):
        reader.refresh()
    assert ids(reader) == ["a"]


def test_other_dimensions_are_said_with_both_numbers(index_store: ObjectStore, tmp_path: Path) -> None:
    reader = Reader(index_store, tmp_path / "cache", dimensions=64)
    with pytest.raises(IndexMismatchError, match=r"SIFT_DIMENSIONS=128.*64"):
        reader.refresh()


class _Remote(FaultyStore):
    """A store that is not on this machine."""

    def local_path(self, key: str) -> None:
        return None


def test_a_remote_index_is_cached_and_only_what_is_new_is_fetched(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("a")]))
    remote = _Remote(index_store, 1)
    reader = Reader(remote, tmp_path / "cache", dimensions=128)
    reader.refresh()
    writer.commit(Batch([random_cover("b")]))
    before = len(remote.calls)
    reader.refresh()
    fetched = [call.key for call in remote.calls[before:] if call.verb == "download"]
    assert len(fetched) == 3  # the new segment's cover table, points and codes
    assert all(writer.manifest.segments[-1].id in key for key in fetched)

    again = _Remote(index_store, 1)
    restarted = Reader(again, tmp_path / "cache", dimensions=128)
    restarted.refresh()
    assert ids(restarted) == ["a", "b"]
    assert not any(call.verb == "download" for call in again.calls)


def test_the_cache_holds_one_snapshot_and_not_the_whole_history(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    reader = Reader(_Remote(index_store, 1), tmp_path / "cache", dimensions=128)
    for number in range(4):
        writer.commit(Batch([random_cover("a", str(number))]))
        reader.refresh()
    names = {path.name for path in (tmp_path / "cache" / "files").iterdir()}
    assert names == {entry.sha256 for entry in writer.manifest.files()}


def test_a_corrupt_cached_file_is_fetched_again(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    writer.commit(Batch([random_cover("a")]))
    cache = tmp_path / "cache"
    Reader(_Remote(index_store, 1), cache, dimensions=128).refresh()
    for path in (cache / "files").iterdir():
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    reader = Reader(_Remote(index_store, 1), cache, dimensions=128)
    reader.refresh()
    assert ids(reader) == ["a"]


def test_a_restart_serves_its_local_copy_while_the_store_is_away(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("a")]))
    Reader(_Remote(index_store, 1), tmp_path / "cache", dimensions=128).refresh()
    away = _Remote(index_store, 1, rates={Fault.UNAVAILABLE: 1.0})
    restarted = Reader(away, tmp_path / "cache", dimensions=128)
    with pytest.raises(StorageUnavailableError):
        restarted.refresh()
    assert (ids(restarted), restarted.state.manifest) == (["a"], 2)
    away.rates.clear()
    writer.commit(Batch([random_cover("b")]))
    restarted.refresh()
    assert ids(restarted) == ["a", "b"]


def test_a_local_copy_that_is_not_whole_is_not_served(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    writer.commit(Batch([random_cover("a")]))
    Reader(_Remote(index_store, 1), tmp_path / "cache", dimensions=128).refresh()
    next((tmp_path / "cache" / "files").iterdir()).unlink()
    away = _Remote(index_store, 1, rates={Fault.UNAVAILABLE: 1.0})
    restarted = Reader(away, tmp_path / "cache", dimensions=128)
    with pytest.raises(StorageUnavailableError):
        restarted.refresh()
    assert restarted.state.manifest is None


def test_searches_run_on_through_swaps_and_a_new_epoch(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    writer.commit(Batch([random_cover("first", features=400)]))
    reader = Reader(index_store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    stop, failures, searches = threading.Event(), [], []
    photo = random_cover("first", features=400).features.descriptors

    def search() -> None:
        while not stop.is_set():
            try:
                with reader.acquire() as snapshot:
                    found = snapshot.neighbours(photo, probes=4, count=3)
                    owners = found.covers[:, 0]
                    searches.append(sum(snapshot.cover_id(int(n)) == "first" for n in owners if n >= 0))
            except Exception as error:  # noqa: BLE001 - whatever it is, the test reports it
                failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(6):
        writer.commit(Batch([random_cover(f"cover {number}")]))
        reader.refresh()
    train_and_promote(index_store, tmp_path / "train")
    reader.refresh()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert reader.state.epoch == 1
    assert min(searches) >= 390
    reader.close()
