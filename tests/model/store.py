"""The storage port in memory: the model's S3. Exact where protocols lean on it; its clock is whatever it is given."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from vinymatic.errors import ImageTooLargeError, InvalidKeyError, ObjectExistsError, ObjectNotFoundError
from vinymatic.storage.port import ObjectInfo, ObjectStore


def _now() -> datetime:
    return datetime.now(UTC)


class Observer:
    """Told of every change of a store: before a delete, and after a write."""

    def deleting(self, key: str) -> None: ...

    def wrote(self, key: str, data: bytes) -> None: ...


@dataclass(frozen=True)
class _Object:
    data: bytes
    info: ObjectInfo


class MemoryStore:
    """Objects in a dictionary. Thread-safe. An ETag is made of the bytes, as S3's are: the same bytes written again keep it."""

    def __init__(self, name: str = "model", *, now: Callable[[], datetime] = _now) -> None:
        self.observer = Observer()
        self._name = name
        self._now = now
        self._prefix = ""
        self._objects: dict[str, _Object] = {}
        self._lock = threading.RLock()

    def below(self, prefix: str) -> MemoryStore:
        """The folder `prefix` of this store, as a store of its own on the same objects."""
        inner = MemoryStore(self._name, now=self._now)
        inner._prefix = f"{self._prefix}{prefix}/"
        inner._objects, inner._lock = self._objects, self._lock
        return inner

    @property
    def url(self) -> str:
        return f"s3://{self._name}/{self._prefix}".rstrip("/")

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        found = self._found(key)
        if limit is not None and found.info.size > limit:
            raise ImageTooLargeError(f"{key} has {found.info.size} bytes; allowed are {limit}")
        return found.data, found.info

    def head(self, key: str) -> ObjectInfo:
        return self._found(key).info

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        begin, after = self._prefix + prefix, self._prefix + start_after
        with self._lock:
            # Code points sort as their UTF-8 bytes do.
            keys = sorted(key for key in self._objects if key.startswith(begin) and key > after)
            found = [self._objects[key].info for key in islice(keys, limit)]
        yield from (self._relative(info) for info in found)

    def put(self, key: str, data: bytes) -> ObjectInfo:
        return self._write(key, data, replace=True)

    def create(self, key: str, data: bytes) -> ObjectInfo:
        return self._write(key, data, replace=False)

    def delete(self, key: str) -> None:
        full = self._full(key)
        with self._lock:
            self.observer.deleting(key)
            self._objects.pop(full, None)

    def download(self, key: str, path: Path) -> ObjectInfo:
        found = self._found(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(found.data)
        return found.info

    def upload(self, key: str, path: Path) -> ObjectInfo:
        return self.put(key, path.read_bytes())

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        if not isinstance(source, MemoryStore):
            return None
        return self.put(key, source.get(source_key)[0])

    def local_path(self, key: str) -> Path | None:
        return None

    def peek(self, key: str) -> bytes | None:
        """The bytes under `key`, if there are any; for the model, which is no actor."""
        found = self._objects.get(self._prefix + key)
        return None if found is None else found.data

    def _write(self, key: str, data: bytes, *, replace: bool) -> ObjectInfo:
        full = self._full(key)
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        with self._lock:
            if not replace and full in self._objects:
                raise ObjectExistsError(f"{key} is already there")
            made = _Object(data, ObjectInfo(full, len(data), etag, self._now()))
            self._objects[full] = made
            self.observer.wrote(key, data)
        return self._relative(made.info)

    def _found(self, key: str) -> _Object:
        found = self._objects.get(self._full(key))
        if found is None:
            raise ObjectNotFoundError(f"{key} is not in {self.url}")
        return _Object(found.data, self._relative(found.info))

    def _relative(self, info: ObjectInfo) -> ObjectInfo:
        if not self._prefix:
            return info
        return ObjectInfo(info.key.removeprefix(self._prefix), info.size, info.etag, info.modified)

    def _full(self, key: str) -> str:
        try:
            key.encode()
        except UnicodeEncodeError as error:
            raise InvalidKeyError(f"{key!r} is not valid Unicode") from error
        if not key:
            raise InvalidKeyError("the empty key holds nothing")
        return self._prefix + key
