"""A restore builds only on files that nobody may be deleting: those that the newest manifest names, and those it has just written."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.index import train_and_promote
from tests.unit.lifecycle.stalls import StallingStore, assert_whole, make_older, open_writer, read_ids
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.commit import read_manifest, read_newest
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def kept(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """A backup of covers `a` and `b`; the index has lost `b` since, and its files are orphans of old once it is collected."""
    destination = open_store((tmp_path / "backup").as_uri())
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    writer.commit(Batch([random_cover("b")]))
    backup(index_store, destination)
    writer.commit(Batch(deletes=["b"]))
    return destination


def test_what_the_newest_manifest_names_is_used_where_it_lies_and_the_rest_is_copied_under_other_names(
    index_store: ObjectStore, kept: ObjectStore, tmp_path: Path
) -> None:
    report = restore(kept, index_store)
    restored = read_manifest(index_store, report.number)
    original = read_manifest(kept, report.backup_number)
    first, second = restored.segments
    assert first.files == original.segments[0].files
    assert [file.sha256 for file in second.files] == [file.sha256 for file in original.segments[1].files]
    assert not {file.key for file in second.files} & {file.key for file in original.files()}
    assert all(file.key.startswith("segments/") for file in second.files)  # a collection looks there
    assert report.copied_files == 3
    assert_whole(index_store, report.number)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "1"}


def test_a_collection_that_had_decided_before_the_restore_takes_nothing_of_it(
    index_store: ObjectStore, index_folder: Path, kept: ObjectStore, tmp_path: Path
) -> None:
    make_older(index_folder)
    # Everything is listed and judged, the fence is committed; before the first file is deleted, a restore comes and goes.
    store = StallingStore(index_store, "delete", "segments/", lambda: restore(kept, index_store))
    report = collect(store, policy=CollectionPolicy(keep=1, grace=timedelta(hours=24)))
    assert report.files > 0
    newest = read_newest(index_store)
    assert newest is not None
    assert newest.writer.startswith("restore")
    assert_whole(index_store, newest.number)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "1"}


def test_a_restore_that_took_too_long_begins_again(
    index_store: ObjectStore, kept: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(UploadAge, "too_old", property(lambda self: next(answers)))
    report = restore(kept, index_store)
    monkeypatch.undo()
    assert_whole(index_store, report.number)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "1"}


def test_an_epoch_is_not_given_again_after_a_restore_and_a_candidate_is_not_taken_up(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    destination = open_store((tmp_path / "backup").as_uri())
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    train(index_store, tmp_path / "train")
    backup(index_store, destination)
    promote(index_store, ungated=True)
    train_and_promote(index_store, tmp_path / "train")
    restored = read_manifest(index_store, restore(destination, index_store).number)
    assert (restored.active_epoch, restored.candidate_epoch, set(restored.codebooks)) == (0, None, {0})
    assert restored.next_epoch == 3
    assert train(index_store, tmp_path / "train").epoch == 3
