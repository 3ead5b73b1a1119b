"""Arrays in files: what is written comes back; whatever else lies in the file is refused in one way."""

from __future__ import annotations

import json
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load

from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.tensors import Array, dump_arrays, expect_array, map_arrays

pytestmark = pytest.mark.unit

# One folder serves all examples of a property: each writes its file anew.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])

names = count()
DTYPES = ("u1", "<u2", "<u4", "<u8", "<i4", "<i8", "<f4")
arrays_of_any_type = st.sampled_from(DTYPES).flatmap(
    lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=5))
)


def write(folder: Path, data: bytes) -> Path:
    # A new name each time: an array that is still mapped must not see its file change.
    path = folder / f"{next(names)}.safetensors"
    path.write_bytes(data)
    return path


def raw(header: object, body: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + body


def open_it(path: Path) -> dict[str, Array]:
    return map_arrays(path, kind="thing", newest=3)[0]


META = {"__metadata__": {"format": "thing", "version": "1"}}


@in_one_folder
@given(
    contents=st.dictionaries(
        st.text(min_size=1, max_size=20).filter("__metadata__".__ne__), arrays_of_any_type, max_size=5
    ),
    notes=st.dictionaries(st.sampled_from(["epoch", "kept", "ü"]), st.text(max_size=20)),
)
def test_arrays_come_back_as_they_were(tmp_path: Path, contents: dict[str, Array], notes: dict[str, str]) -> None:
    path = write(tmp_path, dump_arrays(contents, kind="thing", version=2, notes=notes))
    arrays, metadata = map_arrays(path, kind="thing", newest=2)
    assert arrays.keys() == contents.keys()
    for name, array in contents.items():
        assert arrays[name].dtype == array.dtype
        assert arrays[name].shape == array.shape
        assert arrays[name].tobytes() == array.tobytes()
    assert metadata == {"format": "thing", "version": "2", **notes}


def test_the_same_arrays_give_the_same_bytes() -> None:
    # Two trainers may write the same encoding under the same key, and a manifest holds the sha256 of one of them.
    contents: dict[str, Array] = {"b": np.arange(7, dtype=np.uint8), "a": np.arange(5, dtype=np.uint64)}
    notes = {"epoch": "1", "kept": "0.5", "ü": "é"}
    assert len({dump_arrays(contents, kind="thing", version=1, notes=notes) for _ in range(30)}) == 1


def test_another_reader_of_safetensors_understands_the_file() -> None:
    contents: dict[str, Array] = {"b": np.arange(7, dtype=np.uint8), "a": np.arange(5, dtype=np.uint64)}
    data = dump_arrays(contents, kind="thing", version=1, notes={"ü": "é" * 9})
    again = load(data)
    assert again.keys() == contents.keys()
    assert all(np.array_equal(again[name], array) for name, array in contents.items())
    assert int.from_bytes(data[:8], "little") % 8 == 0, "the arrays are to lie aligned"


def test_arrays_that_are_not_contiguous_come_back_in_order(tmp_path: Path) -> None:
    turned = np.arange(12, dtype=np.uint32).reshape(3, 4).T
    arrays = open_it(write(tmp_path, dump_arrays({"a": turned}, kind="thing", version=1)))
    assert np.array_equal(arrays["a"], turned)


def test_mapped_arrays_cannot_be_written(tmp_path: Path) -> None:
    arrays = open_it(write(tmp_path, dump_arrays({"a": np.zeros(4, np.uint8)}, kind="thing", version=1)))
    with pytest.raises(ValueError, match="read-only"):
        arrays["a"][0] = 1


def test_an_open_map_outlives_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays({"a": np.arange(9_000, dtype=np.uint32)}, kind="thing", version=1))
    arrays = open_it(path)
    path.unlink()
    assert np.array_equal(arrays["a"], np.arange(9_000))


def test_an_older_version_opens_and_a_newer_one_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays({}, kind="thing", version=3))
    for newest in (3, 4):
        map_arrays(path, kind="thing", newest=newest)
    with pytest.raises(
        UnsupportedFormatError, match="version 3 was written by a newer Vinymatic; this one reads up to 2"
    ):
        map_arrays(path, kind="thing", newest=2)


def test_a_newer_version_is_recognised_even_when_its_arrays_are_of_an_unknown_type(tmp_path: Path) -> None:
    header = {"__metadata__": {"format": "thing", "version": "9"}, "a": {"dtype": "Q7", "lattice": [1]}}
    with pytest.raises(UnsupportedFormatError):
        open_it(write(tmp_path, raw(header)))


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays({}, kind="other", version=1))
    with pytest.raises(CorruptFileError, match="holds 'other', not 'thing'"):
        open_it(path)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\2",
        b"\xff" * 8,
        b"\xff" * 64,
        (1 << 63).to_bytes(8, "little") + b"{}",
        raw(b"{}"),
        raw(b"[]"),
        raw(b"null"),
        raw(b'"text"'),
        raw(b"\xff\xfe"),
        raw(b"[" * 100_000),
        raw(META | {"a": None}),
        raw(META | {"a": {}}),
        raw(META | {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}}),
        raw(META | {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 3]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": [-4], "data_offsets": [4, 0]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": [1, 4], "data_offsets": [-4, 0]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": 4, "data_offsets": [0, 4]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": [float("inf")], "data_offsets": [0, 4]}}, b"1234"),
        raw(META | {"a": {"dtype": "U8", "shape": [0, 1 << 70], "data_offsets": [0, 0]}}),
        raw(META | {"a": {"dtype": "U8", "shape": [1 << 32, 1 << 32], "data_offsets": [0, 0]}}),
        raw(META | {"a": {"dtype": "U8", "shape": [1 << 70], "data_offsets": [0, 4]}}, b"1234"),
        raw({"__metadata__": None}),
        raw({"__metadata__": {"format": "thing"}}),
        raw({"__metadata__": {"format": "thing", "version": "one"}}),
        raw({"__metadata__": {"format": "thing", "version": None}}),
        raw({"__metadata__": {"format": "thing", "version": "9" * 5_000}}),
    ],
)
def test_nonsense_is_a_corrupt_file(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        open_it(write(tmp_path, data))


def test_a_missing_file_and_a_folder_are_corrupt_files(tmp_path: Path) -> None:
    for path in (tmp_path / "absent", tmp_path):
        with pytest.raises(CorruptFileError):
            open_it(path)


EXAMPLE = dump_arrays(
    {"points": np.arange(40, dtype=np.uint16).reshape(10, 4), "ends": np.arange(3, dtype=np.uint64)},
    kind="thing",
    version=1,
)


@pytest.mark.parametrize("length", range(0, len(EXAMPLE), 7))
def test_a_truncated_file_is_corrupt_wherever_it_is_cut(tmp_path: Path, length: int) -> None:
    with pytest.raises(CorruptFileError):
        open_it(write(tmp_path, EXAMPLE[:length]))


@in_one_folder
@given(st.binary(max_size=200))
def test_random_bytes_are_a_corrupt_file(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        open_it(write(tmp_path, data))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
entries = json_values | st.fixed_dictionaries(
    {
        "dtype": st.sampled_from(["U8", "F32", "U64", "X"]) | json_values,
        "shape": st.lists(st.integers() | st.integers(0, 5), max_size=3) | json_values,
        "data_offsets": st.lists(st.integers() | st.integers(0, 60), max_size=3) | json_values,
    }
)


@settings(in_one_folder, max_examples=300)
@given(entry=entries, body=st.binary(max_size=60))
def test_a_header_that_lies_gives_arrays_inside_the_file_or_a_corrupt_file(
    tmp_path: Path, entry: object, body: bytes
) -> None:
    try:
        arrays = open_it(write(tmp_path, raw(META | {"a": entry}, body)))
    except CorruptFileError:
        return
    assert arrays["a"].nbytes <= len(body)
    assert arrays["a"].tobytes() in body


def test_an_array_is_expected_by_name_type_and_shape(tmp_path: Path) -> None:
    path = Path("x.safetensors")
    arrays: dict[str, Array] = {"a": np.zeros((3, 4), np.uint16)}
    assert expect_array(path, arrays, "a", np.uint16, (3, 4)) is arrays["a"]
    assert expect_array(path, arrays, "a", np.uint16, (None, 4)) is arrays["a"]
    for name, dtype, shape in (
        ("b", np.uint16, (3, 4)),
        ("a", np.uint8, (3, 4)),
        ("a", np.uint16, (4, 3)),
        ("a", np.uint16, (None,)),
        ("a", np.uint16, (None, None, None)),
    ):
        with pytest.raises(CorruptFileError, match=rf"x\.safetensors: .*{name}"):
            expect_array(path, arrays, name, dtype, shape)
