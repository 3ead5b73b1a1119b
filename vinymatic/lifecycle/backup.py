"""Backup and restore: a backup is an index prefix like any other, filled with what it lacks, its manifest last.

So a killed backup is never taken for a whole one, an unchanged index costs one listing, and any reader opens a backup as it is.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from vinymatic.errors import CatalogueError, CorruptFileError, NoIndexError, ObjectExistsError
from vinymatic.index.layout import CODEBOOKS, SEGMENTS, manifest_key
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.lifecycle.commit import commit, read_manifest, read_newest, stamp
from vinymatic.lifecycle.files import sha256_of
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class BackupReport:
    """`number`: the manifest that the backup holds now. `skipped_files` were there already."""

    number: int
    copied_files: int
    copied_bytes: int
    skipped_files: int


@dataclass(frozen=True)
class RestoreReport:
    """`number`: the new manifest of the index. `backup_number`: the manifest that was restored. `covers`: live covers in it."""

    number: int
    backup_number: int
    covers: int
    copied_files: int
    copied_bytes: int


def backup(source: ObjectStore, destination: ObjectStore, *, progress: Progress = no_progress) -> BackupReport:
    """Copies the newest manifest of `source` and the files it names to `destination`.

    Raises `NoIndexError`, `CorruptFileError` (a source file differs from its sha256: a broken file is never backed up over a good one),
    `CatalogueError` (the destination holds another index), `StorageError`.
    """
    manifest = read_newest(source)
    if manifest is None:
        raise NoIndexError(f"nothing is committed in {source.url} yet")
    _refuse_another_index(manifest, destination)
    copied, size, skipped = _copy_missing(source, destination, manifest, progress)
    try:
        destination.create(manifest_key(manifest.number), manifest.to_json())
    except ObjectExistsError:
        if read_manifest(destination, manifest.number).commit_id != manifest.commit_id:
            raise CatalogueError(
                f"{destination.url} holds the backup of another index (its manifest {manifest.number} differs)"
            ) from None
    return BackupReport(manifest.number, copied, size, skipped)


def restore(
    backup: ObjectStore, index: ObjectStore, *, number: int | None = None, progress: Progress = no_progress
) -> RestoreReport:
    """Makes the backup's manifest `number` (default: its newest) the newest of `index`: a new commit, never a rewind.

    Raises `NoIndexError`, `ObjectNotFoundError` (no such manifest), `CorruptFileError`, `StorageError`, `ContentionError`.
    """
    wanted = read_newest(backup) if number is None else read_manifest(backup, number)
    if wanted is None:
        raise NoIndexError(f"{backup.url} holds no backup")
    copied, size, _ = _copy_missing(backup, index, wanted, progress)

    def propose(newest: Manifest | None) -> Manifest | None:
        # Above every number that this index or its backups have ever used: a number never means two things.
        following = max(wanted.number, newest.number if newest else 0) + 1
        return wanted.model_copy(update={"number": following} | stamp(f"restore of manifest {wanted.number}"))

    restored = commit(index, propose).manifest
    return RestoreReport(restored.number, wanted.number, restored.covers, copied, size)


def _refuse_another_index(manifest: Manifest, destination: ObjectStore) -> None:
    there = read_newest(destination)
    if there is not None and there.number > manifest.number:
        raise CatalogueError(
            f"{destination.url} holds manifest {there.number}, this index only {manifest.number}: it is the backup of another index, "
            "or of this one before it was lost; restore it, or choose another BACKUP_URL"
        )


def _copy_missing(
    source: ObjectStore, destination: ObjectStore, manifest: Manifest, progress: Progress
) -> tuple[int, int, int]:
    """Copies what is not there in the right size; files copied, their bytes, files skipped."""
    there = {info.key: info.size for prefix in (SEGMENTS, CODEBOOKS) for info in destination.list(prefix)}
    files = manifest.files()
    missing = [file for file in files if there.get(file.key) != file.size]
    with tempfile.TemporaryDirectory(prefix="vinymatic-copy-") as folder:
        for done, file in enumerate(missing):
            progress("copy", done, len(missing))
            _copy(source, destination, file, Path(folder) / "file")
    progress("copy", len(missing), len(missing))
    return len(missing), sum(file.size for file in missing), len(files) - len(missing)


def _copy(source: ObjectStore, destination: ObjectStore, file: FileEntry, passing: Path) -> None:
    path = source.local_path(file.key)
    if path is None:
        source.download(file.key, passing)
        path = passing
    if not path.exists() or sha256_of(path) != file.sha256:
        raise CorruptFileError(f"{file.key} in {source.url}: its bytes are not those of the manifest")
    destination.upload(file.key, path)
