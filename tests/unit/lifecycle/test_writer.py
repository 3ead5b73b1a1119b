"""What a writer commits: each cover once, whatever is delivered how often."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import train_and_promote
from vinymatic.errors import IndexMismatchError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def open_writer(store: ObjectStore, tmp_path: Path, name: str = "test") -> Writer:
    writer = Writer(store, tmp_path / f"work-{name}", FeatureSpec(), writer=name)
    writer.open()
    return writer


def read_ids(store: ObjectStore, tmp_path: Path) -> dict[str, str]:
    """Live covers and their ETags, as a reader that has just started sees them."""
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        return {entry.id: entry.etag for entry in snapshot.list_covers(limit=10_000)}


def test_a_batch_is_one_manifest(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    report = writer.commit(Batch([random_cover("a"), random_cover("b/ü 🎷.jpg")]))
    assert (report.number, report.added, report.replaced, report.deleted, report.unchanged) == (2, 2, 0, 0, 0)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b/ü 🎷.jpg": "1"}
    entry = writer.entry("a")
    assert entry is not None
    assert (entry.manifest, entry.features, entry.width) == (2, 12, 640)


def test_the_same_cover_again_changes_nothing(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    objects = [info.key for info in index_store.list()]
    report = writer.commit(Batch([random_cover("a")]))
    assert (report.number, report.added, report.unchanged) == (2, 0, 1)
    assert [info.key for info in index_store.list()] == objects


def test_a_new_etag_replaces_the_cover(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    report = writer.commit(Batch([random_cover("a", "2")]))
    assert (report.added, report.replaced) == (0, 1)
    assert read_ids(index_store, tmp_path) == {"a": "2", "b": "1"}


def test_a_delete_tombstones_and_one_of_nothing_writes_nothing(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    assert writer.commit(Batch(deletes=["a"])).deleted == 1
    assert read_ids(index_store, tmp_path) == {"b": "1"}
    assert writer.entry("a") is None
    again = writer.commit(Batch(deletes=["a", "never there"]))
    assert (again.deleted, again.number) == (0, 3)


def test_a_segment_whose_last_cover_goes_leaves_the_manifest(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    writer.commit(Batch(deletes=["a"]))
    assert writer.manifest.segments == ()
    assert read_ids(index_store, tmp_path) == {}


def test_a_deleted_cover_can_come_back(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    writer.commit(Batch(deletes=["a"]))
    assert writer.commit(Batch([random_cover("a")])).added == 1
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "1"}


def test_an_id_twice_in_a_batch_is_refused(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    with pytest.raises(ValueError, match="twice"):
        writer.commit(Batch([random_cover("a")], deletes=["a"]))


def test_a_writer_sees_what_others_committed(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    one.commit(Batch([random_cover("a"), random_cover("b")]))
    report = two.commit(Batch([random_cover("a"), random_cover("b", "2"), random_cover("c")]))
    assert (report.added, report.replaced, report.unchanged) == (1, 1, 1)
    one.commit(Batch(deletes=["c"]))
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "2"}


def test_other_dimensions_are_refused_with_both_numbers(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = Writer(index_store, tmp_path, FeatureSpec(dimensions=64), writer="test")
    with pytest.raises(IndexMismatchError, match=r"SIFT_DIMENSIONS=128.*64"):
        writer.open()


def test_two_who_make_the_index_at_once_make_one(tmp_path: Path) -> None:
    store = open_store((tmp_path / "index").as_uri())
    first = open_writer(store, tmp_path, "one")
    second = open_writer(store, tmp_path, "two")
    assert first.manifest.commit_id == second.manifest.commit_id
    assert len(list(store.list("manifests/"))) == 1


def test_a_cover_prepared_before_a_training_is_searchable_after_it(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    train_and_promote(index_store, tmp_path / "train")
    writer.commit(Batch([random_cover("b")]))
    assert writer.manifest.active_epoch == 1
    assert all(1 in segment.codes for segment in writer.manifest.segments)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "1"}


@pytest.mark.parametrize("step", range(1, 14))
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER])
def test_a_failure_at_any_step_loses_nothing_and_repeats_nothing(
    index_store: ObjectStore, tmp_path: Path, step: int, fault: Fault
) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("old"), random_cover("gone")]))
    batch = Batch([random_cover("old", "2"), random_cover("new")], deletes=["gone"])
    writer = open_writer(index_store, tmp_path, "failing")
    # Opened well, failing from now on: the numbers of the steps then are those of the commit.
    writer._store = FaultyStore(index_store, 1, script={step: fault})
    try:
        writer.commit(batch)
    except StorageUnavailableError:
        assert read_ids(index_store, tmp_path) in (
            {"old": "1", "gone": "1"},
            {"old": "2", "new": "1"},
        )
        writer.commit(batch)
    assert read_ids(index_store, tmp_path) == {"old": "2", "new": "1"}
    newest = read_newest(index_store)
    assert newest is not None
    assert newest.number == 3


operations = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"), max_size=4),
        st.sets(st.sampled_from("abcdef")),
    ),
    max_size=6,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(operations)
def test_any_run_of_batches_leaves_what_a_dictionary_would(
    index_template: Path, tmp_path_factory: pytest.TempPathFactory, operations: list[tuple[dict[str, str], set[str]]]
) -> None:
    folder = tmp_path_factory.mktemp("index")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    writer, expected = open_writer(store, folder), {}
    for upserts, deletes in operations:
        deletes = deletes - set(upserts)
        writer.commit(Batch([random_cover(i, etag) for i, etag in upserts.items()], sorted(deletes)))
        expected.update(upserts)
        for cover_id in deletes:
            expected.pop(cover_id, None)
    assert read_ids(store, folder) == expected
    assert {i: entry.etag for i in "abcdef" if (entry := writer.entry(i)) is not None} == expected
