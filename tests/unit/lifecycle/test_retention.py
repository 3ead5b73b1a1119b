"""Retention: the newest always stays, and nothing goes that a kept backup needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.model.store import MemoryStore
from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.errors import CorruptFileError, StorageUnavailableError
from vinymatic.index.layout import drill_key, manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backup import backup
from vinymatic.lifecycle.backups import BackupStamp, list_backups
from vinymatic.lifecycle.commit import read_manifest
from vinymatic.lifecycle.retention import GRACE, RetentionPolicy, apply_retention, plan_retention, plan_sweep
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 1, tzinfo=UTC)
LATER = timedelta(days=2)

stamps_drawn = st.lists(
    st.builds(BackupStamp, st.integers(1, 99), st.floats(-1, 60).map(lambda days: NOW - timedelta(days=days))),
    unique_by=lambda found: found.number,
)
policies = st.builds(RetentionPolicy, st.integers(0, 5), st.sampled_from([0.0, 0.5, 7.0, 30.0]))
letters = st.sets(st.sampled_from("ABCDEF"), max_size=4)


@given(stamps_drawn, policies)
def test_every_backup_is_kept_or_dropped_and_the_newest_kept(drawn: list[BackupStamp], policy: RetentionPolicy) -> None:
    plan = plan_retention(drawn, policy, NOW)
    assert sorted(plan.kept + plan.dropped) == sorted(found.number for found in drawn)
    if drawn:
        assert plan.kept[0] == max(found.number for found in drawn)
    if policy.keeps_all:
        assert plan.dropped == ()
    if policy.keep_count:
        assert len(plan.kept) <= policy.keep_count
    taken = {found.number: found.taken_at for found in drawn}
    if policy.keep_days:
        assert all(NOW - taken[number] <= timedelta(days=policy.keep_days) for number in plan.kept[1:])


def state(number: int, segments: set[str]) -> Manifest:
    """Segments' files under keys as the sweep lists them."""
    entries = [
        segment_entry(
            letter,
            covers_file=file_entry(f"segments/{letter}/covers"),
            points_file=file_entry(f"segments/{letter}/points"),
            codes={0: file_entry(f"segments/{letter}/codes-{number % 2}")},
        )
        for letter in sorted(segments)
    ]
    return manifest(*entries, number=number)


@given(states=st.lists(letters, min_size=1, max_size=5), policy=policies, days=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_what_a_kept_manifest_names_is_never_deleted(
    states: list[set[str]], policy: RetentionPolicy, days: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = open_store(tmp_path_factory.mktemp("backup").as_uri())
    made = [state(number, segments) for number, segments in enumerate(states, 1)]
    for one in made:
        for file in one.files():
            store.put(file.key, b"0123456789")
        store.put(manifest_key(one.number), one.to_json())
    store.put("segments/Z/points", b"an orphan")
    now = datetime.now(UTC) + timedelta(days=days)
    report = apply_retention(store, policy, now=now)
    left = {info.key for info in store.list()}
    assert {one.number for one in made if manifest_key(one.number) in left} == set(report.kept)
    assert made[-1].number in report.kept
    for one in made:
        if one.number in report.kept:
            assert {file.key for file in one.files() if file.key.startswith("segments/")} <= left
    if not policy.keeps_all and timedelta(days=days) > GRACE:
        needed = {file.key for one in made if one.number in report.kept for file in one.files()}
        assert {key for key in left if key.startswith("segments/")} <= needed


def test_a_young_file_stays_for_the_backup_that_is_being_made() -> None:
    old, young = (ObjectInfo(key, 1, "e", NOW - age) for key, age in (("a", GRACE * 2), ("b", GRACE)))
    assert plan_sweep([], [old, young], NOW) == [old]


@pytest.fixture
def three(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Backups of manifests 2, 3 and 4; manifest 4 lacks the segment of manifest 2."""
    destination = open_store((tmp_path / "backup").as_uri())
    writer = open_writer(index_store, tmp_path / "work")
    for batch in (Batch([random_cover("a")]), Batch([random_cover("b")]), Batch([], deletes=["a"])):
        writer.commit(batch)
        backup(index_store, destination)
    destination.put(drill_key(2), b"{}")
    return destination


def test_an_old_backup_goes_with_the_files_that_it_alone_needed(three: ObjectStore) -> None:
    first = read_manifest(three, 2)
    newest = read_manifest(three, 4)
    alone = {file.key for file in first.files()} - {file.key for file in newest.files()}
    assert len(alone) == 3
    would = apply_retention(three, RetentionPolicy(1), now=datetime.now(UTC) + LATER, dry_run=True)
    assert len(list_backups(three)) == 3
    done = apply_retention(three, RetentionPolicy(1), now=datetime.now(UTC) + LATER)
    assert done == would
    assert (done.kept, done.dropped, done.deleted_files) == ((4,), (3, 2), 3)
    left = {info.key for info in three.list()}
    assert not alone & left
    assert drill_key(2) not in left
    assert {file.key for file in newest.files()} <= left


def test_retention_that_fails_at_any_call_loses_nothing_that_is_kept(three: ObjectStore) -> None:
    newest = read_manifest(three, 4)
    policy, now = RetentionPolicy(1), datetime.now(UTC) + LATER
    for number in range(1, 100):
        faulty = FaultyStore(three, 1, script={number: Fault.LOST_ANSWER})
        try:
            apply_retention(faulty, policy, now=now)
        except StorageUnavailableError:
            left = {info.key for info in three.list()}
            assert {file.key for file in newest.files()} <= left
            continue
        break
    assert number > 6
    assert [entry.number for entry in list_backups(three)] == [4]
    assert len(list(three.list("segments/"))) == len(newest.segments) * 3


def test_nothing_is_deleted_while_a_kept_manifest_cannot_be_read(three: ObjectStore) -> None:
    three.put(manifest_key(4), b"{")
    before = {info.key for info in three.list()}
    with pytest.raises(CorruptFileError):
        apply_retention(three, RetentionPolicy(1), now=datetime.now(UTC) + LATER)
    assert {info.key for info in three.list()} == before


@pytest.mark.parametrize("kind", ["a folder", "S3, where the same bytes have the same ETag"])
def test_a_file_that_a_backup_has_just_written_again_is_spared(three: ObjectStore, kind: str) -> None:
    if kind != "a folder":
        minutes = count(step=2)
        memory = MemoryStore(now=lambda: datetime.now(UTC) + timedelta(minutes=next(minutes)))
        for info in three.list():
            memory.put(info.key, three.get(info.key)[0])
        three = memory
    key = read_manifest(three, 2).segments[0].points_file.key

    class Rewritten(FaultyStore):
        def head(self, asked: str) -> ObjectInfo:
            if asked == key:
                self.inner.put(key, self.inner.get(key)[0])
            return super().head(asked)

    apply_retention(Rewritten(three, 1), RetentionPolicy(1), now=datetime.now(UTC) + LATER)
    assert three.get(key)
