"""Backup and restore: a backup is an index prefix like any other, filled with what it lacks, its manifest last.

So a killed backup is never taken for a whole one, an unchanged index costs a few listings, and any reader opens a backup as it is.
docs/backup.md.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from vinymatic.errors import CatalogueError, ContentionError, NoIndexError, ObjectExistsError, ObjectNotFoundError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle import epochs
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.lifecycle.commit import commit, read_manifest, read_newest, require_newest, stamp
from vinymatic.lifecycle.copying import CopyReport, copy_files, fresh_keys
from vinymatic.lifecycle.drill_record import record_answers
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.ulid import new_ulid
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

_ATTEMPTS = 3


@dataclass(frozen=True)
class BackupReport:
    """`number`: the manifest that the backup holds now. `skipped_files` were there already. `questions`: answers recorded for drills."""

    number: int
    copied_files: int
    copied_bytes: int
    skipped_files: int
    questions: int = 0


@dataclass(frozen=True)
class RestoreReport:
    """`number`: the new manifest of the index. `backup_number`: the manifest that was restored. `covers`: live covers in it.

    `checked_files` were there already, and good.
    """

    number: int
    backup_number: int
    covers: int
    copied_files: int
    copied_bytes: int
    checked_files: int = 0


@dataclass(frozen=True)
class Recording:
    """Answers for drills: `questions` covers at most are asked for; `cache`: a folder for the backup's files, kept for the next time."""

    questions: int
    cache: Path


def backup(
    source: ObjectStore,
    destination: ObjectStore,
    *,
    recording: Recording | None = None,
    progress: Progress = no_progress,
) -> BackupReport:
    """Copies the newest manifest of `source` and the files it names to `destination`; each file's bytes are proven there first.

    With `recording`, the backup is opened with the production loader before its manifest is committed, asked, and its answers noted for
    later drills. Raises `NoIndexError`, `CorruptFileError` (a source file differs from its sha256: a broken file is never backed up over
    a good one), `ObjectNotFoundError` (a source file is gone), `CatalogueError` (the destination holds another index), `StorageError`.
    """
    manifest = require_newest(source)
    there = read_newest(destination)
    _refuse_another_index(manifest, there, destination)
    copied = copy_files(source, destination, manifest.files(), _keys(there), progress=progress)
    asked = 0
    if recording is not None and recording.questions > 0:
        asked = record_answers(destination, manifest, recording.cache, recording.questions)
    if there is None or there.commit_id != manifest.commit_id:
        _commit_copy(destination, manifest)
    skipped = copied.kept_files + copied.checked_files
    return BackupReport(manifest.number, copied.copied_files, copied.copied_bytes, skipped, asked)


def restore(
    backup: ObjectStore,
    index: ObjectStore,
    *,
    number: int | None = None,
    progress: Progress = no_progress,
    writer: str = "restore",
) -> RestoreReport:
    """Makes the backup's manifest `number` (default: its newest) the newest of `index`: a new commit, never a rewind.

    Every file is checked against its sha256 where it lies in `index` before the commit. What the newest manifest of `index` does not name
    is copied under a name of its own, whatever lies there: it may be about to be collected. Raises `NoIndexError`, `ObjectNotFoundError`
    (no such manifest), `CorruptFileError`, `StorageError`, `ContentionError`.
    """
    last = read_newest(backup)
    if last is None:
        raise NoIndexError(f"{backup.url} holds no backup")
    wanted = last if number is None else _backed_up(backup, number)
    # A candidate that was not ready when the backup was made is not picked up again.
    if wanted.candidate_epoch is not None:
        wanted = epochs.without_candidate(wanted, wanted.candidate_epoch) or wanted
    for _ in range(_ATTEMPTS):
        attempt = _Restore(backup, index, wanted, last, writer)
        copied = attempt.copy(progress)
        restored = commit(index, attempt.propose)
        if restored.changed:
            break
        log.warning("the restore took longer than its files are safe from a collection; trying again")
    else:
        raise ContentionError("the restore took too long, again and again")
    return RestoreReport(
        number=restored.manifest.number,
        backup_number=wanted.number,
        covers=restored.manifest.covers,
        copied_files=copied.copied_files,
        copied_bytes=copied.copied_bytes,
        checked_files=copied.checked_files,
    )


class _Restore:
    """One attempt: the files are brought first, then named by one commit."""

    def __init__(self, backup: ObjectStore, index: ObjectStore, wanted: Manifest, last: Manifest, writer: str) -> None:
        self._backup = backup
        self._index = index
        self._wanted = wanted
        self._last = last
        self._writer = f"{writer} of manifest {wanted.number}"
        self._age = UploadAge()
        newest = read_newest(index)
        self._named = _keys(newest)
        # Without a manifest nobody collects: the files keep their names, and a restore that was killed goes on.
        self._renamed = {} if newest is None else fresh_keys(wanted.files(), self._named, new_ulid())

    def copy(self, progress: Progress) -> CopyReport:
        return copy_files(
            self._backup,
            self._index,
            self._wanted.files(),
            self._named,
            keys=self._renamed,
            check_all=True,
            progress=progress,
        )

    def propose(self, newest: Manifest | None) -> Manifest | None:
        if newest is not None and self._age.too_old:
            return None
        # Above every number that this index or its backups have ever used: a number never means two things, nor does an epoch's.
        number = max(self._last.number, newest.number if newest else 0, read_boundary(self._index)) + 1
        last_epoch = max(known.next_epoch for known in (self._wanted, self._last, newest) if known is not None) - 1
        changes = {"number": number, "last_epoch": last_epoch}
        return self._wanted.with_keys(self._renamed).model_copy(update=changes | stamp(self._writer))


def _backed_up(backup: ObjectStore, number: int) -> Manifest:
    try:
        return read_manifest(backup, number)
    except ObjectNotFoundError:
        raise ObjectNotFoundError(
            f"{backup.url} has no backup of manifest {number}; `vinymatic backup list` shows what there is"
        ) from None


def _keys(manifest: Manifest | None) -> frozenset[str]:
    return frozenset() if manifest is None else frozenset(file.key for file in manifest.files())


def _commit_copy(destination: ObjectStore, manifest: Manifest) -> None:
    try:
        destination.create(manifest_key(manifest.number), manifest.to_json())
    except ObjectExistsError:
        if read_manifest(destination, manifest.number).commit_id != manifest.commit_id:
            raise _another_index(manifest, destination) from None


def _refuse_another_index(manifest: Manifest, there: Manifest | None, destination: ObjectStore) -> None:
    if there is None:
        return
    if there.index_id != manifest.index_id:
        # Whatever the numbers: an empty index that took a lost one's place must not push its backup out.
        raise _another_index(manifest, destination)
    if there.number < manifest.number:
        return
    if there.number > manifest.number:
        raise CatalogueError(
            f"{destination.url} holds manifest {there.number}, this index only {manifest.number}: it is the backup of this index "
            "before it was lost; restore it, or choose another BACKUP_URL"
        )
    if there.commit_id != manifest.commit_id:
        raise _another_index(manifest, destination)


def _another_index(manifest: Manifest, destination: ObjectStore) -> CatalogueError:
    return CatalogueError(
        f"{destination.url} holds the backup of another index (its manifest {manifest.number} differs)"
    )
