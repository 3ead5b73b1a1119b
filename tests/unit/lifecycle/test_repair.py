"""Repair: each damage and its remedy, on a real store."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import make_index
from tests.support.index import open_writer as open_writer_of
from tests.unit.lifecycle.damage import cut_off, flip, lose, recommit, rewrite
from tests.unit.lifecycle.repairs import repaired
from tests.unit.lifecycle.stalls import open_writer, read_ids, store_at
from vinymatic.errors import CorruptFileError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import boundary_key
from vinymatic.index.manifest import Manifest
from vinymatic.index.segment import build_segment
from vinymatic.lifecycle import repair_means
from vinymatic.lifecycle.backup import backup, restore
from vinymatic.lifecycle.boundary import advance_boundary
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.repair import repair
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.verification import verify
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

LIVE = {"a": "1", "c": "1", "d": "1"}


def backup_of(store: ObjectStore, tmp_path: Path) -> Sources:
    destination = store_at(tmp_path / "backup")
    backup(store, destination)
    return Sources(backup=destination)


def test_a_whole_index_needs_nothing(small: ObjectStore, tmp_path: Path) -> None:
    report = repaired(small, tmp_path)
    assert (report.number, report.done) == (3, ())


def test_nothing_to_repair_where_nothing_is(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        repair(store_at(tmp_path / "none"), tmp_path / "repair", Sources())


@pytest.mark.parametrize("damage", [lose, flip, cut_off])
def test_everything_comes_back_from_the_backup_without_a_commit(
    small: ObjectStore, tmp_path: Path, damage: Callable[[ObjectStore, str], None]
) -> None:
    sources = backup_of(small, tmp_path)
    for file in require_newest(small).files():
        damage(small, file.key)
    report = repaired(small, tmp_path, sources)
    assert report.number == 3
    assert report.done == tuple(f"{file.key}: put back from the backup" for file in require_newest(small).files())
    assert read_ids(small, tmp_path) == LIVE


def test_bytes_that_the_backup_holds_under_another_name_are_found(small: ObjectStore, tmp_path: Path) -> None:
    sources = backup_of(small, tmp_path)
    open_writer(small, tmp_path).commit(Batch(deletes=["a"]))  # takes the first segment out
    assert sources.backup is not None
    restore(sources.backup, small)
    segment = require_newest(small).segments[0]
    assert {info.key for info in sources.backup.list("segments/")}.isdisjoint(file.key for file in segment.files)
    lose(small, segment.points_file.key)
    report = repaired(small, tmp_path, sources)
    assert report.done == (f"{segment.points_file.key}: put back from the backup",)


def test_a_damaged_backup_is_no_source(small: ObjectStore, tmp_path: Path) -> None:
    sources = backup_of(small, tmp_path)
    key = require_newest(small).segments[0].points_file.key
    flip(small, key)
    assert sources.backup is not None
    flip(sources.backup, key, 200)
    report = repair(small, tmp_path / "repair", sources)
    assert report.done == ()
    assert "has lost the features of its covers (1)" in report.unsaved[0]


def test_a_store_that_gives_back_other_bytes_than_it_was_given_is_an_error(small: ObjectStore, tmp_path: Path) -> None:
    sources = backup_of(small, tmp_path)
    key = require_newest(small).segments[0].points_file.key
    flip(small, key)
    broken = FaultyStore(
        small, 1, rates={Fault.CORRUPT: 1.0}, only=lambda verb, called: verb == "download" and called == key
    )
    with pytest.raises(CorruptFileError, match="gives back other bytes"):
        repair(broken, tmp_path / "repair", sources)


@pytest.mark.parametrize("away", ["index", "backup"])
def test_a_store_that_is_away_is_an_error(small: ObjectStore, tmp_path: Path, away: str) -> None:
    sources = backup_of(small, tmp_path)
    assert sources.backup is not None
    flip(small, require_newest(small).segments[0].points_file.key)
    gone = FaultyStore(small if away == "index" else sources.backup, 1, rates={Fault.UNAVAILABLE: 1.0})
    index, sources = (gone, sources) if away == "index" else (small, Sources(backup=gone))
    with pytest.raises(StorageUnavailableError):
        repair(index, tmp_path / "repair", sources)


@pytest.mark.parametrize("damage", [lose, flip])
def test_an_encoding_comes_out_as_it_was_and_needs_no_commit(
    trained: ObjectStore, tmp_path: Path, damage: Callable[[ObjectStore, str], None]
) -> None:
    manifest = require_newest(trained)
    for segment in manifest.segments:
        for file in segment.codes.values():
            damage(trained, file.key)
    report = repaired(trained, tmp_path)
    assert (report.number, len(report.done)) == (manifest.number, 4)
    assert require_newest(trained) == manifest
    assert read_ids(trained, tmp_path) == LIVE


def test_an_encoding_that_comes_out_otherwise_is_committed_under_a_name_of_its_own(
    trained: ObjectStore, tmp_path: Path
) -> None:
    segment = require_newest(trained).segments[0]
    rewrite(trained, segment.codes[1], b"junk")
    number = require_newest(trained).number
    report = repaired(trained, tmp_path)
    after = require_newest(trained)
    assert (report.number, after.number) == (number + 1, number + 1)
    assert after.segments[0].codes[1].key != segment.codes[1].key
    assert after.segments[0].codes[0] == segment.codes[0]
    assert read_ids(trained, tmp_path) == LIVE


def test_an_encoding_that_readers_need_and_nobody_made_is_made(trained: ObjectStore, tmp_path: Path) -> None:
    def without(newest: Manifest) -> Manifest:
        first, *rest = newest.segments
        return newest.model_copy(update={"segments": (first.model_copy(update={"codes": {0: first.codes[0]}}), *rest)})

    recommit(trained, without)
    repaired(trained, tmp_path)
    assert set(require_newest(trained).segments[0].codes) == {0, 1}


def test_the_first_codebook_is_made_again_byte_for_byte(small: ObjectStore, tmp_path: Path) -> None:
    key = require_newest(small).active_codebook.file.key
    lose(small, key)
    assert repaired(small, tmp_path).done == (f"{key}: made again",)


def test_the_feature_model_is_made_again_byte_for_byte_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = FeatureSpec(dimensions=32)
    store = store_at(make_index(tmp_path / "small", spec))
    open_writer_of(store, tmp_path / "work", spec).commit(Batch([random_cover("a", dimensions=32)]))
    model = require_newest(store).feature_model
    assert model is not None
    flip(store, model.key)
    with monkeypatch.context() as patch:
        patch.setattr(repair_means, "_made", lambda dimensions: {"another machine's": b""})
        report = repair(store, tmp_path / "repair", Sources())
    assert report.done == ()
    assert "the feature model is lost" in report.unsaved[0]
    assert repaired(store, tmp_path).done == (f"{model.key}: made again",)


@pytest.mark.parametrize("part", ["covers_file", "points_file"])
def test_lost_truth_is_given_up_only_when_asked_to(small: ObjectStore, tmp_path: Path, part: str) -> None:
    segment = require_newest(small).segments[0]
    flip(small, getattr(segment, part).key)
    flip(small, segment.codes[0].key)
    report = repair(small, tmp_path / "repair", Sources())
    assert (report.done, report.number, len(report.unsaved)) == ((), 3, 1)
    assert segment.id in report.unsaved[0]
    report = repaired(small, tmp_path, drop_lost=True)
    assert report.number == 4
    assert "`vinymatic import`" in report.done[0]
    assert read_ids(small, tmp_path) == {"c": "1", "d": "1"}


def test_what_can_be_saved_is_saved_though_something_cannot(small: ObjectStore, tmp_path: Path) -> None:
    first, second = require_newest(small).segments
    lose(small, first.covers_file.key)
    lose(small, second.codes[0].key)
    report = repair(small, tmp_path / "repair", Sources())
    assert report.done == (f"segment {second.id}: encoded again under epoch 0",)
    assert len(report.unsaved) == 1
    assert [finding.segment for finding in verify(small, tmp_path / "verify").problems] == [first.id]


def test_a_cover_that_is_live_twice_stays_in_its_last_place(small: ObjectStore, tmp_path: Path) -> None:
    segment = require_newest(small).segments[0]
    rewrite(small, segment.covers_file, build_segment([random_cover("c", "old"), random_cover("b")]).covers)
    repaired(small, tmp_path)
    assert (
        [entry.id for entry in require_newest(small).segments] == [require_newest(small).segments[0].id] != [segment.id]
    )
    assert read_ids(small, tmp_path) == {"c": "1", "d": "1"}


def test_a_damaged_boundary_is_written_again(small: ObjectStore, tmp_path: Path) -> None:
    advance_boundary(small, 1)
    small.put(boundary_key(1), b"")
    assert repaired(small, tmp_path).done == (f"{boundary_key(1)}: written again",)


def test_a_pin_that_cannot_be_read_is_a_person_s_to_decide(small: ObjectStore, tmp_path: Path) -> None:
    small.put("pins/x.json", b"")
    report = repair(small, tmp_path / "repair", Sources())
    assert report.done == ()
    assert "`vinymatic index unpin x`" in report.unsaved[0]


def test_a_dry_run_says_all_and_changes_nothing(trained: ObjectStore, tmp_path: Path) -> None:
    sources = backup_of(trained, tmp_path)
    open_writer(trained, tmp_path).commit(Batch([random_cover("e")]))
    first, second, third = require_newest(trained).segments
    lose(trained, first.points_file.key)  # in the backup
    lose(trained, second.codes[1].key)
    flip(trained, third.covers_file.key)
    flip(trained, third.codes[0].key)
    number = require_newest(trained).number
    recommit(trained, lambda m: m.model_copy(update={"segments": m.segments}))
    before = {info.key: info.etag for info in trained.list()}
    report = repair(trained, tmp_path / "repair", sources, drop_lost=True, dry_run=True)
    assert {info.key: info.etag for info in trained.list()} == before
    assert report.number == number + 1
    assert len(report.done) == 3
    assert report.unsaved == ()
    assert repair(trained, tmp_path / "repair", sources, dry_run=True).unsaved
    done = repaired(trained, tmp_path, sources, drop_lost=True)
    assert set(done.done) == set(report.done)
