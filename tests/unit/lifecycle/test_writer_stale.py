"""A writer that looked at an object before another committed a newer look at it: the newer one stays."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import StallingStore, assert_whole, open_writer, read_ids, store_at
from vinymatic.index.layout import MANIFESTS
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def stalled(store: ObjectStore, tmp_path: Path, *others: Batch) -> Writer:
    """A writer that has uploaded, and before whose first create another commits these batches."""

    def commit_others() -> None:
        writer = open_writer(store, tmp_path, "other")
        for batch in others:
            writer.commit(batch)

    writer = open_writer(store, tmp_path, "stalled")
    writer._store = StallingStore(store, "create", MANIFESTS, commit_others)
    return writer


def files(store: ObjectStore) -> list[str]:
    return [info.key for info in store.list() if not info.key.startswith(MANIFESTS)]


def test_an_older_look_does_not_replace_a_newer_commit(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    two.commit(Batch([random_cover("a", "2")], seen={"a": None}))
    report = one.commit(Batch([random_cover("a", "1"), random_cover("b")], seen={"a": None, "b": None}))
    assert (report.stale, report.added, report.unchanged) == (("a",), 1, 0)
    assert read_ids(index_store, tmp_path) == {"a": "2", "b": "1"}


def test_a_deletion_seen_before_the_object_was_put_again_does_not_take_it_out(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    one.commit(Batch([random_cover("a", "1"), random_cover("b")]))
    two.commit(Batch([random_cover("a", "2")], seen={"a": "1"}))
    report = one.commit(Batch(deletes=["a", "b"], seen={"a": "1", "b": "1"}))
    assert (report.stale, report.deleted) == (("a",), 1)
    assert read_ids(index_store, tmp_path) == {"a": "2"}


def test_a_cover_deleted_since_it_was_looked_at_does_not_come_back(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    one.commit(Batch([random_cover("a", "1"), random_cover("b")]))
    two.commit(Batch(deletes=["a"], seen={"a": "1"}))
    number, before = two.number, files(index_store)
    report = one.commit(Batch([random_cover("a", "2")], seen={"a": "1"}))
    assert (report.stale, report.number) == (("a",), number)
    assert read_ids(index_store, tmp_path) == {"b": "1"}
    assert files(index_store) == before, "nothing is uploaded for it"


def test_what_another_committed_from_the_same_look_is_not_stale(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    one.commit(Batch([random_cover("gone")]))
    batch = Batch([random_cover("a")], deletes=["gone"], seen={"a": None, "gone": "1"})
    two.commit(batch)
    report = one.commit(batch)
    assert (report.stale, report.unchanged, report.deleted) == ((), 1, 0)


def test_a_batch_that_was_seen_nowhere_is_not_checked(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    two.commit(Batch([random_cover("a", "2"), random_cover("b", "2")]))
    assert one.commit(Batch([random_cover("a", "1")], deletes=["b"])).stale == ()
    assert read_ids(index_store, tmp_path) == {"a": "1"}


def test_an_id_that_is_only_seen_is_stale_when_the_index_holds_something_else(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    two.commit(Batch([random_cover("same"), random_cover("changed", "2")]))
    report = one.commit(Batch(seen={"same": "1", "changed": "1", "deleted": "1"}))
    assert (report.stale, report.number) == (("changed", "deleted"), two.number)


def test_a_cover_that_turns_stale_after_its_upload_is_dead_in_its_segment_from_the_start(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    writer = stalled(index_store, tmp_path, Batch([random_cover("b", "2")], deletes=["old"]))
    open_writer(index_store, tmp_path).commit(Batch([random_cover("old"), random_cover("kept")]))
    covers = [random_cover("a"), random_cover("b"), random_cover("c"), random_cover("old", "2")]
    report = writer.commit(Batch(covers, seen={"a": None, "b": None, "c": None, "old": "1"}))
    assert (report.stale, report.added, report.replaced, report.conflicts) == (("b", "old"), 2, 0, 1)
    assert read_ids(index_store, tmp_path) == {"a": "1", "b": "2", "c": "1", "kept": "1"}
    segment = writer.manifest.segments[-1]
    assert (segment.covers, segment.tombstones) == (4, (1, 3))
    assert_whole(index_store, report.number)
    assert {i: entry.etag for i in "abc" if (entry := writer.entry(i))} == {"a": "1", "b": "2", "c": "1"}
    assert writer.manifest.images_ingested == 5


def test_an_upload_of_which_nothing_is_left_is_not_proposed(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = stalled(index_store, tmp_path, Batch([random_cover("a", "2")]), Batch([random_cover("b", "2")]))
    report = writer.commit(Batch([random_cover("a"), random_cover("b")], seen={"a": None, "b": None}))
    assert (report.stale, report.added) == (("a", "b"), 0)
    assert [segment.covers for segment in writer.manifest.segments] == [1, 1]
    assert report.number == 3
    # What else the batch asks for is done without it.
    writer = stalled(index_store, tmp_path, Batch([random_cover("a", "4")]))
    report = writer.commit(Batch([random_cover("a", "3")], deletes=["b"], seen={"a": "2", "b": "2"}))
    assert (report.stale, report.deleted) == (("a",), 1)
    assert read_ids(index_store, tmp_path) == {"a": "4"}


def test_a_deletion_that_turns_stale_after_the_upload_is_left_out(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a"), random_cover("b")]))
    writer = stalled(index_store, tmp_path, Batch([random_cover("a", "2")]))
    report = writer.commit(Batch([random_cover("c")], deletes=["a", "b"], seen={"a": "1", "b": "1", "c": None}))
    assert (report.stale, report.deleted, report.added) == (("a",), 1, 1)
    assert read_ids(index_store, tmp_path) == {"a": "2", "c": "1"}


@pytest.mark.parametrize("before", ["1", "2"])
def test_what_was_not_uploaded_is_stale_though_the_index_is_again_as_it_was_seen(
    index_store: ObjectStore, tmp_path: Path, before: str
) -> None:
    """The index held "2" when the writer began, or what it was to commit anyway."""
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a", before)]))
    writer = stalled(index_store, tmp_path, Batch(deletes=["a"]))
    report = writer.commit(Batch([random_cover("a"), random_cover("b")], seen={"a": None, "b": None}))
    assert (report.stale, report.added, report.unchanged) == (("a",), 1, 0)
    assert read_ids(index_store, tmp_path) == {"b": "1"}


def test_a_stale_id_may_be_committed_after_another_look(index_store: ObjectStore, tmp_path: Path) -> None:
    one, two = open_writer(index_store, tmp_path, "one"), open_writer(index_store, tmp_path, "two")
    two.commit(Batch([random_cover("a", "2")]))
    assert one.commit(Batch([random_cover("a", "3")], seen={"a": None})).stale == ("a",)
    entry = one.entry("a")
    assert entry is not None, "the writer knows by now what was committed"
    assert one.commit(Batch([random_cover("a", "3")], seen={"a": entry.etag})).replaced == 1
    assert read_ids(index_store, tmp_path) == {"a": "3"}


looks = st.lists(
    st.tuples(
        st.dictionaries(st.sampled_from("abcd"), st.sampled_from("123"), max_size=3),
        st.sets(st.sampled_from("abcd"), max_size=2),
    ),
    max_size=5,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks, looks)
def test_of_two_writers_only_the_one_whose_look_still_holds_changes_a_cover(
    index_template: Path,
    tmp_path_factory: pytest.TempPathFactory,
    first: list[tuple[dict[str, str], set[str]]],
    second: list[tuple[dict[str, str], set[str]]],
) -> None:
    """`first` is committed between the look of each batch of `second` and its commit: by turns before it and under its upload."""
    folder = tmp_path_factory.mktemp("index")
    shutil.copytree(index_template, folder / "index")
    store = store_at(folder / "index")
    other, late = open_writer(store, folder, "other"), open_writer(store, folder, "late")
    expected: dict[str, str] = {}

    def act(changes: tuple[dict[str, str], set[str]]) -> None:
        upserts, deletes = changes
        gone = sorted(deletes - set(upserts))
        other.commit(Batch([random_cover(i, etag) for i, etag in upserts.items()], gone))
        expected.update(upserts)
        for cover_id in gone:
            expected.pop(cover_id, None)

    for number, (upserts, deletes) in enumerate(second):
        late.refresh()
        seen = {i: None if (entry := late.entry(i)) is None else entry.etag for i in "abcd"}
        between = first.pop() if first else ({}, set())
        if number % 2 == 0:
            act(between)
            late._store = store
        else:
            late._store = StallingStore(store, "create", MANIFESTS, partial(act, between))
        wanted: dict[str, str | None] = {**upserts, **dict.fromkeys(deletes - set(upserts))}
        batch = Batch(
            [random_cover(i, etag) for i, etag in upserts.items()],
            sorted(deletes - set(upserts)),
            {i: seen[i] for i in wanted},
        )
        report = late.commit(batch)
        stale = {i for i, new in wanted.items() if expected.get(i) not in (seen[i], new)}
        assert set(report.stale) == stale
        for cover_id, etag in wanted.items():
            if cover_id not in stale:
                expected.pop(cover_id, None)
                if etag is not None:
                    expected[cover_id] = etag
        assert read_ids(store, folder) == expected
