"""Backup and restore: whole or not at all, never over something good."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from vinymatic.errors import (
    CatalogueError,
    CorruptFileError,
    NoIndexError,
    ObjectNotFoundError,
    StorageUnavailableError,
)
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.boundary import advance_boundary, read_boundary
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def writer(index_store: ObjectStore, tmp_path: Path) -> Writer:
    writer = Writer(index_store, tmp_path / "work", FeatureSpec(), writer="test")
    writer.open()
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    return writer


@pytest.fixture
def destination(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "backup").as_uri())


def ids(store: ObjectStore, tmp_path: Path) -> list[str]:
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        return [entry.id for entry in snapshot.list_covers()]


def test_a_backup_opens_as_an_index(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    report = backup(index_store, destination)
    assert (report.number, report.skipped_files) == (2, 0)
    assert report.copied_files == len(writer.manifest.files())
    assert ids(destination, tmp_path) == ["a", "b"]


def test_a_second_backup_copies_only_what_is_new(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer
) -> None:
    backup(index_store, destination)
    assert backup(index_store, destination).copied_files == 0
    writer.commit(Batch([random_cover("c")]))
    assert backup(index_store, destination).copied_files == 3


def test_a_backup_that_dies_is_not_taken_for_a_whole_one(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    writer.commit(Batch([random_cover("c")]))
    faulty = FaultyStore(destination, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: "points" in key)
    with pytest.raises(StorageUnavailableError):
        backup(index_store, faulty)
    assert ids(destination, tmp_path) == ["a", "b"]
    backup(index_store, destination)
    assert ids(destination, tmp_path) == ["a", "b", "c"]


def test_a_broken_file_is_not_backed_up(index_store: ObjectStore, destination: ObjectStore, writer: Writer) -> None:
    key = writer.manifest.segments[0].points_file.key
    data, _ = index_store.get(key)
    index_store.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptFileError):
        backup(index_store, destination)
    assert read_newest(destination) is None


def test_a_lost_index_comes_back_under_a_number_never_used(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    fresh = open_store((tmp_path / "fresh").as_uri())
    report = restore(destination, fresh)
    assert (report.number, report.backup_number, report.covers) == (3, 2, 2)
    assert ids(fresh, tmp_path) == ["a", "b"]
    restored = Writer(fresh, tmp_path / "work", FeatureSpec(), writer="after")
    restored.open()
    assert restored.commit(Batch([random_cover("c")])).number == 4
    backup(fresh, destination)
    assert ids(destination, tmp_path) == ["a", "b", "c"]


def test_going_back_to_an_older_manifest_is_a_new_commit(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    writer.commit(Batch([random_cover("c")], deletes=["a"]))
    backup(index_store, destination)
    report = restore(destination, index_store, number=2)
    assert (report.number, report.backup_number) == (4, 2)
    assert ids(index_store, tmp_path) == ["a", "b"]
    writer.refresh()
    assert (writer.entry("a") is not None, writer.entry("c")) == (True, None)


def test_nothing_to_back_up_and_nothing_to_restore_are_said(tmp_path: Path, destination: ObjectStore) -> None:
    empty = open_store((tmp_path / "empty").as_uri())
    with pytest.raises(NoIndexError):
        backup(empty, destination)
    with pytest.raises(NoIndexError, match="holds no backup"):
        restore(destination, empty)
    assert list(destination.list()) == []


def test_a_manifest_that_the_backup_lacks_is_said(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer
) -> None:
    backup(index_store, destination)
    with pytest.raises(ObjectNotFoundError, match="no backup of manifest 99"):
        restore(destination, index_store, number=99)


def test_the_backup_of_another_index_is_not_overwritten(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    other = open_store((tmp_path / "other").as_uri())
    second = Writer(other, tmp_path / "work", FeatureSpec(), writer="second")
    second.open()
    with pytest.raises(CatalogueError, match="another index"):
        backup(other, destination)
    second.commit(Batch([random_cover("x")]))
    with pytest.raises(CatalogueError, match="another index"):
        backup(other, destination)
    assert ids(destination, tmp_path) == ["a", "b"]


def test_an_index_that_lost_its_manifests_after_a_collection_is_restored_above_its_boundary(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    advance_boundary(index_store, 7)
    for info in list(index_store.list("manifests/")):
        index_store.delete(info.key)
    assert restore(destination, index_store).number == 8
    assert ids(index_store, tmp_path) == ["a", "b"]


def test_a_foreign_name_among_the_boundaries_is_passed_over(index_store: ObjectStore) -> None:
    advance_boundary(index_store, 7)
    index_store.put("collection/boundaries/0-notes.txt", b"left by a person")
    assert read_boundary(index_store) == 7


def test_an_empty_index_never_pushes_out_a_lost_ones_backup(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    other = open_store((tmp_path / "other").as_uri())
    second = Writer(other, tmp_path / "work", FeatureSpec(), writer="second")
    second.open()
    for number in range(4):
        second.commit(Batch([random_cover(f"x{number}")]))
    assert second.number > writer.number
    with pytest.raises(CatalogueError, match="another index"):
        backup(other, destination)
    assert ids(destination, tmp_path) == ["a", "b"]


def test_after_an_older_backup_was_restored_the_next_backup_goes_on(
    index_store: ObjectStore, destination: ObjectStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index_store, destination)
    for name in ("c", "d"):
        writer.commit(Batch([random_cover(name)]))
        backup(index_store, destination)
    fresh = open_store((tmp_path / "fresh").as_uri())
    assert restore(destination, fresh, number=2).number == 5
    assert backup(fresh, destination).number == 5
    assert ids(destination, tmp_path) == ["a", "b"]
