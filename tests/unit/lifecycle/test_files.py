"""The local copy of immutable files."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.support.faults import FaultyStore
from vinymatic.errors import CorruptFileError, ObjectNotFoundError
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
    fresh, stale = folder / "x.1.2.arriving", folder / "y.1.2.arriving"
    fresh.write_bytes(b"")
    stale.write_bytes(b"")
    long_ago = time.time() - 2 * 24 * 3_600
    os.utime(stale, (long_ago, long_ago))
    cache.keep_only(entries[:1])
    assert {path.name for path in folder.iterdir()} == {entries[0].sha256, fresh.name}
    assert cache.resolve(entries[1]).read_bytes() == b"\1"
