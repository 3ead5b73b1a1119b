"""The commit protocol, on a real directory store with faults around it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from vinymatic.errors import ContentionError, CorruptFileError, StorageUnavailableError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest
from vinymatic.lifecycle.commit import commit, newest_manifest_at, read_manifest, read_newest, stamp
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit

_FILE = FileEntry(key="codebooks/0/x", size=1, sha256="0" * 64)


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "index").as_uri())


def following(newest: Manifest | None) -> Manifest:
    if newest is None:
        book = CodebookEntry(epoch=0, file=_FILE, lists=1, trained_covers=0)
        first = {"number": 1, "dimensions": 128, "active_epoch": 0, "codebooks": {0: book}}
        return Manifest.model_validate(first | stamp("test"))
    changes = {"number": newest.number + 1, "images_ingested": newest.images_ingested + 1}
    return newest.model_copy(update=changes | stamp("test"))


def is_create(verb: str, key: str) -> bool:
    return verb == "create"


def test_commits_are_numbered_from_one_without_gaps(store: ObjectStore) -> None:
    numbers = [commit(store, following).manifest.number for _ in range(5)]
    assert numbers == [1, 2, 3, 4, 5]
    newest = read_newest(store)
    assert newest is not None
    assert newest.number == 5


def test_nothing_committed_reads_as_nothing(store: ObjectStore) -> None:
    assert newest_manifest_at(store) is None
    assert read_newest(store) is None


def test_an_empty_proposal_writes_no_manifest(store: ObjectStore) -> None:
    commit(store, following)
    done = commit(store, lambda newest: None)
    assert (done.changed, done.manifest.number) == (False, 1)
    assert newest_manifest_at(store) is not None
    assert len(list(store.list("manifests/"))) == 1


def test_many_writers_lose_no_commit(store: ObjectStore) -> None:
    commit(store, following)
    conflicts: list[int] = []

    def write() -> None:
        for _ in range(5):
            conflicts.append(commit(store, following, attempts=200).conflicts)  # noqa: PERF401 - an append a thread is atomic

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = read_newest(store)
    assert newest is not None
    assert (newest.number, newest.images_ingested) == (31, 30)
    assert len(conflicts) == 30


def test_a_lost_answer_is_recognised_as_ones_own_commit(store: ObjectStore) -> None:
    commit(store, following)
    faulty = FaultyStore(store, 1, rates={Fault.LOST_ANSWER: 1.0}, only=is_create)
    done = commit(faulty, following)
    assert (done.changed, done.conflicts, done.manifest.number) == (True, 0, 2)
    assert read_manifest(store, 2).commit_id == done.manifest.commit_id


def test_a_lost_answer_to_a_lost_race_is_recognised_as_anothers(store: ObjectStore) -> None:
    commit(store, following)
    rivals: list[Manifest] = []

    def propose(newest: Manifest | None) -> Manifest:
        mine = following(newest)
        if not rivals:  # another commits between our reading and our writing
            rivals.append(commit(store, following).manifest)
        return mine

    done = commit(FaultyStore(store, 1, rates={Fault.LOST_ANSWER: 1.0}, only=is_create), propose)
    assert (rivals[0].number, done.manifest.number, done.conflicts) == (2, 3, 1)
    assert read_manifest(store, 2).commit_id == rivals[0].commit_id


def test_a_store_that_stays_away_is_said_so_and_nothing_is_half_written(store: ObjectStore) -> None:
    commit(store, following)
    faulty = FaultyStore(store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=is_create)
    with pytest.raises(StorageUnavailableError):
        commit(faulty, following)
    newest = read_newest(store)
    assert newest is not None
    assert newest.number == 1


def test_a_passing_503_costs_nothing(store: ObjectStore) -> None:
    commit(store, following)
    faulty = FaultyStore(store, 1, script={3: Fault.UNAVAILABLE})
    assert commit(faulty, following).manifest.number == 2
    assert any(call.fault is Fault.UNAVAILABLE and call.verb == "create" for call in faulty.calls)


def test_losing_every_round_is_contention(store: ObjectStore) -> None:
    commit(store, following)

    def always_late(newest: Manifest | None) -> Manifest:
        commit(store, following)
        return following(newest)

    with pytest.raises(ContentionError, match="3 rounds"):
        commit(store, always_late, attempts=3)


def test_foreign_names_among_the_manifests_are_passed_over(store: ObjectStore) -> None:
    commit(store, following)
    store.put("manifests/0-notes.txt", b"left by a person")
    assert newest_manifest_at(store) is not None
    assert commit(store, following).manifest.number == 2


def test_the_newest_is_found_by_a_list_of_one_key(store: ObjectStore) -> None:
    for _ in range(3):
        commit(store, following)
    limits: list[int | None] = []

    class Watched(FaultyStore):
        def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
            limits.append(limit)
            return super().list(prefix, start_after=start_after, limit=limit)

    watched = Watched(store, 1)
    assert newest_manifest_at(watched) == (3, store.head(manifest_key(3)).etag)
    assert limits == [1]
    store.put("manifests/.a-folder-s-own-file", b"")
    assert newest_manifest_at(watched) == (3, store.head(manifest_key(3)).etag)
    assert limits == [1, 1, None]


def test_a_manifest_under_anothers_number_is_refused(store: ObjectStore) -> None:
    first = commit(store, following).manifest
    store.put(manifest_key(7), first.to_json())
    with pytest.raises(CorruptFileError, match="says that it is number 1"):
        read_newest(store)
