"""The reader: follows the manifest log and swaps snapshots while searches are running.

A search holds a reference to the snapshot that it began with, so a snapshot's memory and maps go with the last search on it. A failed load,
whatever failed, keeps the old snapshot and says so in `state`; nothing is served only while nothing was ever loaded. The manifest of a
remote index is kept beside its files, so that a restart serves what it has at once, whether or not the store can be reached.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from vinymatic.errors import IndexMismatchError, NoIndexError, VinymaticError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.index.snapshot import Snapshot, open_snapshot, served_epoch
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.log import ManifestLog
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReaderState:
    """What is served and how the last look at the log went. Times are Unix seconds; `manifest` is None until something is loaded.

    `committed_at`: when the manifest served was created, by the store's clock; None for the local copy that an earlier process left.
    """

    manifest: int | None = None
    epoch: int | None = None
    covers: int = 0
    segments: int = 0
    committed_at: float | None = None
    loaded_at: float | None = None
    checked_at: float | None = None
    last_error: str | None = None


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
        self._current: Snapshot | None = None
        self._log = ManifestLog(store)
        self._state = ReaderState()

    @property
    def state(self) -> ReaderState:
        return self._state

    def refresh(self) -> bool:
        """Takes a newer manifest where there is one; True when it did.

        Raises `NoIndexError` (nothing is committed), `IndexMismatchError`, `CorruptFileError`, `UnsupportedFormatError`, `StorageError`,
        and whatever else a load may end with (`MemoryError`, Faiss's `RuntimeError`); the snapshot that was served before stays.
        """
        try:
            opened = self._current is None and self._open_kept()
            taken = self._refresh() or opened
        except Exception as error:
            reason = str(error) if isinstance(error, VinymaticError) else f"unexpected {type(error).__name__}"
            self._state = replace(self._state, checked_at=time.time(), last_error=reason)
            raise
        self._state = replace(self._state, checked_at=time.time(), last_error=None)
        return taken

    @contextmanager
    def acquire(self) -> Iterator[Snapshot]:
        """The current snapshot, which stays open for the length of the block. Raises `NoIndexError` when nothing is loaded."""
        snapshot = self._current
        if snapshot is None:
            raise NoIndexError(self._state.last_error or "no index is loaded yet")
        yield snapshot

    def close(self) -> None:
        """Lets go of the current snapshot; running searches finish on theirs."""
        self._current = None

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
        self._swap(snapshot, committed_at=None)
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
            with suppress(OSError):
                arriving.unlink(missing_ok=True)

    def _refresh(self) -> bool:
        arrival = self._log.look()
        if arrival is None:
            return False
        manifest = arrival.manifest
        if manifest.dimensions != self._dimensions:
            raise IndexMismatchError(
                f"the index in {self._store.url} has SIFT_DIMENSIONS={manifest.dimensions}, this process {self._dimensions}"
            )
        # A file that was checked long ago may be damaged by now; what earlier loads left that failed goes before more comes.
        self._files.forget()
        self._clean(manifest.files_of(served_epoch(manifest, self._epoch)))
        snapshot = open_snapshot(manifest, self._files.resolve, self._current, epoch=self._epoch)
        self._swap(snapshot, committed_at=arrival.committed_at.timestamp())
        self._keep(manifest)
        self._clean([])
        self._log.take(arrival)
        return True

    def _swap(self, snapshot: Snapshot, committed_at: float | None) -> None:
        self._current = snapshot
        self._state = replace(
            self._state,
            manifest=snapshot.number,
            epoch=snapshot.epoch,
            covers=len(snapshot),
            segments=len(snapshot.segments),
            committed_at=committed_at,
            loaded_at=time.time(),
        )
        self._tell_epoch(snapshot)

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

    def _clean(self, arriving: list[FileEntry]) -> None:
        """Deletes the cached files that are neither those served nor `arriving`; running searches have theirs mapped.

        Only the thread that loads does it: a search's end neither waits for a load nor takes its files away.
        """
        current = self._current
        served = [] if current is None else current.manifest.files_of(current.epoch)
        try:
            self._files.keep_only([*served, *arriving])
        except OSError as error:
            log.warning("files that are not needed any more cannot be deleted: %s", error)
