"""Scans for pictures: read where that is quick, and never a reason to fail."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.index import MAX_PIXELS, cover
from vinymatic.errors import StorageDeniedError, StorageUnavailableError, VinymaticError
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.scan_reader import MOST_READS, ScanReader
from vinymatic.storage.local import LocalStore
from vinymatic.storage.port import ObjectInfo

pytestmark = pytest.mark.unit

KEY = "covers/a.jpg"
SCAN = cover(0).jpeg()
MD5 = hashlib.md5(SCAN, usedforsecurity=False).hexdigest()


def entry(etag: str = MD5, key: str = KEY) -> CoverEntry:
    return CoverEntry(key, etag, len(SCAN), 600, 600, 300, 2, "01JDV4K1Q5M2S6R3W8X9Y0Z1A2")


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    made = LocalStore(tmp_path, url=tmp_path.as_uri())
    made.put(KEY, SCAN)
    return made


class Failing(LocalStore):
    def __init__(self, error: VinymaticError) -> None:
        super().__init__(Path("nowhere"), url="file:///nowhere")
        self._error = error

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        raise self._error


class Hanging(LocalStore):
    """Answers when it is let go."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"), url="file:///nowhere")
        self.asked = 0
        self.let_go = threading.Event()

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        self.asked += 1
        self.let_go.wait(60)
        raise StorageUnavailableError("at last")


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    made = Hanging()
    yield made
    made.let_go.set()


def reader(
    store: LocalStore, seconds: float = 30, largest_bytes: int = 10_000_000, max_pixels: int = MAX_PIXELS
) -> ScanReader:
    return ScanReader(lambda: store, max_pixels=max_pixels, side=100, seconds=seconds, largest_bytes=largest_bytes)


def test_a_scan_is_given_in_colour_and_no_larger_than_needed(store: LocalStore) -> None:
    scan = reader(store).reading()(entry())
    assert scan is not None
    assert scan.shape[2] == 3
    assert 100 <= max(scan.shape[:2]) < 200


def test_the_version_that_was_indexed_is_known_by_etag_or_md5(store: LocalStore) -> None:
    read = reader(store).reading()
    assert read(entry(etag=store.head(KEY).etag)) is not None
    assert read(entry(etag="another")) is None


@pytest.mark.parametrize("key", ["covers/gone.jpg", "../a.jpg", "/", "\0"])
def test_a_scan_that_is_not_there_is_none(store: LocalStore, key: str) -> None:
    assert reader(store).reading()(entry(key=key)) is None


@pytest.mark.parametrize("damaged", [b"", b"no image", SCAN[:5_000]])
def test_a_scan_that_cannot_be_decoded_is_none(store: LocalStore, damaged: bytes) -> None:
    store.put(KEY, damaged)
    assert reader(store).reading()(entry(etag=store.head(KEY).etag)) is None


def test_bytes_and_pixels_are_bounded(store: LocalStore) -> None:
    assert reader(store, largest_bytes=len(SCAN) - 1).reading()(entry()) is None
    assert reader(store, max_pixels=10_000).reading()(entry()) is None


@pytest.mark.parametrize("error", [StorageDeniedError("no right"), StorageUnavailableError("away")])
def test_a_store_that_says_no_is_none(error: VinymaticError, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    assert reader(Failing(error)).reading()(entry()) is None
    assert f"the scan of 'covers/a.jpg' is not drawn: {error}" in caplog.text


def test_a_store_that_cannot_be_opened_is_none() -> None:
    def refused() -> LocalStore:
        raise StorageDeniedError("half a key pair")

    assert ScanReader(refused, max_pixels=MAX_PIXELS, side=100).reading()(entry()) is None


def test_all_scans_of_a_picture_share_one_wait(hanging: Hanging) -> None:
    read = reader(hanging, seconds=0.2).reading()
    begin = time.monotonic()
    assert [read(entry()) for _ in range(5)] == [None] * 5
    assert time.monotonic() - begin < 30
    assert hanging.asked == 1, "the wait was over after the first"


def test_a_store_that_hangs_is_not_asked_without_end(hanging: Hanging) -> None:
    scans = reader(hanging, seconds=0.01)
    for _ in range(MOST_READS + 5):
        assert scans.reading()(entry()) is None
    assert hanging.asked <= MOST_READS
