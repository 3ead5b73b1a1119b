"""Rows of mapped arrays: read as they are, and nothing of them stays in the process."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from vinymatic.index.tensors import dump_arrays, let_go, map_arrays, read_rows

pytestmark = pytest.mark.unit

ROWS = 60_000
TABLE = np.random.default_rng(1).integers(0, 256, (ROWS, 128), dtype=np.uint8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "table.safetensors"
    path.write_bytes(dump_arrays({"table": TABLE, "after": np.arange(5)}, kind="thing", version=1))
    return path


def resident(path: Path) -> int:
    """Bytes of this file that are in the process's memory."""
    maps = re.split(r"^(?=[0-9a-f]+-[0-9a-f]+ )", Path("/proc/self/smaps").read_text(), flags=re.MULTILINE)
    return sum(int(rss[1]) << 10 for part in maps if str(path) in part and (rss := re.search(r"Rss: +(\d+)", part)))


@pytest.mark.parametrize(("begin", "end"), [(0, 1), (0, ROWS), (123, 456), (ROWS - 1, ROWS), (7, 7), (ROWS, ROWS)])
def test_rows_are_read_and_leave_nothing_behind(path: Path, begin: int, end: int) -> None:
    table = map_arrays(path, kind="thing", newest=1)[0]["table"]
    assert np.array_equal(read_rows(table, begin, end), TABLE[begin:end])
    assert resident(path) == 0


def test_an_array_that_was_let_go_is_read_again(path: Path) -> None:
    table = map_arrays(path, kind="thing", newest=1)[0]["table"]
    for _ in range(2):
        assert np.array_equal(table, TABLE)
        assert resident(path) > 0
        let_go(table)
        assert resident(path) == 0


def test_rows_in_memory_stay_there() -> None:
    rows = read_rows(TABLE, 3, 5)
    assert np.array_equal(rows, TABLE[3:5])
    assert not np.shares_memory(rows, TABLE)
