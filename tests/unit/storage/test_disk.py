"""What the operating system's errors become."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from vinymatic.errors import InvalidKeyError, StorageDeniedError, StorageError, StorageUnavailableError
from vinymatic.storage import disk, open_store

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (errno.ENOSPC, StorageUnavailableError),
        (errno.EIO, StorageUnavailableError),
        (errno.EDQUOT, StorageUnavailableError),
        (errno.ESTALE, StorageUnavailableError),
        (errno.EACCES, StorageDeniedError),
        (errno.EROFS, StorageDeniedError),
        (errno.ENAMETOOLONG, InvalidKeyError),
        (errno.ENOTEMPTY, StorageError),
    ],
)
def test_an_error_number_has_one_meaning(number: int, expected: type[StorageError]) -> None:
    error = disk.translate(OSError(number, os.strerror(number)), "write a/b")
    assert type(error) is expected
    assert str(error) == f"write a/b: {os.strerror(number)}"


def test_a_file_whose_filling_fails_is_gone(tmp_path: Path) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError(errno.ENOSPC, "full")

    with pytest.raises(OSError, match="full"), disk.written(tmp_path, fail):
        pytest.fail("the block must not be reached")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs Linux's always full device")
def test_a_full_disk_is_a_passing_failure() -> None:
    with pytest.raises(StorageUnavailableError, match="No space left"), disk.translated("write x"):
        Path("/dev/full").write_bytes(b"x" * 10_000_000)


def test_a_root_below_a_file_is_told_as_an_error_of_ours(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    store = open_store((tmp_path / "file" / "store").as_uri())
    with pytest.raises(StorageError):
        store.put("a", b"x")
    assert list(store.list()) == []
