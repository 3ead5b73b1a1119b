"""What makes time pass and processes die in tests of compaction and collection."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from tests.support.faults import Fault, FaultyStore
from vinymatic.features import FeatureSpec
from vinymatic.index.layout import MANIFESTS, SEGMENTS, manifest_number
from vinymatic.lifecycle.commit import read_manifest
from vinymatic.lifecycle.files import sha256_of
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo, ObjectStore

T = TypeVar("T")

# What the fixture `aged` holds.
LIVE = {"a": "2", "b": "1", "c": "1", "d": "1"}


def open_writer(store: ObjectStore, tmp_path: Path, name: str = "test") -> Writer:
    writer = Writer(store, tmp_path / f"work-{name}", FeatureSpec(), writer=name)
    writer.open()
    return writer


def read_ids(store: ObjectStore, tmp_path: Path) -> dict[str, str]:
    """Live covers and their ETags, as a reader that has just started sees them."""
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        return {entry.id: entry.etag for entry in snapshot.list_covers(limit=10_000)}


def make_older(folder: Path, hours: float = 30) -> None:
    """What lies in the store now was written so much earlier."""
    then = time.time() - hours * 3_600
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (then, then))


def assert_whole(store: ObjectStore, number: int) -> None:
    """Every file that manifest `number` names is there with the bytes that it says."""
    for file in read_manifest(store, number).files():
        path = store.local_path(file.key)
        assert path is not None, file.key
        assert sha256_of(path) == file.sha256, file.key


def numbers(store: ObjectStore) -> list[int]:
    return sorted(manifest_number(info.key) for info in store.list(MANIFESTS))


def segments(store: ObjectStore) -> set[str]:
    return {info.key.split("/")[1] for info in store.list(SEGMENTS)}


class Killed(BaseException):
    """Not an `Exception`: nothing that handles errors runs, as after kill -9."""


class DyingStore(FaultyStore):
    """Dies when the call of number `last` has happened; `last` 0: before the first."""

    def __init__(self, inner: ObjectStore, last: int) -> None:
        super().__init__(inner, 1)
        self._last = last

    def _call(self, verb: str, key: str, action: Callable[[Fault | None], T]) -> T:
        if len(self.calls) >= self._last:
            raise Killed
        return super()._call(verb, key, action)


class StallingStore(FaultyStore):
    """Before the first call of `verb` on a key that starts with `prefix`, others act."""

    def __init__(self, inner: ObjectStore, verb: str, prefix: str, others: Callable[[], object]) -> None:
        super().__init__(inner, 1)
        self._verb, self._prefix = verb, prefix
        self._others: Callable[[], object] | None = others

    def _call(self, verb: str, key: str, action: Callable[[Fault | None], T]) -> T:
        if self._others is not None and verb == self._verb and key.startswith(self._prefix):
            others, self._others = self._others, None
            others()
        return super()._call(verb, key, action)


class SkewedStore(FaultyStore):
    """A store whose clock is wrong by `skew`."""

    def __init__(self, inner: ObjectStore, skew: timedelta) -> None:
        super().__init__(inner, 1)
        self._skew = skew

    def head(self, key: str) -> ObjectInfo:
        info = super().head(key)
        return replace(info, modified=info.modified + self._skew)

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        for info in super().list(prefix, start_after=start_after, limit=limit):
            yield replace(info, modified=info.modified + self._skew)


def store_at(folder: Path) -> ObjectStore:
    return open_store(folder.as_uri())
