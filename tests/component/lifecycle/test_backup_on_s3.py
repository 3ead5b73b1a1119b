"""Backup, restore, drill and retention between buckets of a real S3 server."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from local.servers import Ministack
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer, prepared
from tests.support.servers import make_bucket
from vinymatic.errors import CorruptFileError, StorageUnavailableError
from vinymatic.lifecycle.backup import Recording, backup, restore
from vinymatic.lifecycle.backups import list_backups
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.erasure import erase
from vinymatic.lifecycle.retention import RetentionPolicy, apply_retention
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage import ObjectStore, S3Access, open_store

pytestmark = pytest.mark.component


def bucket_store(server: Ministack, prefix: str) -> ObjectStore:
    access = S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=server.endpoint)
    return open_store(f"s3://{make_bucket(server.s3())}/{prefix}", access)


@pytest.fixture
def index(ministack: Ministack) -> ObjectStore:
    return bucket_store(ministack, "index")


@pytest.fixture
def kept(ministack: Ministack) -> FaultyStore:
    return FaultyStore(bucket_store(ministack, "kept"), 1)


@pytest.fixture
def writer(index: ObjectStore, tmp_path: Path) -> Writer:
    writer = open_writer(index, tmp_path / "work")
    writer.commit(Batch([prepared(n) for n in range(4)]))
    return writer


def verbs(store: FaultyStore) -> Counter[str]:
    return Counter(call.verb for call in store.calls)


def test_buckets_copy_among_themselves_and_a_drill_proves_it(
    index: ObjectStore, kept: FaultyStore, writer: Writer, tmp_path: Path
) -> None:
    report = backup(index, kept, recording=Recording(4, tmp_path / "cache"))
    files = len(writer.manifest.files())
    assert report.copied_files == verbs(kept)["copy_from"] == files
    assert verbs(kept)["upload"] == 0
    drilled = drill(kept, scratch=tmp_path / "scratch")
    assert (drilled.passed, drilled.questions, drilled.wrong, drilled.problem) == (True, 4, (), None)

    kept.calls.clear()
    assert backup(index, kept, recording=Recording(4, tmp_path / "cache")).copied_files == 0
    assert set(verbs(kept)) <= {"list", "get"}


def test_a_lost_index_comes_back_in_another_bucket(
    index: ObjectStore, kept: FaultyStore, writer: Writer, ministack: Ministack
) -> None:
    backup(index, kept)
    other = bucket_store(ministack, "other")
    report = restore(kept, other)
    assert (report.number, report.covers) == (writer.number + 1, 4)
    newest = read_newest(other)
    assert newest is not None
    assert newest.segments == writer.manifest.segments


def test_a_backup_cut_off_goes_on_without_copying_again(index: ObjectStore, kept: FaultyStore, writer: Writer) -> None:
    dying = FaultyStore(kept.inner, 1, rates={Fault.LOST_ANSWER: 1.0}, only=lambda verb, key: "points" in key)
    with pytest.raises(StorageUnavailableError):
        backup(index, dying)
    there = {info.key for info in kept.inner.list()}
    assert any("points" in key for key in there)
    backup(index, kept)
    again = {call.key for call in kept.calls if call.verb in ("copy_from", "upload")}
    assert not again & there
    assert read_newest(kept) == writer.manifest


def test_a_corrupt_source_file_is_not_kept(index: ObjectStore, kept: FaultyStore, writer: Writer) -> None:
    key = writer.manifest.segments[0].points_file.key
    data, _ = index.get(key)
    index.put(key, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CorruptFileError):
        backup(index, kept)
    assert read_newest(kept) is None
    assert key not in {info.key for info in kept.list()}
    index.put(key, data)
    backup(index, kept)
    assert kept.get(key)[0] == data


def test_old_backups_go_and_the_newest_still_drills(
    index: ObjectStore, kept: FaultyStore, writer: Writer, tmp_path: Path
) -> None:
    writer.commit(Batch([random_cover("to be removed")]))
    backup(index, kept)
    writer.commit(Batch([], deletes=["to be removed"]))
    backup(index, kept, recording=Recording(4, tmp_path / "cache"))
    report = apply_retention(kept, RetentionPolicy(keep_count=1), now=datetime.now(UTC) + timedelta(days=2))
    assert (len(report.dropped), report.deleted_files) == (1, 3)
    assert [entry.number for entry in list_backups(kept)] == [writer.number]
    assert drill(kept).passed


def test_an_index_on_disk_is_backed_up_to_a_bucket(index_store: ObjectStore, kept: FaultyStore, tmp_path: Path) -> None:
    on_disk = open_writer(index_store, tmp_path / "work")
    on_disk.commit(Batch([prepared(n) for n in range(2)]))
    backup(index_store, kept, recording=Recording(2, tmp_path / "cache"))
    assert verbs(kept)["upload"] == len(on_disk.manifest.files())
    assert drill(kept).passed
    fresh = open_store((tmp_path / "fresh").as_uri())
    assert restore(kept, fresh).covers == 2


def test_a_drill_through_another_bucket_restores_there_and_leaves_nothing(
    ministack: Ministack, index: ObjectStore, kept: FaultyStore, writer: Writer, tmp_path: Path
) -> None:
    backup(index, kept, recording=Recording(4, tmp_path / "cache"))
    place = bucket_store(ministack, "place")
    drilled = drill(kept, scratch=tmp_path / "scratch", through=place)
    assert (drilled.passed, drilled.questions, drilled.through) == (True, 4, place.url)
    assert list(place.list()) == []


def test_an_erased_index_is_gone_and_its_neighbours_are_not(
    ministack: Ministack, index: ObjectStore, writer: Writer
) -> None:
    access = S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=ministack.endpoint)
    bucket = open_store(index.url.removesuffix("/index"), access)
    bucket.put("index-of-another/manifests/x.json", b"{}")
    files = [info.size for info in index.list()]
    report = erase(index)
    assert (report.deleted_files, report.deleted_bytes) == (len(files), sum(files))
    assert [info.key for info in bucket.list()] == ["index-of-another/manifests/x.json"]
