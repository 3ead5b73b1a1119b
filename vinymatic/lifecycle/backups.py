"""The catalogue of backups: which states of the index a backup folder holds, and how one of them is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vinymatic.errors import CorruptFileError, NoIndexError, ObjectNotFoundError
from vinymatic.lifecycle.commit import list_manifests, read_manifest
from vinymatic.storage.port import ObjectStore

_SHORTEST_ID = 6


@dataclass(frozen=True)
class BackupStamp:
    """A backup as a listing tells of it. `taken_at`: when its manifest was written to the backup."""

    number: int
    taken_at: datetime


@dataclass(frozen=True)
class BackupEntry(BackupStamp):
    """`id`: the commit's own. `committed_at`: when the index was in this state. `bytes`: of its files, shared with other backups or not."""

    id: str
    committed_at: datetime
    covers: int
    epoch: int
    files: int
    bytes: int


def stamps(store: ObjectStore) -> list[BackupStamp]:
    """What is there, newest first, by listing alone."""
    return [BackupStamp(number, modified) for number, modified in list_manifests(store).items()]


def list_backups(store: ObjectStore) -> list[BackupEntry]:
    """Every backup, newest first. Raises `CorruptFileError`, `UnsupportedFormatError`, `StorageError`."""
    entries = []
    for stamp in stamps(store):
        try:
            manifest = read_manifest(store, stamp.number)
        except ObjectNotFoundError:
            continue  # retention was quicker
        files = manifest.files()
        entries.append(
            BackupEntry(
                number=manifest.number,
                taken_at=stamp.taken_at,
                id=manifest.commit_id,
                committed_at=_time(manifest.created_at, manifest.number),
                covers=manifest.covers,
                epoch=manifest.active_epoch,
                files=len(files),
                bytes=sum(file.size for file in files),
            )
        )
    return entries


def backup_at(backups: Sequence[BackupEntry], moment: datetime) -> BackupEntry:
    """The newest state at or before `moment`, which knows its time zone. Raises `NoIndexError` where all are younger."""
    fitting = [entry for entry in backups if entry.committed_at <= moment]
    if not fitting:
        raise NoIndexError(f"no backup is from {moment.isoformat()} or before")
    # By number, not by time: two writers' clocks may disagree, the order of commits does not.
    return max(fitting, key=lambda entry: entry.number)


def backup_with_id(backups: Sequence[BackupEntry], wanted: str) -> BackupEntry:
    """The backup whose id is `wanted` or begins with it (6 characters at least). Raises `NoIndexError` unless it is exactly one."""
    fitting = [entry for entry in backups if entry.id.startswith(wanted)]
    if len(wanted) < _SHORTEST_ID or len(fitting) != 1:
        raise NoIndexError(f"{len(fitting)} backups have an id that begins with {wanted!r}; one is needed")
    return fitting[0]


def _time(text: str, number: int) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CorruptFileError(f"manifest {number} says it was made at {text!r}") from error
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
