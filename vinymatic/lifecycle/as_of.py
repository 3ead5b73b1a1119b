"""A store as it was when one manifest was the newest, to be read only: what the production loader is given to open an older state."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

from vinymatic.errors import ObjectNotFoundError, StorageDeniedError
from vinymatic.index.layout import MANIFESTS, manifest_key
from vinymatic.storage.port import ObjectInfo, ObjectStore


class AsOf:
    """`inner` with manifest `number` as its newest. Every write is refused: whoever proves a backup must not change it."""

    def __init__(self, inner: ObjectStore, number: int) -> None:
        self._inner = inner
        self._newest = manifest_key(number)

    @property
    def url(self) -> str:
        return self._inner.url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        self._require_seen(key)
        return self._inner.get(key, limit=limit)

    def head(self, key: str) -> ObjectInfo:
        self._require_seen(key)
        return self._inner.head(key)

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        seen = (info for info in self._inner.list(prefix, start_after=start_after) if self._sees(info.key))
        yield from islice(seen, limit)

    def download(self, key: str, path: Path) -> ObjectInfo:
        self._require_seen(key)
        return self._inner.download(key, path)

    def local_path(self, key: str) -> Path | None:
        return self._inner.local_path(key) if self._sees(key) else None

    def put(self, key: str, data: bytes) -> NoReturn:  # noqa: ARG002 - the port's signatures
        self._refuse(key)

    def create(self, key: str, data: bytes) -> NoReturn:  # noqa: ARG002
        self._refuse(key)

    def delete(self, key: str) -> NoReturn:
        self._refuse(key)

    def upload(self, key: str, path: Path) -> NoReturn:  # noqa: ARG002
        self._refuse(key)

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> NoReturn:  # noqa: ARG002
        self._refuse(key)

    def _sees(self, key: str) -> bool:
        return not key.startswith(MANIFESTS) or key >= self._newest

    def _require_seen(self, key: str) -> None:
        if not self._sees(key):
            raise ObjectNotFoundError(f"{key} is newer than what is read here of {self.url}")

    def _refuse(self, key: str) -> NoReturn:
        raise StorageDeniedError(f"{key}: {self.url} is only read here")
