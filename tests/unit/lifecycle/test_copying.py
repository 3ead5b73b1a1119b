"""Files copied between prefixes: what is done for which, and that a fault anywhere costs nothing but another try."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from tests.unit.index.manifests import file_entry
from vinymatic.errors import CorruptFileError, ObjectNotFoundError, StorageUnavailableError
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.copying import REFRESH_AFTER, plan_copy
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 1, tzinfo=UTC)
WRITES = {"put", "create", "upload", "copy_from"}


@pytest.fixture
def manifest(index_store: ObjectStore, tmp_path: Path) -> Manifest:
    writer = open_writer(index_store, tmp_path / "work")
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    return writer.manifest


@pytest.fixture
def destination(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "backup").as_uri())


def damage(store: ObjectStore, key: str) -> None:
    data, _ = store.get(key)
    store.put(key, data[:-1] + bytes([data[-1] ^ 1]))


def assert_whole(store: ObjectStore, manifest: Manifest) -> None:
    for file in manifest.files():
        assert hashlib.sha256(store.get(file.key)[0]).hexdigest() == file.sha256


@pytest.mark.parametrize(
    ("size", "age", "named", "check_all", "todo"),
    [
        (None, None, False, False, "copied"),
        (None, None, True, False, "replaced"),
        (9, timedelta(0), False, False, "replaced"),
        (9, timedelta(0), True, True, "replaced"),
        (10, timedelta(0), True, False, "kept"),
        (10, timedelta(days=400), True, False, "kept"),
        (10, timedelta(0), True, True, "checked"),
        (10, timedelta(0), False, False, "checked"),
        (10, REFRESH_AFTER, False, False, "checked"),
        (10, REFRESH_AFTER + timedelta(seconds=1), False, False, "replaced"),
    ],
)
def test_what_is_done_for_a_file_depends_on_what_is_there(
    size: int | None, age: timedelta | None, named: bool, check_all: bool, todo: str
) -> None:
    file: FileEntry = file_entry("k")
    there = {} if size is None or age is None else {"k": ObjectInfo("k", size, "e", NOW - age)}
    plan = plan_copy([file], there, {"k"} if named else set(), NOW, check_all=check_all)
    assert getattr(plan, todo) == (file,)
    assert len(plan.kept + plan.checked + plan.copied + plan.replaced) == 1


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER])
def test_a_backup_that_fails_at_any_call_goes_on_where_it_was(
    index_store: ObjectStore, manifest: Manifest, tmp_path: Path, fault: Fault
) -> None:
    whole = FaultyStore(open_store((tmp_path / "whole").as_uri()), 1)
    backup(index_store, whole)
    assert len(whole.calls) > len(manifest.files())
    for number in range(1, len(whole.calls) + 1):
        place = open_store((tmp_path / f"fails-at-{number}").as_uri())
        with pytest.raises(StorageUnavailableError):
            backup(index_store, FaultyStore(place, 1, script={number: fault}))
        there = {info.key for info in place.list()}
        again = FaultyStore(place, 1)
        assert backup(index_store, again).number == manifest.number
        assert_whole(place, manifest)
        # What had arrived is proven where it lies, not sent again.
        assert not {call.key for call in again.calls if call.verb in WRITES} & there
        assert read_newest(place) == manifest


def test_a_restore_that_fails_at_any_call_goes_on_where_it_was(
    index_store: ObjectStore, manifest: Manifest, tmp_path: Path
) -> None:
    backup(index_store, kept := open_store((tmp_path / "kept").as_uri()))
    whole = FaultyStore(open_store((tmp_path / "whole").as_uri()), 1)
    restore(kept, whole)
    commit = next(call.number for call in whole.calls if call.verb == "create" and call.key.startswith("manifests/"))
    for number in range(1, commit):  # without the commit, which looks up its own lost answer
        place = open_store((tmp_path / f"fails-at-{number}").as_uri())
        faulty = FaultyStore(place, 1, script={number: Fault.UNAVAILABLE})
        with pytest.raises(StorageUnavailableError):
            restore(kept, faulty)
        assert read_newest(place) is None
        there = {info.key for info in place.list()}
        again = FaultyStore(place, 1)
        assert restore(kept, again).number == manifest.number + 1
        assert_whole(place, manifest)
        assert not {call.key for call in again.calls if call.verb in WRITES} & there


def test_an_unchanged_index_is_not_copied_again(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    backup(index_store, destination)
    watched = FaultyStore(destination, 1)
    report = backup(index_store, watched)
    assert (report.copied_files, report.skipped_files) == (0, len(manifest.files()))
    assert {call.verb for call in watched.calls} <= {"list", "get"}


def test_a_copy_that_arrives_damaged_is_noticed_and_taken_away(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    faulty = FaultyStore(destination, 1, rates={Fault.CORRUPT: 1.0}, only=lambda verb, key: verb == "copy_from")
    with pytest.raises(CorruptFileError):
        backup(index_store, faulty)
    assert list(destination.list()) == []
    backup(index_store, destination)
    assert_whole(destination, manifest)


def test_a_corrupt_source_never_replaces_what_is_good(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    backup(index_store, destination)
    for file in manifest.files():
        damage(index_store, file.key)
    backup(index_store, destination)
    assert_whole(destination, manifest)
    # Nor where the manifest is gone and nothing vouches for the files any more.
    for info in list(destination.list("manifests/")):
        destination.delete(info.key)
    assert backup(index_store, destination).copied_files == 0
    assert_whole(destination, manifest)


def test_a_good_file_of_old_is_not_refreshed_with_a_corrupt_one(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    backup(index_store, destination)
    for info in list(destination.list("manifests/")):
        destination.delete(info.key)
    long_ago = (datetime.now(UTC) - 2 * REFRESH_AFTER).timestamp()
    for file in manifest.files():
        path = destination.local_path(file.key)
        assert path is not None
        os.utime(path, (long_ago, long_ago))
        damage(index_store, file.key)
    with pytest.raises(CorruptFileError):
        backup(index_store, destination)
    assert_whole(destination, manifest)


def test_a_corrupt_backup_never_replaces_what_is_good_in_the_index(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore, tmp_path: Path
) -> None:
    backup(index_store, destination)
    damage(destination, manifest.segments[0].points_file.key)
    restore(destination, index_store)  # everything needed is there and good
    assert_whole(index_store, manifest)
    empty = open_store((tmp_path / "empty").as_uri())
    with pytest.raises(CorruptFileError):
        restore(destination, empty)
    assert read_newest(empty) is None


def test_a_restore_mends_what_is_damaged_in_the_index(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    backup(index_store, destination)
    damage(index_store, manifest.segments[0].points_file.key)
    index_store.delete(manifest.segments[0].covers_file.key)
    report = restore(destination, index_store)
    assert report.copied_files == 2
    assert report.checked_files == len(manifest.files()) - 2
    assert_whole(index_store, manifest)


def test_stores_that_cannot_copy_from_each_other_are_bridged(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    class Elsewhere(FaultyStore):
        def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
            return None

    elsewhere = Elsewhere(destination, 1)
    backup(index_store, elsewhere)
    assert_whole(destination, manifest)
    assert "upload" in {call.verb for call in elsewhere.calls}


def test_a_source_file_that_is_gone_is_said(
    index_store: ObjectStore, manifest: Manifest, destination: ObjectStore
) -> None:
    index_store.delete(manifest.segments[0].points_file.key)
    with pytest.raises(ObjectNotFoundError):
        backup(index_store, destination)
    assert read_newest(destination) is None
