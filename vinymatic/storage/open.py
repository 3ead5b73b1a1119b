"""Opens the store that a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

from vinymatic.errors import StorageError
from vinymatic.storage.access import S3Access
from vinymatic.storage.local import LocalStore
from vinymatic.storage.port import ObjectStore
from vinymatic.storage.s3 import S3Store

__all__ = ["S3Access", "open_store"]


def open_store(url: str, access: S3Access | None = None) -> ObjectStore:
    """The store behind `s3://bucket/prefix` or `file:///folder` (percent-encoded, as `Path.as_uri` gives it).

    Asks nothing of the network and makes no folder. Raises `StorageError` for a URL that is neither, `StorageDeniedError` when `access`
    holds half a key pair.
    """
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "file" and rest.startswith("/"):
        return LocalStore(Path(unquote(rest)), url=url)
    bucket, _, prefix = rest.partition("/")
    if separator and scheme == "s3" and bucket:
        return S3Store(bucket, prefix.strip("/"), access or S3Access(), url=url)
    raise StorageError(f"{url!r} is neither s3://bucket/prefix nor file:///folder")
