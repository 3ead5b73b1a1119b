"""Files written in pieces are those that are written at once."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from vinymatic.errors import CorruptFileError
from vinymatic.index.segment import CoverTable, dump_cover_table
from vinymatic.index.tensors import Array, dump_arrays, write_arrays

pytestmark = pytest.mark.unit

ARRAYS: dict[str, Array] = {
    "z": np.arange(7, dtype=np.uint8).reshape(7, 1),
    "a": np.arange(6, dtype=np.uint16).reshape(3, 2),
    "f": np.arange(4, dtype=np.float32),
    "i": np.arange(4, dtype=np.int32),
    "w": np.arange(3, dtype=np.uint64),
    "none": np.empty((0, 4), np.uint8),
}
SHAPES = {name: (array.dtype, array.shape) for name, array in ARRAYS.items()}


def test_the_bytes_are_the_same_in_any_number_of_pieces(tmp_path: Path) -> None:
    write_arrays(tmp_path / "x", SHAPES, lambda name: np.array_split(ARRAYS[name], 3), kind="k", version=1)
    assert (tmp_path / "x").read_bytes() == dump_arrays(ARRAYS, kind="k", version=1)


@pytest.mark.parametrize(("count", "said"), [(1, "few"), (3, "many")])
def test_pieces_that_do_not_fill_the_shape_are_refused(tmp_path: Path, count: int, said: str) -> None:
    with pytest.raises(ValueError, match=f"too {said}"):
        write_arrays(
            tmp_path / "x", {"a": (np.uint8, (2,))}, lambda _: [np.zeros(count, np.uint8)], kind="k", version=1
        )


def test_a_cover_table_with_a_column_of_another_length_is_corrupt(tmp_path: Path) -> None:
    columns: dict[str, Array] = {
        "size": np.ones(1, np.uint64),
        "shape": np.ones((1, 2), np.uint32),
        "box": np.ones((1, 2), np.uint16),
        "feature_ends": np.ones(1, np.uint64),
    }
    (tmp_path / "old").write_bytes(dump_cover_table(["a"], ["e"], **columns))
    assert CoverTable(tmp_path / "old").added_in is None
    (tmp_path / "bad").write_bytes(dump_cover_table(["a"], ["e"], **columns, added_in=np.ones(2, np.uint64)))
    with pytest.raises(CorruptFileError, match="added_in"):
        CoverTable(tmp_path / "bad")
