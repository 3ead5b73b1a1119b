"""Repair of lost features: the scans are fetched again, and what others commit meanwhile stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.index import MAX_PIXELS, SPEC, cover, open_writer, photo_of, prepared, read_snapshot
from tests.unit.lifecycle.damage import flip, lose, recommit
from tests.unit.lifecycle.repairs import repaired
from tests.unit.lifecycle.stalls import StallingStore, read_ids, store_at
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import MANIFESTS
from vinymatic.index.manifest import Manifest
from vinymatic.index.query import identify
from vinymatic.index.results import SearchOptions
from vinymatic.lifecycle import repair_uploads
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.bulk import Limits
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.repair import RepairReport, repair
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.verification import verify
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

COVERS = 4


@pytest.fixture
def bucket(tmp_path: Path) -> ObjectStore:
    """Scans 0 to 3."""
    store = store_at(tmp_path / "bucket")
    for n in range(COVERS):
        store.put(cover(n).id, cover(n).jpeg())
    return store


@pytest.fixture
def index(index_store: ObjectStore, bucket: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Its first segment has lost its features: scans 0 to 3, of which 1 is dead. The second one is whole."""
    writer = open_writer(index_store, tmp_path / "work")
    writer.commit(Batch([prepared(n, bucket.head(cover(n).id).etag) for n in range(COVERS)]))
    writer.commit(Batch([random_cover("other")], deletes=[cover(1).id]))
    lose(index_store, require_newest(index_store).segments[0].points_file.key)
    return index_store


def sources(bucket: ObjectStore) -> Sources:
    # Other dimensions than the index has: those of the index count.
    return Sources(scans=bucket, spec=FeatureSpec(dimensions=64), limits=Limits(MAX_PIXELS, 10_000_000))


def ids(store: ObjectStore, tmp_path: Path) -> set[str]:
    return set(read_ids(store, tmp_path))


def scans(*numbers: int) -> set[str]:
    return {cover(n).id for n in numbers} | {"other"}


def test_covers_are_made_again_as_they_were_and_where_they_were(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path
) -> None:
    before = require_newest(index)
    report = repaired(index, tmp_path, sources(bucket))
    after = require_newest(index)
    assert report.done == (f"segment {before.segments[0].id}: 3 of its 3 covers made again from their scans",)
    assert (after.number, after.images_ingested) == (before.number + 1, before.images_ingested)
    made, other = after.segments
    assert other == before.segments[1]
    assert (made.covers, made.tombstones, made.added_in) == (3, (), after.number)
    snapshot = read_snapshot(index, tmp_path / "cache")
    for n in (0, 2, 3):
        entry, wanted = snapshot.cover(cover(n).id), prepared(n)
        assert entry.etag == bucket.head(cover(n).id).etag
        found = snapshot.features_of(snapshot.number_of(cover(n).id))
        assert (found.descriptors == wanted.features.descriptors).all()
    answer = identify(snapshot, photo_of(2), SPEC, SearchOptions(), max_pixels=MAX_PIXELS)
    assert [match.id for match in answer.covers] == [cover(2).id]


def test_a_large_segment_becomes_several_so_that_few_covers_are_in_memory(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repair_uploads, "BATCH", 2)
    repaired(index, tmp_path, sources(bucket))
    assert [segment.covers for segment in require_newest(index).segments] == [2, 1, 1]
    snapshot = read_snapshot(index, tmp_path / "cache")
    assert [snapshot.cover_id(n) for n in range(4)] == [cover(0).id, cover(2).id, cover(3).id, "other"]


def test_a_scan_that_was_replaced_meanwhile_replaces_its_cover(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path
) -> None:
    newer = bucket.put(cover(2).id, cover(5).jpeg())
    repaired(index, tmp_path, sources(bucket))
    snapshot = read_snapshot(index, tmp_path / "cache")
    assert snapshot.cover(cover(2).id).etag == newer.etag
    answer = identify(snapshot, photo_of(5), SPEC, SearchOptions(), max_pixels=MAX_PIXELS)
    assert [match.id for match in answer.covers] == [cover(2).id]


def gone(bucket: ObjectStore) -> None:
    bucket.delete(cover(2).id)


def no_image(bucket: ObjectStore) -> None:
    bucket.put(cover(2).id, b"text")


@pytest.mark.parametrize(("damage", "why"), [(gone, "is not in file:"), (no_image, "is refused")])
def test_a_cover_whose_scan_gives_nothing_is_named_and_given_up_only_when_asked_to(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path, damage: Callable[[ObjectStore], None], why: str
) -> None:
    damage(bucket)
    before = require_newest(index)
    report = repair(index, tmp_path / "repair", sources(bucket))
    assert (report.number, report.done, report.lost) == (before.number, (), {})
    assert report.unsaved[0].startswith(f"{cover(2).id}: its scan {why}")
    assert require_newest(index) == before
    report = repaired(index, tmp_path, sources(bucket), drop_lost=True)
    assert list(report.lost) == [cover(2).id]
    assert why in report.lost[cover(2).id]
    assert ids(index, tmp_path) == scans(0, 3)


def test_a_segment_all_of_whose_scans_are_gone_goes(index: ObjectStore, bucket: ObjectStore, tmp_path: Path) -> None:
    for n in range(COVERS):
        bucket.delete(cover(n).id)
    dry = repair(index, tmp_path / "repair", sources(bucket), drop_lost=True, dry_run=True)
    report = repaired(index, tmp_path, sources(bucket), drop_lost=True)
    assert dry.lost == report.lost
    assert set(report.lost) == {cover(n).id for n in (0, 2, 3)}
    assert ids(index, tmp_path) == scans()


def test_a_cover_table_that_comes_from_the_backup_tells_which_scans_to_fetch(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path
) -> None:
    table = require_newest(index).segments[0].covers_file.key
    store = store_at(tmp_path / "backup")
    store.put(table, index.get(table)[0])
    flip(index, table)
    both = Sources(backup=store, scans=bucket, limits=Limits(MAX_PIXELS, 10_000_000))
    dry = repair(index, tmp_path / "repair", both, dry_run=True)
    report = repaired(index, tmp_path, both)
    assert dry.done == report.done
    assert len(report.done) == 2
    assert ids(index, tmp_path) == scans(0, 2, 3)


def test_covers_are_encoded_under_every_epoch_that_is_written(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path
) -> None:
    def with_previous(newest: Manifest) -> Manifest:
        # The same codebook under another number: an epoch without a training.
        book = newest.active_codebook.model_copy(update={"epoch": 1})
        return newest.model_copy(update={"previous_epoch": 1, "codebooks": {**newest.codebooks, 1: book}})

    recommit(index, with_previous)
    repaired(index, tmp_path, sources(bucket))
    assert all(set(segment.codes) == {0, 1} for segment in require_newest(index).segments)


def test_a_lost_codebook_and_lost_features_are_repaired_together(
    index: ObjectStore, bucket: ObjectStore, tmp_path: Path, quick_training: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vinymatic.lifecycle.repair_means._made", lambda dimensions: {})
    lose(index, require_newest(index).active_codebook.file.key)
    repaired(index, tmp_path, sources(bucket))
    assert require_newest(index).active_epoch == 1
    assert ids(index, tmp_path) == scans(0, 2, 3)


# What others may do between the plan and the commit, and the ids that are live in the end.
def replaces(index: ObjectStore, tmp_path: Path) -> None:
    open_writer(index, tmp_path / "others").commit(Batch([random_cover(cover(2).id, "newest")]))


def deletes(index: ObjectStore, tmp_path: Path) -> None:
    open_writer(index, tmp_path / "others").commit(Batch([random_cover("late")], deletes=[cover(0).id]))


def empties(index: ObjectStore, tmp_path: Path) -> None:
    open_writer(index, tmp_path / "others").commit(Batch(deletes=[cover(n).id for n in (0, 2, 3)]))


def compacts(index: ObjectStore, tmp_path: Path) -> None:
    for name in ("x", "y"):
        open_writer(index, tmp_path / "others").commit(Batch([random_cover(name)]))
    # The damaged one is larger, and left alone: nobody could merge it.
    policy = CompactionPolicy(fan_in=3, smallest=1 << 15, dead_share=0.5)
    assert compact(index, tmp_path / "compact", policy=policy).merged == 3


def repairs(index: ObjectStore, tmp_path: Path) -> None:
    repair(index, tmp_path / "others", sources(store_at(tmp_path / "bucket")))


def revives(index: ObjectStore, tmp_path: Path) -> None:
    recommit(
        index,
        lambda m: m.model_copy(
            update={"segments": (m.segments[0].model_copy(update={"tombstones": ()}), *m.segments[1:])}
        ),
    )


@pytest.mark.parametrize(
    ("others", "left"),
    [
        (replaces, scans(0, 2, 3)),
        (deletes, scans(2, 3) | {"late"}),
        (empties, scans()),
        (repairs, scans(0, 2, 3)),
        (revives, scans(0, 1, 2, 3)),
    ],
)
def test_what_others_commit_between_plan_and_commit_stays(
    index: ObjectStore,
    bucket: ObjectStore,
    tmp_path: Path,
    others: Callable[[ObjectStore, Path], None],
    left: set[str],
) -> None:
    stalling = StallingStore(index, "create", MANIFESTS, lambda: others(index, tmp_path))
    report = repair(stalling, tmp_path / "repair", sources(bucket))
    assert report.unsaved == ()
    assert verify(index, tmp_path / "verify").clean
    assert ids(index, tmp_path) == left
    if others is replaces:
        assert read_ids(index, tmp_path)[cover(2).id] == "newest"


def test_a_compaction_meanwhile_stays(index: ObjectStore, bucket: ObjectStore, tmp_path: Path) -> None:
    stalling = StallingStore(index, "create", MANIFESTS, lambda: compacts(index, tmp_path))
    assert repair(stalling, tmp_path / "repair", sources(bucket)).unsaved == ()
    assert verify(index, tmp_path / "verify").clean
    assert ids(index, tmp_path) == scans(0, 2, 3) | {"x", "y"}
    assert len(require_newest(index).segments) == 2


def test_a_restore_meanwhile_leaves_nothing_to_do(index: ObjectStore, bucket: ObjectStore, tmp_path: Path) -> None:
    repair(index, tmp_path / "repair", sources(bucket))
    destination = store_at(tmp_path / "backup")
    backup(index, destination)
    segment = require_newest(index).segments[0]
    flip(index, segment.points_file.key)
    brought: list[RepairReport] = []

    def others() -> None:
        recommit(index, lambda m: m.model_copy(update={"segments": m.segments[1:]}))
        restore(destination, index)

    stalling = StallingStore(index, "create", MANIFESTS, others)
    brought.append(repair(stalling, tmp_path / "repair", sources(bucket)))
    assert (brought[0].done, brought[0].unsaved) == ((), ())
    assert require_newest(index).segments[0].id == segment.id  # under other keys, and not made again
    assert ids(index, tmp_path) == scans(0, 2, 3)
