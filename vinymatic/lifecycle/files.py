"""Immutable files on this machine: what a manifest names, fetched once, checked against its sha256 before anyone opens it."""

from __future__ import annotations

import hashlib
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

from vinymatic.errors import CorruptFileError, ObjectNotFoundError
from vinymatic.index.encoding import Encoding, dump_encoding
from vinymatic.index.layout import codes_key
from vinymatic.index.manifest import FileEntry
from vinymatic.storage import disk
from vinymatic.storage.port import ObjectStore

_CHUNK = 1 << 20
_ARRIVING = ".arriving"
# The adapters' own, before it gets that name.
_PART = ".part"
# Longer than any pause of a transfer; short, for a process that is killed in a transfer again and again leaves a stump each time.
_ARRIVING_KEPT_SECONDS = 15 * 60


def sha256_of(path: Path) -> str:
    """Hex digest of a file, read in chunks."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def file_entry(key: str, data: bytes) -> FileEntry:
    return FileEntry(key=key, size=len(data), sha256=hashlib.sha256(data).hexdigest())


def put_file(store: ObjectStore, key: str, data: bytes) -> FileEntry:
    """Uploads an immutable file and returns what a manifest says of it."""
    store.put(key, data)
    return file_entry(key, data)


def put_by_content(store: ObjectStore, key_of: Callable[[str], str], data: bytes) -> FileEntry:
    """Uploads an immutable file whose key is made of its sha256: whoever writes other bytes writes them elsewhere."""
    return put_file(store, key_of(hashlib.sha256(data).hexdigest()), data)


def put_anew(store: ObjectStore, key_of: Callable[[str], str], data: bytes) -> FileEntry:
    """Uploads an immutable file under a key that nobody has ever used, made of its bytes and of chance.

    Under a key made of the bytes alone, a file that a killed run left a day ago would be written again just when a collection that has
    judged the old one deletes it.
    """
    return put_file(store, key_of(hashlib.sha256(secrets.token_bytes(16) + data).hexdigest()), data)


def put_encoding(store: ObjectStore, segment: str, encoding: Encoding) -> FileEntry:
    """Uploads a segment's encoding, under a key of its own."""
    return put_anew(store, partial(codes_key, segment, encoding.epoch), dump_encoding(encoding))


class FileCache:
    """Gives local paths for manifest files. A local store's files are used in place; others are fetched into `folder`.

    Cached files are named by their sha256, so two processes may share a folder. Thread-safe.
    """

    def __init__(self, store: ObjectStore, folder: Path) -> None:
        self._store = store
        self._folder = folder
        self._checked: set[str] = set()
        self._lock = threading.Lock()

    def resolve(self, entry: FileEntry) -> Path:
        """The path of `entry`'s bytes, checked. Raises `CorruptFileError`, `StorageError` (for this machine's disk too)."""
        in_place = self._store.local_path(entry.key)
        path = in_place or self._folder / entry.sha256
        with self._lock, disk.translated(f"keep {entry.key} in {self._folder}"):
            if entry.sha256 in self._checked and path.exists():
                return path
            if not _matches(path, entry):
                if in_place is not None:
                    raise CorruptFileError(f"{entry.key}: its bytes are not those of the manifest")
                self._fetch(entry, path)
            self._checked.add(entry.sha256)
        return path

    def forget(self) -> None:
        """From here on every file is checked again before it is opened: one of them may have been damaged after it was checked."""
        with self._lock:
            self._checked.clear()

    def kept(self, entry: FileEntry) -> Path:
        """The path of `entry`'s bytes, checked, without asking the store. Raises `ObjectNotFoundError` when this machine lacks them."""
        path = self._folder / entry.sha256
        if not _matches(path, entry):
            raise ObjectNotFoundError(f"{entry.key} is not kept on this machine")
        return path

    def keep_only(self, entries: Iterable[FileEntry]) -> None:
        """Deletes cached files that none of `entries` names, so that the disk holds one snapshot and not the index's whole history.

        Open maps stay valid: the system frees the bytes with the last of them.
        """
        if not self._folder.is_dir():
            return
        wanted = {entry.sha256 for entry in entries}
        with self._lock:
            for path in self._folder.iterdir():
                if path.name not in wanted and not _is_arriving(path):
                    path.unlink(missing_ok=True)
                    self._checked.discard(path.name)

    def _fetch(self, entry: FileEntry, path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        arriving = path.with_name(f"{entry.sha256}.{os.getpid()}.{threading.get_ident()}{_ARRIVING}")
        try:
            self._store.download(entry.key, arriving)
            if not _matches(arriving, entry):
                raise CorruptFileError(f"{entry.key}: the bytes that arrived are not those of the manifest")
            arriving.replace(path)
        finally:
            arriving.unlink(missing_ok=True)


def _is_arriving(path: Path) -> bool:
    """Whether another process is fetching it; what a killed one left behind a while ago is not."""
    try:
        return path.suffix in (_ARRIVING, _PART) and time.time() - path.stat().st_mtime < _ARRIVING_KEPT_SECONDS
    except FileNotFoundError:
        return True


def _matches(path: Path, entry: FileEntry) -> bool:
    try:
        return path.stat().st_size == entry.size and sha256_of(path) == entry.sha256
    except FileNotFoundError:
        return False
