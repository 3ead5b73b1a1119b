"""The port on a directory of this machine.

An object is a file; a `put` renames a finished file into place and a `create` links it there, which the kernel does for exactly one of
many callers, in one process or several. The filesystem must hold hard links.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from vinymatic.errors import (
    ImageTooLargeError,
    InvalidKeyError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageDeniedError,
)
from vinymatic.storage import disk
from vinymatic.storage.port import ObjectInfo, ObjectStore

_UNFINISHED = ".unfinished"
_UNFINISHED_KEPT_SECONDS = 24 * 3600
_ABSENT = (FileNotFoundError, NotADirectoryError)
# A delete prunes folders that it leaves empty: whoever was about to write into one makes it again.
_PLACE_ATTEMPTS = 20


class LocalStore:
    """Objects as files under `root`, which is made on the first write. Thread-safe, and safe among processes."""

    def __init__(self, root: Path, *, url: str) -> None:
        self._root = root
        self._url = url
        self._swept = False

    @property
    def url(self) -> str:
        return self._url

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        with self._opened(key) as file:
            info = _info(key, os.fstat(file.fileno()))
            if limit is not None and info.size > limit:
                raise ImageTooLargeError(f"{key} has {info.size} bytes; allowed are {limit}")
            with disk.translated(f"read {key}"):
                return file.read(), info

    def head(self, key: str) -> ObjectInfo:
        with self._opened(key) as file:
            return _info(key, os.fstat(file.fileno()))

    def list(self, prefix: str = "", *, start_after: str = "", limit: int | None = None) -> Iterator[ObjectInfo]:
        yield from islice(self._walk(self._root, b"", os.fsencode(prefix), os.fsencode(start_after)), limit)

    def put(self, key: str, data: bytes) -> ObjectInfo:
        return self._place(key, lambda file: _write(file, data), replace=True)

    def create(self, key: str, data: bytes) -> ObjectInfo:
        if self._path(key).exists():
            raise ObjectExistsError(f"{key} is already there")
        return self._place(key, lambda file: _write(file, data), replace=False)

    def delete(self, key: str) -> None:
        path = self._path(key)
        with disk.translated(f"delete {key}"):
            try:
                path.unlink()
            except (*_ABSENT, IsADirectoryError):
                return
            except PermissionError:  # what macOS says of a folder
                if path.is_dir():
                    return
                raise
            for folder in path.parents:
                if folder == self._root:
                    return
                try:
                    folder.rmdir()
                except OSError:  # not empty, or somebody else pruned it
                    return

    def download(self, key: str, path: Path) -> ObjectInfo:
        with self._opened(key) as source, disk.translated(f"write {path}"):
            info = _info(key, os.fstat(source.fileno()))
            disk.make_folders(path.parent)
            with disk.written(path.parent, lambda file: shutil.copyfileobj(source, file)) as part:
                part.replace(path)
        return info

    def upload(self, key: str, path: Path) -> ObjectInfo:
        with disk.translated(f"read {path}"), path.open("rb") as source:
            return self._place(key, lambda file: shutil.copyfileobj(source, file), replace=True)

    def copy_from(self, source: ObjectStore, source_key: str, key: str) -> ObjectInfo | None:
        """From another folder of this machine. The bytes are written anew: with a hard link, damage to one would be damage to both."""
        if not isinstance(source, LocalStore):
            return None
        with source._opened(source_key) as file:
            return self._place(key, lambda part: shutil.copyfileobj(file, part), replace=True)

    def local_path(self, key: str) -> Path | None:
        path = self._path(key)
        return path if path.is_file() else None

    def _path(self, key: str) -> Path:
        """Raises `InvalidKeyError` for a key that would leave the root or that is no file's name."""
        parts = key.split("/")
        if any(part in ("", ".", "..") for part in parts) or "\0" in key or parts[0] == _UNFINISHED:
            raise InvalidKeyError(f"{key!r} is no key of a directory store")
        try:
            key.encode()
        except UnicodeEncodeError as error:
            raise InvalidKeyError(f"{key!r} is not valid Unicode") from error
        return self._root.joinpath(*parts)

    def _opened(self, key: str) -> BinaryIO:
        path = self._path(key)
        with disk.translated(f"open {key}"):
            try:
                return path.open("rb")
            except (*_ABSENT, IsADirectoryError) as error:
                raise ObjectNotFoundError(f"{key} is not in {self._url}") from error

    def _place(self, key: str, fill: Callable[[BinaryIO], None], *, replace: bool) -> ObjectInfo:
        path = self._path(key)
        with disk.translated(f"write {key}"):
            folder = self._root / _UNFINISHED
            disk.make_folders(folder)
            self._sweep(folder)
            with disk.written(folder, fill) as finished:
                info = _info(key, finished.stat())
                _move(finished, path, key, replace=replace)
            with suppress(FileNotFoundError):  # deleted again already, and its folder pruned
                disk.sync_folder(path.parent)
        return info

    def _sweep(self, folder: Path) -> None:
        """Removes what writers that were killed left behind, once in this store's life."""
        if self._swept:
            return
        self._swept = True
        horizon = time.time() - _UNFINISHED_KEPT_SECONDS
        for part in folder.iterdir():
            try:
                if part.stat().st_mtime < horizon:
                    part.unlink()
            except FileNotFoundError:
                continue  # finished, or swept by somebody else

    def _walk(self, folder: Path, before: bytes, prefix: bytes, start_after: bytes) -> Iterator[ObjectInfo]:
        """Files below `folder` in the byte order of their keys; `before` is the folder's own key with its closing slash, or nothing."""
        with disk.translated(f"list {self._url}"):
            try:
                with os.scandir(folder) as found:
                    # A folder sorts as its name with the slash that every key in it has: `a-b` comes before `a/b`.
                    entries = sorted(
                        (os.fsencode(entry.name) + (b"/" if entry.is_dir() else b""), entry) for entry in found
                    )
            except _ABSENT:
                return
        for name, entry in entries:
            key = before + name
            if name.endswith(b"/"):
                wanted = key.startswith(prefix) or prefix.startswith(key)
                passed = key <= start_after and not start_after.startswith(key)
                if wanted and not passed and key != os.fsencode(_UNFINISHED) + b"/":
                    yield from self._walk(Path(entry.path), key, prefix, start_after)
            elif key.startswith(prefix) and key > start_after:
                with disk.translated(f"list {self._url}"):
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        continue  # deleted meanwhile
                yield _info(os.fsdecode(key), status)


def _move(finished: Path, path: Path, key: str, *, replace: bool) -> None:
    for _ in range(_PLACE_ATTEMPTS):
        try:
            disk.make_folders(path.parent)
        except FileNotFoundError:
            continue
        except FileExistsError as error:
            if not any(folder.is_file() for folder in path.parents):
                continue  # pruned while we looked
            raise InvalidKeyError(f"{key}: another object stands where its folder would be") from error
        try:
            if replace:
                finished.replace(path)
            else:
                os.link(finished, path)
            return
        except FileNotFoundError:
            continue
        except FileExistsError as error:
            if path.is_dir():
                raise InvalidKeyError(f"{key}: other objects have it as their folder") from error
            raise ObjectExistsError(f"{key} is already there") from error
        except OSError as error:
            if not replace and error.errno in (errno.EPERM, errno.ENOTSUP, errno.EMLINK):
                raise StorageDeniedError(
                    f"{path.parent}: this filesystem has no hard links, which commits need"
                ) from error
            raise


def _write(file: BinaryIO, data: bytes) -> None:
    file.write(data)


def _info(key: str, status: os.stat_result) -> ObjectInfo:
    # Every write makes a new file: its inode and time to the nanosecond tell versions apart without reading it.
    etag = f"{status.st_ino:x}-{status.st_mtime_ns:x}-{status.st_size:x}"
    return ObjectInfo(key, status.st_size, etag, datetime.fromtimestamp(status.st_mtime, UTC))
