"""Collection: what nobody needs goes, what anybody needs stays, wherever it is killed and whoever stalls."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.stalls import (
    LIVE,
    SkewedStore,
    StallingStore,
    assert_whole,
    make_older,
    numbers,
    open_writer,
    read_ids,
    segments,
    store_at,
)
from vinymatic.errors import CorruptFileError, NoIndexError, StorageUnavailableError
from vinymatic.index.layout import BOUNDARIES, MANIFESTS, SEGMENTS, manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle import commit as commits
from vinymatic.lifecycle import log
from vinymatic.lifecycle.boundary import advance_boundary, read_boundary
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.files import file_entry
from vinymatic.lifecycle.pins import pin
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

POLICY = CollectionPolicy(keep=2)


def test_old_manifests_go_and_then_the_files_that_only_they_named(aged: ObjectStore, tmp_path: Path) -> None:
    assert numbers(aged) == [1, 2, 3, 4, 5]
    report = collect(aged, policy=CollectionPolicy(keep=1))
    assert (report.boundary, report.manifests, report.kept) == (4, 4, 1)
    assert numbers(aged) == [5, 6]
    newest = commits.read_newest(aged)
    assert newest is not None
    assert newest.writer == "collect"
    assert segments(aged) == {segment.id for segment in newest.segments}
    assert report.files == 3 * 3 + 1
    assert report.freed_bytes > 0
    assert_whole(aged, 5)
    assert_whole(aged, 6)
    assert read_ids(aged, tmp_path) == LIVE


def test_with_nothing_to_delete_nothing_is_committed(aged: ObjectStore) -> None:
    while collect(aged, policy=POLICY).files:  # its own commit supersedes one more
        pass
    before = numbers(aged)
    report = collect(aged, policy=POLICY)
    assert (report.manifests, report.files, report.freed_bytes) == (0, 0, 0)
    assert numbers(aged) == before


def test_a_dry_run_says_what_would_go_and_touches_nothing(aged: ObjectStore) -> None:
    before = list(aged.list())
    planned = collect(aged, policy=POLICY, dry_run=True)
    assert list(aged.list()) == before
    assert planned.files > 0
    assert collect(aged, policy=POLICY) == planned


def test_a_young_file_that_no_manifest_names_yet_stays(aged: ObjectStore) -> None:
    aged.put("segments/11111111111111111111111111/features.points.safetensors", b"on its way")
    collect(aged, policy=POLICY)
    assert "11111111111111111111111111" in segments(aged)
    assert "00000000000000000000000000" not in segments(aged)


@pytest.mark.parametrize("days", [-1_000, 1_000])
def test_a_machine_whose_clock_is_wrong_deletes_no_more(aged: ObjectStore, days: int) -> None:
    aged.put("segments/11111111111111111111111111/features.points.safetensors", b"on its way")
    report = collect(SkewedStore(aged, timedelta(days=days)), policy=POLICY)
    assert report.manifests == 3
    assert "11111111111111111111111111" in segments(aged)


def test_a_pinned_manifest_opens_after_the_collection(aged: ObjectStore, tmp_path: Path) -> None:
    pin(aged, "release", 3)
    collect(aged, policy=CollectionPolicy(keep=1))
    assert numbers(aged) == [3, 5, 6]
    assert_whole(aged, 3)
    collect(aged, policy=CollectionPolicy(keep=1))
    assert_whole(aged, 3)


def test_a_pin_that_cannot_be_read_stops_everything(aged: ObjectStore) -> None:
    aged.put("pins/release.json", b"{")
    before = (numbers(aged), segments(aged))
    with pytest.raises(CorruptFileError):
        collect(aged, policy=POLICY)
    assert (numbers(aged), segments(aged)) == before


def test_a_manifest_that_cannot_be_read_keeps_every_file(aged: ObjectStore) -> None:
    aged.put(manifest_key(4), b"{")
    before = segments(aged)
    with pytest.raises(CorruptFileError):
        collect(aged, policy=POLICY)
    assert segments(aged) == before


def test_a_reader_on_an_older_manifest_goes_on_serving(
    aged: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = Reader(aged, tmp_path / "cache-old", dimensions=128)
    old.refresh()
    with old.acquire() as snapshot:
        writer = open_writer(aged, tmp_path)
        writer.commit(Batch(deletes=["a", "b"]))
        writer.commit(Batch([random_cover("e")]))
        compact(aged, tmp_path / "work", policy=CompactionPolicy(fan_in=2))
        make_older(tmp_path / "index")
        collect(aged, policy=CollectionPolicy(keep=1))
        assert 5 not in numbers(aged)
        features = random_cover("a", "2").features
        found = snapshot.neighbours(features.descriptors, 1, 1)
        assert (found.distances.size, len(snapshot)) == (12, 4)
        assert (snapshot.features_of(0).descriptors == features.descriptors).all()
    monkeypatch.setattr(log, "LIST_SECONDS", 0.0)  # numbers that were skipped are found by a listing
    assert old.refresh()
    with old.acquire() as snapshot:
        assert [entry.id for entry in snapshot.list_covers()] == ["c", "d", "e"]


def test_nothing_to_collect_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        collect(store_at(tmp_path / "none"))


# Stalled writers


def superseded(store: ObjectStore, folder: Path, tmp_path: Path) -> Callable[[], None]:
    """Others commit what the stalled writer was about to, go on, and all that is collected a day later."""

    def act() -> None:
        other = open_writer(store, tmp_path, "other")
        for n in range(4):
            other.commit(Batch([random_cover(f"other-{n}")]))
        make_older(folder / "manifests")
        collect(store, policy=CollectionPolicy(keep=1))

    return act


def stalled(store: ObjectStore, tmp_path: Path, others: Callable[[], None]) -> Writer:
    """An open writer that stalls before its next create of a manifest."""
    writer = open_writer(store, tmp_path, "stalled")
    writer._store = StallingStore(store, "create", MANIFESTS, others)
    return writer


def test_a_writer_that_creates_a_reused_number_finds_out(aged: ObjectStore, tmp_path: Path) -> None:
    writer = stalled(aged, tmp_path, superseded(aged, tmp_path / "index", tmp_path))
    report = writer.commit(Batch([random_cover("mine")]))
    assert manifest_key(6) in [info.key for info in aged.list(MANIFESTS)]  # it did create the number a second time
    assert report.number > 9
    assert "mine" in read_ids(aged, tmp_path)
    collect(aged, policy=POLICY)
    assert 6 not in numbers(aged)


def test_without_the_look_at_the_boundary_its_cover_would_be_lost(
    aged: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commits, "_boundary_after", lambda store: 0)
    writer = stalled(aged, tmp_path, superseded(aged, tmp_path / "index", tmp_path))
    report = writer.commit(Batch([random_cover("mine")]))
    assert report.number == 6
    assert "mine" not in read_ids(aged, tmp_path)


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER])
def test_a_look_that_fails_is_repeated(aged: ObjectStore, tmp_path: Path, fault: Fault) -> None:
    writer = open_writer(aged, tmp_path)
    store = FaultyStore(aged, 1, rates={fault: 1.0}, only=lambda verb, key: key == BOUNDARIES)
    writer._store = store
    with pytest.raises(StorageUnavailableError):
        writer.commit(Batch([random_cover("e")]))
    assert sum(call.key == BOUNDARIES for call in store.calls) == 3
    writer._store = aged
    assert writer.commit(Batch([random_cover("e")])).unchanged == 1


def test_an_index_that_lost_its_newest_manifests_is_said_to(aged: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(aged, tmp_path)
    advance_boundary(aged, 100)
    with pytest.raises(NoIndexError, match="lost its newest manifests"):
        writer.commit(Batch([random_cover("e")]))


def test_files_that_waited_longer_than_the_grace_are_uploaded_anew(
    aged: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The index is idle: nobody else takes the number, only the collector's own commit does.
    def a_day_passes() -> None:
        make_older(tmp_path / "index")
        monkeypatch.setattr("vinymatic.lifecycle.uploads.GOOD_FOR_SECONDS", -1.0)
        collect(aged, policy=POLICY)
        monkeypatch.setattr("vinymatic.lifecycle.uploads.GOOD_FOR_SECONDS", waited)

    class Waited(float):
        """Half the grace has passed at the first look, and not for what is uploaded then."""

        looks = 0

        def __lt__(self, other: float) -> bool:
            type(self).looks += 1
            return self.looks == 1

    waited = Waited(0)
    writer = stalled(aged, tmp_path, a_day_passes)
    writer.commit(Batch([random_cover("mine")]))
    newest = commits.read_newest(aged)
    assert newest is not None
    assert_whole(aged, newest.number)
    assert read_ids(aged, tmp_path) == LIVE | {"mine": "1"}


def test_a_file_committed_while_the_collector_looks_stays(aged: ObjectStore, tmp_path: Path) -> None:
    manifest = commits.read_newest(aged)
    assert manifest is not None
    orphan = next(info for info in aged.list(SEGMENTS) if "0" * 26 in info.key)
    data, _ = aged.get(orphan.key)

    def name_it() -> None:
        def propose(newest: Manifest | None) -> Manifest | None:
            assert newest is not None
            changes = {"number": newest.number + 1, "feature_model": file_entry(orphan.key, data)}
            return newest.model_copy(update=changes | commits.stamp("restore"))

        commits.commit(aged, propose)

    collect(StallingStore(aged, "create", MANIFESTS, name_it), policy=POLICY)
    assert aged.get(orphan.key)[0] == data


def test_a_collector_that_stalls_does_not_turn_the_boundary_back(aged: ObjectStore, tmp_path: Path) -> None:
    store = StallingStore(aged, "create", BOUNDARIES, superseded(aged, tmp_path / "index", tmp_path))
    collect(store, policy=CollectionPolicy(keep=1))
    assert read_boundary(aged) > 4
    newest = commits.read_newest(aged)
    assert newest is not None
    assert_whole(aged, newest.number)
