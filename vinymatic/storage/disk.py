"""Files written whole or not at all, and what the operating system's errors mean."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from vinymatic.errors import InvalidKeyError, StorageDeniedError, StorageError, StorageUnavailableError

_DENIED = {errno.EACCES, errno.EPERM, errno.EROFS}
_UNHOLDABLE = {errno.ENAMETOOLONG, errno.EILSEQ, errno.EISDIR, errno.ENOTDIR, errno.ELOOP}
_PASSING = {
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EIO,
    errno.ESTALE,
    errno.ETIMEDOUT,
    errno.EAGAIN,
    errno.EBUSY,
    errno.EMFILE,
    errno.ENFILE,
    errno.ENOMEM,
    errno.ENODEV,
    errno.ENXIO,
    errno.EHOSTDOWN,
}


@contextmanager
def translated(action: str) -> Iterator[None]:
    """Turns an `OSError` into our tree; `action` says what was being done."""
    try:
        yield
    except OSError as error:
        raise translate(error, action) from error


def translate(error: OSError, action: str) -> StorageError:
    kind = StorageError
    if error.errno in _DENIED:
        kind = StorageDeniedError
    elif error.errno in _UNHOLDABLE:
        kind = InvalidKeyError
    elif error.errno in _PASSING:
        kind = StorageUnavailableError
    return kind(f"{action}: {error.strerror or error}")


@contextmanager
def written(folder: Path, fill: Callable[[BinaryIO], None]) -> Iterator[Path]:
    """A new file in `folder`, filled and on the disk: to be moved or linked within the block, for at its end it is removed."""
    # Not tempfile's: its files are readable by their owner alone, and the API may run as another user than the ingestor.
    path = folder / f".{uuid4().hex}.part"
    try:
        with path.open("xb") as file:
            fill(file)
            file.flush()
            os.fsync(file.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)


def make_folders(folder: Path) -> None:
    """Makes `folder` and its parents so that they survive a power cut."""
    missing: list[Path] = []
    while not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for new in reversed(missing):
        new.mkdir(exist_ok=True)
        sync_folder(new.parent)


def sync_folder(folder: Path) -> None:
    """A rename or link is only on the disk once its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
