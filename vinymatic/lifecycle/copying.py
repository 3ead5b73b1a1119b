"""Copies immutable files from one index prefix to another and proves what arrived: the work that backup and restore share.

A file that is there and good is never written over. Where nothing is there yet, the store copies on its own side and the result is read
back; where something is (a stump, damage), the bytes pass through this machine and are checked before they replace it.

`keys` gives files another name at the destination, by their name in the source: a file that lies there and that no manifest names may be
deleted at this very moment by a collection that has decided so already, so that a restore cannot build on it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vinymatic.errors import CorruptFileError, ObjectNotFoundError
from vinymatic.index.layout import CODEBOOKS, SEGMENTS
from vinymatic.index.manifest import FileEntry
from vinymatic.lifecycle.files import sha256_of
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectInfo, ObjectStore

# A file that no manifest names and that is older than this is written again, which makes it young: it may be about to be collected, for
# collectors spare what is younger than a day (`retention.GRACE`).
REFRESH_AFTER = timedelta(hours=12)


@dataclass(frozen=True)
class CopyPlan:
    """What is to be done for each file: `kept` as it is; `checked` against its sha256 and replaced when bad; `copied` to where nothing is;
    `replaced`, with bytes that were checked first."""

    kept: tuple[FileEntry, ...]
    checked: tuple[FileEntry, ...]
    copied: tuple[FileEntry, ...]
    replaced: tuple[FileEntry, ...]


@dataclass(frozen=True)
class CopyReport:
    """Files and bytes that were written, files that were checked where they lay, and files left as they were."""

    copied_files: int
    copied_bytes: int
    checked_files: int
    kept_files: int


def plan_copy(
    files: Sequence[FileEntry],
    there: Mapping[str, ObjectInfo],
    named: Collection[str],
    now: datetime,
    *,
    check_all: bool,
) -> CopyPlan:
    """`there`: what the destination holds, by key. `named`: keys that a manifest of the destination names, which were proven before it was.

    `check_all`: proves those again too. Without it they are kept when their size is right.
    """
    kept: list[FileEntry] = []
    checked: list[FileEntry] = []
    copied: list[FileEntry] = []
    replaced: list[FileEntry] = []
    for file in files:
        found = there.get(file.key)
        if found is None and file.key not in named:
            copied.append(file)
        elif found is None or found.size != file.size:
            replaced.append(file)
        elif file.key in named:
            (checked if check_all else kept).append(file)
        elif now - found.modified > REFRESH_AFTER:
            replaced.append(file)
        else:
            # An earlier try that was killed: it may have died between the copy and the proof.
            checked.append(file)
    return CopyPlan(tuple(kept), tuple(checked), tuple(copied), tuple(replaced))


def fresh_keys(files: Sequence[FileEntry], named: Collection[str], mark: str) -> dict[str, str]:
    """Another key, made unique by `mark`, for each file that is not `named`: source key → destination key. The folder is one that
    collections look through.
    """
    return {file.key: file.key.replace("/", f"/{mark}-", 1) for file in files if file.key not in named}


def copy_files(
    source: ObjectStore,
    destination: ObjectStore,
    files: Sequence[FileEntry],
    named: Collection[str],
    *,
    keys: Mapping[str, str] | None = None,
    check_all: bool = False,
    progress: Progress = no_progress,
) -> CopyReport:
    """Brings `files` to `destination`; when it returns, each of them is there with the right bytes, under its own key or that of `keys`.

    Raises `CorruptFileError` or `ObjectNotFoundError` when a file that is needed is bad or missing in `source`, `StorageError`.
    """
    there = {info.key: info for prefix in (SEGMENTS, CODEBOOKS) for info in destination.list(prefix)}
    keys = keys or {}
    origins = {keys.get(file.key, file.key): file.key for file in files}
    arriving = [file.model_copy(update={"key": keys.get(file.key, file.key)}) for file in files]
    plan = plan_copy(arriving, there, named, datetime.now(UTC), check_all=check_all)
    with tempfile.TemporaryDirectory(prefix="vinymatic-copy-") as folder:
        passing = Path(folder) / "file"
        bad = []
        for done, file in enumerate(plan.checked):
            progress("check", done, len(plan.checked))
            if not is_good(destination, file, passing):
                bad.append(file)
        progress("check", len(plan.checked), len(plan.checked))
        # Only the first of them go where nothing is, and may be copied before they are proven.
        written = [*plan.copied, *plan.replaced, *bad]
        for done, file in enumerate(written):
            progress("copy", done, len(written))
            origin = origins[file.key]
            if done >= len(plan.copied) or not _copy_there(source, origin, destination, file, passing):
                stream(source, origin, destination, file, passing)
        progress("copy", len(written), len(written))
    good = len(plan.checked) - len(bad)
    return CopyReport(len(written), sum(file.size for file in written), good, len(plan.kept))


def _copy_there(source: ObjectStore, origin: str, destination: ObjectStore, file: FileEntry, passing: Path) -> bool:
    """Whether the destination copied it on its own side. What turns out bad is taken away again: its right size must deceive nobody."""
    if destination.copy_from(source, origin, file.key) is None:
        return False
    if not is_good(destination, file, passing):
        destination.delete(file.key)
        raise _corrupt(source, origin)
    return True


def stream(source: ObjectStore, origin: str, destination: ObjectStore, file: FileEntry, passing: Path) -> None:
    """Brings `origin` of `source` to `file.key` through this machine; proven before it replaces what is there, and after.

    `passing`: where the bytes may lie meanwhile. Raises `CorruptFileError`, `ObjectNotFoundError`, `StorageError`.
    """
    path = source.local_path(origin)
    if path is None:
        source.download(origin, passing)
        path = passing
    if not _matches(path, file):
        raise _corrupt(source, origin)
    destination.upload(file.key, path)
    if not is_good(destination, file, passing):
        raise CorruptFileError(f"{file.key}: {destination.url} gives back other bytes than it was given")


def is_good(store: ObjectStore, file: FileEntry, passing: Path) -> bool:
    """Whether `file` is in `store` with the right bytes. `passing`: where they may lie meanwhile. Raises `StorageError`."""
    path = store.local_path(file.key)
    if path is None:
        try:
            store.download(file.key, passing)
        except ObjectNotFoundError:
            return False
        path = passing
    return _matches(path, file)


def _matches(path: Path, file: FileEntry) -> bool:
    try:
        return path.stat().st_size == file.size and sha256_of(path) == file.sha256
    except FileNotFoundError:
        return False


def _corrupt(source: ObjectStore, key: str) -> CorruptFileError:
    return CorruptFileError(f"{key} in {source.url}: its bytes are not those of the manifest")
