"""Compaction: answers stay, files become few, and what others commit meanwhile is not undone."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import photo_of, prepared, train_and_promote
from tests.unit.lifecycle.stalls import DyingStore, Killed, assert_whole, open_writer, read_ids, store_at
from vinymatic.errors import ContentionError, CorruptFileError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.index.encoding import dump_encoding, encode_descriptors
from vinymatic.index.manifest import Manifest
from vinymatic.index.query import identify
from vinymatic.index.results import SearchOptions
from vinymatic.index.segment import build_segment
from vinymatic.index.snapshot import CoverEntry, Snapshot
from vinymatic.lifecycle.commit import commit, require_newest, stamp
from vinymatic.lifecycle.compaction import Merge, compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy, plan_compaction
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

POLICY = CompactionPolicy(fan_in=3)


@pytest.fixture
def filled(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Three segments, a to f, of which b is dead and c replaced."""
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a"), random_cover("b"), random_cover("c")]))
    writer.commit(Batch([random_cover("c", "2"), random_cover("d", features=5)], deletes=["b"]))
    writer.commit(Batch([random_cover("e"), random_cover("f", features=1)]))
    return index_store


LIVE = {"a": "1", "c": "2", "d": "1", "e": "1", "f": "1"}


def snapshot_of(store: ObjectStore, tmp_path: Path) -> Snapshot:
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        return snapshot


def started(store: ObjectStore, tmp_path: Path) -> Merge:
    """A merge of all segments, uploaded and not committed."""
    manifest = require_newest(store)
    folder = tmp_path / "merge"
    merge = Merge(store, folder, manifest, [segment.id for segment in manifest.segments], "test")
    folder.mkdir(exist_ok=True)
    merge.upload()
    return merge


def test_segments_become_one_and_the_dead_are_left_behind(filled: ObjectStore, tmp_path: Path) -> None:
    report = compact(filled, tmp_path / "work", policy=POLICY)
    assert (report.merged, report.made, report.dropped_covers) == (3, 1, 2)
    (segment,) = require_newest(filled).segments
    assert (segment.covers, segment.tombstones, segment.features) == (5, (), 12 * 3 + 5 + 1)
    assert report.written_bytes == segment.points_file.size + segment.covers_file.size
    assert read_ids(filled, tmp_path) == LIVE
    assert list((tmp_path / "work").iterdir()) == []


def test_a_second_compaction_changes_nothing(filled: ObjectStore, tmp_path: Path) -> None:
    first = compact(filled, tmp_path / "work", policy=POLICY)
    again = compact(filled, tmp_path / "work", policy=POLICY)
    assert (again.number, again.merged, again.written_bytes) == (first.number, 0, 0)


def test_truth_and_codes_are_the_bytes_that_indexing_the_covers_at_once_would_give(
    filled: ObjectStore, tmp_path: Path
) -> None:
    train_and_promote(filled, tmp_path / "train")  # two epochs
    compact(filled, tmp_path / "work", policy=POLICY)
    (segment,) = require_newest(filled).segments
    covers = [
        random_cover("a"),
        random_cover("c", "2"),
        random_cover("d", features=5),
        random_cover("e"),
        random_cover("f", features=1),
    ]
    points, _ = filled.get(segment.points_file.key)
    assert points == build_segment(covers).points
    snapshot = snapshot_of(filled, tmp_path)
    assert sorted(segment.codes) == [0, 1]
    descriptors = np.concatenate([cover.features.descriptors for cover in covers])
    codes, _ = filled.get(segment.codes[1].key)
    assert codes == dump_encoding(encode_descriptors(snapshot.codebook, descriptors))


def test_a_cover_keeps_the_manifest_that_made_it_searchable(filled: ObjectStore, tmp_path: Path) -> None:
    before = {i: snapshot_of(filled, tmp_path).cover(i).manifest for i in LIVE}
    assert before == {"a": 2, "c": 3, "d": 3, "e": 4, "f": 4}
    compact(filled, tmp_path / "work", policy=POLICY)
    writer = open_writer(filled, tmp_path)
    writer.commit(Batch([random_cover("g"), random_cover("g2"), random_cover("g3")]))
    writer.commit(Batch([random_cover("h"), random_cover("h2"), random_cover("h3")], deletes=["a"]))
    number = require_newest(filled).number
    compact(filled, tmp_path / "work", policy=POLICY)  # one of merged and of fresh segments
    assert len(require_newest(filled).segments) == 1
    snapshot = snapshot_of(filled, tmp_path)
    expected = {**before, "g": number - 1, "h": number}
    del expected["a"]
    assert {i: snapshot.cover(i).manifest for i in expected} == expected
    writer.refresh()
    assert entry_number(writer.entry("c")) == 3


def entry_number(entry: CoverEntry | None) -> int:
    assert entry is not None
    return entry.manifest


def test_answers_are_the_same_before_and_after(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([prepared(0), prepared(1)]))
    writer.commit(Batch([prepared(2), prepared(3)]))
    # A copy under another id: equal distances, so the order of covers decides.
    writer.commit(Batch([prepared(2, id="copy"), prepared(0, "second")], deletes=[prepared(3).id]))
    before = snapshot_of(index_store, tmp_path)
    compact(index_store, tmp_path / "work", policy=POLICY)
    after = snapshot_of(index_store, tmp_path)
    assert (len(before.segments), len(after.segments)) == (3, 1)
    for n in (0, 1, 2, 3):
        told = [
            replace(
                identify(snapshot, photo_of(n), FeatureSpec(), SearchOptions(), max_pixels=10**8),
                manifest=0,
                timings_ms={},
            )
            for snapshot in (before, after)
        ]
        assert told[0] == told[1]
        assert (told[0].covers != ()) is (n != 3)
    for cover_id in ("copy", prepared(0).id):
        one, two = before.cover(cover_id), after.cover(cover_id)
        assert replace(one, segment="") == replace(two, segment="")


def test_what_was_replaced_or_deleted_meanwhile_stays_so(filled: ObjectStore, tmp_path: Path) -> None:
    merge = started(filled, tmp_path)
    open_writer(filled, tmp_path).commit(Batch([random_cover("c", "3")], deletes=["f"]))
    assert commit(filled, merge.propose).changed
    merged, fresh = require_newest(filled).segments
    assert (merged.id, merged.tombstones, fresh.covers) == (merge.id, (1, 4), 1)
    assert read_ids(filled, tmp_path) == {"a": "1", "c": "3", "d": "1", "e": "1"}


def test_a_group_whose_covers_all_went_leaves_no_segment(filled: ObjectStore, tmp_path: Path) -> None:
    merge = started(filled, tmp_path)
    manifest = require_newest(filled)
    dead = tuple(
        segment.model_copy(update={"tombstones": tuple(range(segment.covers))}) for segment in manifest.segments
    )
    proposal = merge.propose(manifest.model_copy(update={"segments": dead}))
    assert proposal is not None
    assert proposal.segments == ()


def test_a_group_whose_segment_vanished_is_dropped(filled: ObjectStore, tmp_path: Path) -> None:
    merge = started(filled, tmp_path)
    open_writer(filled, tmp_path).commit(Batch(deletes=["e", "f"]))  # the third segment leaves the manifest
    assert not commit(filled, merge.propose).changed
    assert read_ids(filled, tmp_path) == {"a": "1", "c": "2", "d": "1"}


def test_a_cover_that_a_restore_brings_back_is_not_lost(filled: ObjectStore, tmp_path: Path) -> None:
    merge = started(filled, tmp_path)

    def restore(manifest: Manifest | None) -> Manifest | None:
        assert manifest is not None
        segments = tuple(segment.model_copy(update={"tombstones": ()}) for segment in manifest.segments[:1])
        return manifest.model_copy(
            update={"number": manifest.number + 1, "segments": (*segments, *manifest.segments[1:])} | stamp("restore")
        )

    commit(filled, restore)
    assert not commit(filled, merge.propose).changed
    assert "b" in read_ids(filled, tmp_path)


def test_another_epoch_that_came_meanwhile_is_moved_as_well(filled: ObjectStore, tmp_path: Path) -> None:
    merge = started(filled, tmp_path)
    assert train_and_promote(filled, tmp_path / "train") == 1
    assert commit(filled, merge.propose).changed
    assert sorted(require_newest(filled).segments[0].codes) == [0, 1]
    assert_whole(filled, require_newest(filled).number)
    assert read_ids(filled, tmp_path) == LIVE


def test_a_candidate_that_some_segments_lack_is_left_to_whoever_encodes_them(
    filled: ObjectStore, tmp_path: Path
) -> None:
    train_and_promote(filled, tmp_path / "train")
    manifest = require_newest(filled)
    first = manifest.segments[0]
    lacking = first.model_copy(update={"codes": {1: first.codes[1]}})
    merge = started(filled, tmp_path)
    proposal = merge.propose(manifest.model_copy(update={"segments": (lacking, *manifest.segments[1:])}))
    assert proposal is not None
    assert sorted(proposal.segments[0].codes) == [1]


def test_a_merge_that_waited_too_long_names_none_of_its_files(
    filled: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merge = started(filled, tmp_path)
    monkeypatch.setattr(merge._age, "_steady", merge._age._steady - 13 * 3_600)
    assert merge.propose(require_newest(filled)) is None


def test_merges_that_others_always_undo_end_with_an_error(
    filled: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Merge, "propose", lambda self, newest: None)
    with pytest.raises(ContentionError):
        compact(filled, tmp_path / "work", policy=POLICY)


def test_a_damaged_source_is_not_copied_under_a_new_checksum(filled: ObjectStore, tmp_path: Path) -> None:
    key = require_newest(filled).segments[1].points_file.key
    data, _ = filled.get(key)
    filled.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    number = require_newest(filled).number
    with pytest.raises(CorruptFileError):
        compact(filled, tmp_path / "work", policy=POLICY)
    assert require_newest(filled).number == number


def test_nothing_to_compact_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        compact(store_at(tmp_path / "none"), tmp_path / "work")


CALLS = 22


def test_killed_at_any_call_it_has_changed_nothing_or_everything(filled: ObjectStore, tmp_path: Path) -> None:
    for last in range(CALLS + 1):
        shutil.copytree(tmp_path / "index", tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        dying = DyingStore(store, last)
        try:
            compact(dying, tmp_path / "work", policy=POLICY)
        except Killed:
            killed = True
        else:
            killed = False
        assert_whole(store, require_newest(store).number)
        assert read_ids(store, tmp_path) == LIVE
        compact(store, tmp_path / "work", policy=POLICY)
        assert len(require_newest(store).segments) == 1
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")
    assert not killed, f"a compaction has more than {CALLS} calls"


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER, Fault.CORRUPT])
def test_a_failure_at_any_call_loses_nothing(filled: ObjectStore, tmp_path: Path, fault: Fault) -> None:
    for step in range(1, CALLS + 1):
        shutil.copytree(tmp_path / "index", tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        try:
            compact(FaultyStore(store, 1, script={step: fault}), tmp_path / "work", policy=POLICY)
        except (StorageUnavailableError, CorruptFileError):
            assert read_ids(store, tmp_path) == LIVE
            compact(store, tmp_path / "work", policy=POLICY)
        assert len(require_newest(store).segments) == 1
        assert_whole(store, require_newest(store).number)
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")


def test_the_plan_of_one_segment_is_nothing(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    assert plan_compaction(require_newest(index_store).segments, CompactionPolicy()) == []
