"""Verification: whatever is wrong with an index is found, nothing is changed, and a store that is away is no clean one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.damage import flip, found, only, recommit
from tests.unit.lifecycle.stalls import make_older, store_at
from vinymatic.errors import NoIndexError, ObjectNotFoundError, StorageUnavailableError
from vinymatic.index.layout import manifest_key
from vinymatic.lifecycle.as_of import AsOf
from vinymatic.lifecycle.boundary import advance_boundary
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.findings import Kind, Part
from vinymatic.lifecycle.pins import pin, unpin
from vinymatic.lifecycle.verification import verify
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit


def test_a_whole_index_is_clean(small: ObjectStore, tmp_path: Path) -> None:
    report = verify(small, tmp_path / "verify")
    manifest = require_newest(small)
    files = manifest.files()
    assert (report.clean, report.findings, report.young_orphans) == (True, (), 0)
    assert (report.manifests, report.covers) == ((3,), 3)
    assert (report.files, report.bytes) == (len(files), sum(file.size for file in files))


def test_an_empty_index_is_clean(index_store: ObjectStore, tmp_path: Path) -> None:
    assert found(index_store, tmp_path) == []


def test_a_manifest_that_cannot_be_read_is_a_problem_and_not_an_end(small: ObjectStore, tmp_path: Path) -> None:
    flip(small, manifest_key(2), 60)
    assert found(small, tmp_path) == [(Kind.DAMAGED, Part.MANIFEST, manifest_key(2))]
    flip(small, manifest_key(3), 60)
    report = verify(small, tmp_path / "verify")
    assert [finding.key for finding in report.problems] == [manifest_key(3), manifest_key(2)]
    assert (report.manifests, report.young_orphans) == ((), None)  # an unreadable one may name anything


def test_all_looks_at_every_manifest_that_is_kept_and_at_one_file_once(small: ObjectStore, tmp_path: Path) -> None:
    old = require_newest(small).segments[0]
    recommit(small, lambda m: m.model_copy(update={"segments": m.segments[1:]}))
    flip(small, old.points_file.key)
    assert verify(small, tmp_path / "verify").clean
    report = verify(small, tmp_path / "verify", every=True)
    assert report.manifests == (4, 3, 2, 1)
    finding = only(report.problems)
    assert (finding.key, finding.manifest) == (old.points_file.key, 3)
    assert not verify(small, tmp_path / "verify", number=2).clean
    assert verify(small, tmp_path / "verify", number=1).clean
    pin(small, "x", 2)
    advance_boundary(small, 3)
    report = verify(small, tmp_path / "verify", every=True)
    assert (report.manifests, only(report.problems).manifest) == ((4, 2), 2)
    unpin(small, "x")
    assert verify(small, tmp_path / "verify", every=True).clean  # the others may be collected


def test_a_manifest_that_is_not_there_cannot_be_verified(small: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectNotFoundError, match="no manifest 9"):
        verify(small, tmp_path / "verify", number=9)
    with pytest.raises(NoIndexError):
        verify(store_at(tmp_path / "none"), tmp_path / "verify")


def test_a_manifest_collected_meanwhile_is_passed_over(small: ObjectStore, tmp_path: Path) -> None:
    class Collecting(FaultyStore):
        def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
            if key == manifest_key(2):
                advance_boundary(small, 2)
                small.delete(key)
            return super().get(key, limit=limit)

    assert verify(Collecting(small, 1), tmp_path / "verify", every=True).clean


def test_a_store_that_is_away_is_an_error_at_whichever_call(small: ObjectStore, tmp_path: Path) -> None:
    quiet = FaultyStore(small, 1)
    verify(quiet, tmp_path / "verify")
    for call in range(1, len(quiet.calls) + 1):
        with pytest.raises(StorageUnavailableError):
            verify(FaultyStore(small, 1, script={call: Fault.UNAVAILABLE}), tmp_path / "verify")


def test_one_bad_read_is_not_called_damage(small: ObjectStore, tmp_path: Path) -> None:
    quiet = FaultyStore(small, 1)
    verify(quiet, tmp_path / "verify")
    for call in range(1, len(quiet.calls) + 1):
        store = FaultyStore(small, 1, script={call: Fault.CORRUPT})
        assert verify(store, tmp_path / "verify").clean, quiet.calls[call - 1]


def test_nothing_is_written_to_the_store(small: ObjectStore, tmp_path: Path) -> None:
    flip(small, require_newest(small).segments[0].points_file.key)
    report = verify(AsOf(small, 3), tmp_path / "verify", every=True)  # refuses every write
    assert len(report.problems) == 1


def test_at_most_one_file_lies_in_the_folder_and_none_afterwards(small: ObjectStore, tmp_path: Path) -> None:
    work = tmp_path / "verify"
    most = 0

    class Watching(FaultyStore):
        def download(self, key: str, path: Path) -> ObjectInfo:
            nonlocal most
            info = super().download(key, path)
            most = max(most, sum(file.is_file() for file in work.rglob("*")))
            return info

    verify(Watching(small, 1), work, every=True)
    assert most == 1
    assert list(work.iterdir()) == []


def test_files_that_no_manifest_names_are_noted_when_they_are_old_and_counted_when_young(
    small: ObjectStore, tmp_path: Path
) -> None:
    small.put("codebooks/9/codebook-x.faiss", b"old")
    old = require_newest(small).segments[0]
    recommit(small, lambda m: m.model_copy(update={"segments": m.segments[1:]}))
    make_older(tmp_path / "index")
    small.put("segments/00000000000000000000000000/x", b"young")
    report = verify(small, tmp_path / "verify")
    assert report.clean
    assert report.young_orphans == 1
    note = only(report.findings)
    assert (note.kind, note.key) == (
        Kind.ORPHAN,
        "codebooks/9/codebook-x.faiss",
    )  # manifest 3 is kept, and names the segment
    advance_boundary(small, 3)
    report = verify(small, tmp_path / "verify")
    assert {finding.key for finding in report.findings} == {
        "codebooks/9/codebook-x.faiss",
        *(file.key for file in old.files),
    }
