"""The reader: follows the manifest log and swaps snapshots under reference counts while searches are running.

A failed load keeps the old snapshot and says so in `state`; nothing is served only while nothing was ever loaded. The manifest of a remote
index is kept beside its files, so that a restart serves what it has at once, whether or not the store can be reached.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vinymatic.errors import IndexMismatchError, NoIndexError, VinymaticError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.index.snapshot import Snapshot, open_snapshot
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.log import ManifestLog
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReaderState:
    """What is served and how the last look at the log went. Times are Unix seconds; `manifest` is None until something is loaded."""

    manifest: int | None = None
    epoch: int | None = None
    covers: int = 0
    segments: int = 0
    loaded_at: float | None = None
    checked_at: float | None = None
    last_error: str | None = None


@dataclass
class _Held:
    """A snapshot and the number of those who use it; the reader itself counts as one while it is the current."""

    snapshot: Snapshot
    users: int = 1


class Reader:
    """One index, as a reader sees it. `acquire` and `state` are safe from any thread; one thread calls `refresh`.

    `epoch`: serves manifests under this epoch while they hold it, and under their active one otherwise (docs/adr/0004-retraining.md);
    None: always the active one. What is served is in `state`.
    """

    def __init__(self, store: ObjectStore, cache: Path, *, dimensions: int, epoch: int | None = None) -> None:
        self._store = store
        self._files = FileCache(store, cache / "files")
        self._kept_manifest = cache / "manifest.json"
        self._dimensions = dimensions
        self._epoch = epoch
        self._strayed = False
        self._lock = threading.Lock()
        self._current: _Held | None = None
        self._retired: list[_Held] = []
        self._log = ManifestLog(store)
        self._state = ReaderState()

    @property
    def state(self) -> ReaderState:
        return self._state

    def refresh(self) -> bool:
        """Takes a newer manifest where there is one; True when it did.

        Raises `NoIndexError` (nothing is committed), `IndexMismatchError`, `CorruptFileError`, `UnsupportedFormatError`, `StorageError`;
        the snapshot that was served before stays.
        """
        try:
            opened = self._current is None and self._open_kept()
            taken = self._refresh() or opened
        except VinymaticError as error:
            self._state = replace(self._state, checked_at=time.time(), last_error=str(error))
            raise
        self._state = replace(self._state, checked_at=time.time(), last_error=None)
        return taken

    @contextmanager
    def acquire(self) -> Iterator[Snapshot]:
        """The current snapshot, held open for the length of the block. Raises `NoIndexError` when nothing is loaded."""
        with self._lock:
            held = self._current
            if held is None:
                raise NoIndexError(self._state.last_error or "no index is loaded yet")
            held.users += 1
        try:
            yield held.snapshot
        finally:
            self._release(held)

    def close(self) -> None:
        """Lets go of the current snapshot; running searches finish on theirs."""
        with self._lock:
            held, self._current = self._current, None
        if held is not None:
            self._release(held)

    def _open_kept(self) -> bool:
        """Serves the local copy that an earlier process left, when it is whole."""
        try:
            manifest = Manifest.from_json(self._kept_manifest.read_bytes())
            if manifest.dimensions != self._dimensions:
                return False
            snapshot = open_snapshot(manifest, self._files.kept, epoch=self._epoch)
        except (OSError, VinymaticError) as error:
            log.debug("no local copy to open: %s", error)
            return False
        self._swap(snapshot, manifest)
        return True

    def _keep(self, manifest: Manifest) -> None:
        if self._store.local_path(manifest_key(manifest.number)) is not None:
            return  # the truth itself is on this machine
        arriving = self._kept_manifest.with_suffix(".arriving")
        try:
            self._kept_manifest.parent.mkdir(parents=True, exist_ok=True)
            arriving.write_bytes(manifest.to_json())
            arriving.replace(self._kept_manifest)
        except OSError as error:  # a full disk must not keep what is loaded from being served
            log.warning("the local copy's manifest cannot be written: %s", error)

    def _refresh(self) -> bool:
        arrival = self._log.look()
        if arrival is None:
            return False
        manifest = arrival.manifest
        if manifest.dimensions != self._dimensions:
            raise IndexMismatchError(
                f"the index in {self._store.url} has SIFT_DIMENSIONS={manifest.dimensions}, this process {self._dimensions}"
            )
        previous = self._current.snapshot if self._current is not None else None
        snapshot = open_snapshot(manifest, self._files.resolve, previous, epoch=self._epoch)
        self._swap(snapshot, manifest)
        self._keep(manifest)
        self._log.take(arrival)
        return True

    def _swap(self, snapshot: Snapshot, manifest: Manifest) -> None:
        with self._lock:
            old, self._current = self._current, _Held(snapshot)
            if old is not None:
                self._retired.append(old)
        self._state = replace(
            self._state,
            manifest=manifest.number,
            epoch=snapshot.epoch,
            covers=len(snapshot),
            segments=len(manifest.segments),
            loaded_at=time.time(),
        )
        self._tell_epoch(snapshot)
        if old is not None:
            self._release(old)

    def _tell_epoch(self, snapshot: Snapshot) -> None:
        """Says once that the epoch that was asked for is not the one that is served."""
        strayed = self._epoch not in (None, snapshot.epoch)
        if strayed and not self._strayed:
            log.warning(
                "manifest %d does not hold epoch %s, which was asked for; serving epoch %d",
                snapshot.number,
                self._epoch,
                snapshot.epoch,
            )
        self._strayed = strayed

    def _release(self, held: _Held) -> None:
        with self._lock:
            held.users -= 1
            if held.users > 0:
                return
            if held in self._retired:
                self._retired.remove(held)
            if self._current is None or self._retired:
                return
            wanted = self._files_in_use()
        self._files.keep_only(wanted)

    def _files_in_use(self) -> list[FileEntry]:
        if self._current is None:
            return []
        snapshot = self._current.snapshot
        return snapshot.manifest.files_of(snapshot.epoch)
