"""The port to object storage: what the index needs of a store, and nothing more.

Two adapters implement it (`s3`, `local`), one contract suite holds both to it. Keys are relative to the store's root: the adapter adds
the prefix of its URL. Keys are ours (`manifests/…`, `segments/…`), never a user's text; `source` in `lifecycle` reads users' buckets
through the same S3 adapter, where any S3 key is allowed.

Failure modes every caller must expect:

- `StorageUnavailableError` from a write means *unknown*: it may have landed. A caller of `create` reads back and compares its commit id.
- `ObjectExistsError` from `create` may be one's own write whose answer was lost.
- A bucket that does not exist is `StorageDeniedError`, never `ObjectNotFoundError`: a wrong setting must not look like removed covers.
- A read may return bytes that differ from what was written; whoever opens a file compares sha256 first.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class ObjectInfo:
    """What a listing or HEAD tells of one object. `size` in bytes; `etag` without quotes, opaque; `modified` is timezone-aware."""

    key: str
    size: int
    etag: str
    modified: datetime


class ObjectStore(Protocol):
    """An object store's folder. Every method may raise `StorageUnavailableError` and `StorageDeniedError`."""

    @property
    def url(self) -> str:
        """The URL that `open_store` made this from: `s3://bucket/prefix` or `file:///folder`. Carries no secret."""
        ...

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        """The whole object and its info, of one and the same version.

        `limit`: most bytes to accept; a larger object raises `ImageTooLargeError` before it is read.
        Raises `ObjectNotFoundError`.
        """
        ...

    def head(self, key: str) -> ObjectInfo:
        """Raises `ObjectNotFoundError`."""
        ...

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        """Objects whose key starts with `prefix` and sorts after `start_after` (UTF-8 byte order), at most `limit`, in that order."""
        ...

    def put(self, key: str, data: bytes) -> ObjectInfo:
        """Writes the whole object or nothing; replaces what was there."""
        ...

    def create(self, key: str, data: bytes) -> ObjectInfo:
        """Compare-and-swap: writes only where no object is (`If-None-Match: *`); of many callers exactly one wins.

        The adapter never retries it: after a lost answer a retry would meet its own object and report a loss for a win.
        Raises `ObjectExistsError`; `StorageUnavailableError` when the outcome is unknown (or 409: a concurrent write, try again).
        """
        ...

    def delete(self, key: str) -> None:
        """Deleting what is not there is no error."""
        ...

    def download(self, key: str, path: Path) -> ObjectInfo:
        """Streams the object into a new file beside `path`, then renames it: `path` is never half written. Raises `ObjectNotFoundError`."""
        ...

    def upload(self, key: str, path: Path) -> ObjectInfo:
        """Streams a file up; replaces what was there."""
        ...

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        """Copies an object of `source` to `key` without sending its bytes through this process; replaces what was there.

        None, and nothing is written, where this store cannot reach `source` so: the caller downloads and uploads. Whether the bytes that
        arrived are the right ones is the caller's to check. Raises `ObjectNotFoundError` when `source` lacks the object.
        """
        ...

    def local_path(self, key: str) -> Path | None:
        """Where the object lies as a file on this machine, when it does: a reader then maps it in place. None for remote stores."""
        ...
