"""The local copy of immutable files."""

from __future__ import annotations

import errno
import os
import time
from pathlib import Path

import pytest

from tests.support.faults import FaultyStore
from vinymatic.errors import CorruptFileError, ObjectNotFoundError, StorageUnavailableError
from vinymatic.lifecycle.files import FileCache, put_file
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


class _Remote(FaultyStore):
    """A store that is not on this machine."""

    def local_path(self, key: str) -> None:
        return None


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return _Remote(open_store((tmp_path / "store").as_uri()), 1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def test_a_file_is_fetched_once(store: _Remote, folder: Path) -> None:
    entry = put_file(store, "segments/a", b"bytes")
    cache = FileCache(store, folder)
    assert cache.resolve(entry).read_bytes() == b"bytes"
    before = len(store.calls)
    assert cache.resolve(entry).read_bytes() == b"bytes"
    assert len(store.calls) == before


def test_bytes_that_are_not_the_manifests_never_get_a_name(store: ObjectStore, folder: Path) -> None:
    entry = put_file(store, "segments/a", b"bytes")
    store.put("segments/a", b"bytEs")
    with pytest.raises(CorruptFileError, match="segments/a"):
        FileCache(store, folder).resolve(entry)
    assert list(folder.iterdir()) == []


def test_what_the_store_lacks_is_said(store: ObjectStore, folder: Path) -> None:
    entry = put_file(store, "segments/a", b"bytes")
    store.delete("segments/a")
    with pytest.raises(ObjectNotFoundError):
        FileCache(store, folder).resolve(entry)


def test_keeping_deletes_the_rest_but_not_what_another_process_is_fetching(store: ObjectStore, folder: Path) -> None:
    entries = [put_file(store, f"segments/{number}", bytes([number])) for number in range(3)]
    cache = FileCache(store, folder)
    for entry in entries:
        cache.resolve(entry)
    fresh = {"x.1.2.arriving", ".x.part"}
    for name in (*fresh, "y.1.2.arriving", ".y.part"):
        (folder / name).write_bytes(b"")
        written = time.time() - (60 if name in fresh else 3_600)
        os.utime(folder / name, (written, written))
    cache.keep_only(entries[:1])
    assert {path.name for path in folder.iterdir()} == {entries[0].sha256, *fresh}
    assert cache.resolve(entries[1]).read_bytes() == b"\1"


def test_what_was_forgotten_is_checked_again(store: ObjectStore, folder: Path) -> None:
    entry = put_file(store, "segments/a", b"bytes")
    cache = FileCache(store, folder)
    cache.resolve(entry).write_bytes(b"bytEs")
    cache.forget()
    assert cache.resolve(entry).read_bytes() == b"bytes"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO])
def test_a_disk_that_fails_is_an_error_of_our_tree(
    store: ObjectStore, folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    entry = put_file(store, "segments/a", b"bytes")
    monkeypatch.setattr(Path, "mkdir", fails)
    with pytest.raises(StorageUnavailableError, match=os.strerror(number)):
        FileCache(store, folder).resolve(entry)
