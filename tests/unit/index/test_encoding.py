"""Encodings: what is written comes back, and never under another codebook or another segment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.index.small import LISTS, codebook, descriptors
from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.encoding import KIND, VERSION, Encoding, dump_encoding, encode_descriptors, open_encoding
from vinymatic.index.tensors import Array, dump_arrays

pytestmark = pytest.mark.unit


def write(folder: Path, data: bytes) -> Path:
    path = folder / "codes.safetensors"
    path.write_bytes(data)
    return path


def good() -> dict[str, Array]:
    """The arrays of a sound encoding of 6 features."""
    return {
        "list_numbers": np.array([0, 3], np.uint32),
        "list_sizes": np.array([2, 4], np.uint32),
        "features": np.array([1, 5, 0, 2, 3, 4], np.uint32),
        "codes": np.zeros((6, 16), np.uint8),
    }


def test_lists_ascend_and_each_feature_stands_in_its_list_with_its_code() -> None:
    encoding = encode_descriptors(codebook(), descriptors(300))
    lists, codes = codebook().encode(descriptors(300))
    assert (np.diff(encoding.lists) >= 0).all()
    assert sorted(encoding.features) == list(range(300))
    assert np.array_equal(encoding.lists, lists[encoding.features])
    assert np.array_equal(encoding.codes, codes[encoding.features])


@pytest.mark.parametrize("count", [0, 1, 300])
def test_an_encoding_comes_back_as_it_was(tmp_path: Path, count: int) -> None:
    encoding = encode_descriptors(codebook(), descriptors(count))
    again = open_encoding(write(tmp_path, dump_encoding(encoding)), codebook(), count)
    assert again.epoch == encoding.epoch == 0
    assert np.array_equal(again.lists, encoding.lists)
    assert np.array_equal(again.features, encoding.features)
    assert np.array_equal(again.codes, encoding.codes)


def test_an_encoding_of_another_epoch_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, dump_encoding(encode_descriptors(codebook(), descriptors(40))))
    with pytest.raises(CorruptFileError, match="does not fit epoch 1"):
        open_encoding(path, codebook(1), 40)


@pytest.mark.parametrize("count", [0, 39, 41])
def test_an_encoding_of_another_number_of_features_is_refused(tmp_path: Path, count: int) -> None:
    path = write(tmp_path, dump_encoding(encode_descriptors(codebook(), descriptors(40))))
    with pytest.raises(CorruptFileError):
        open_encoding(path, codebook(), count)


def test_the_arrays_of_these_tests_are_sound(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays(good(), kind=KIND, version=VERSION, notes={"epoch": "0"}))
    assert isinstance(open_encoding(path, codebook(), 6), Encoding)


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("list_numbers", np.array([0, LISTS], np.uint32)),
        ("list_numbers", np.array([0], np.uint32)),
        ("list_numbers", np.array([0, 3], np.int32)),
        ("list_numbers", np.array([3, 0], np.uint32)),
        ("list_numbers", np.array([3, 3], np.uint32)),
        ("list_sizes", np.array([2, 5], np.uint32)),
        ("list_sizes", np.array([2, 2**32 - 2], np.uint32)),
        ("list_sizes", np.array([6, 0], np.uint32)),
        ("features", np.array([1, 5, 0, 2, 3, 6], np.uint32)),
        ("features", np.array([5, 1, 0, 2, 3, 4], np.uint32)),
        ("features", np.array([1, 5, 0, 0, 3, 4], np.uint32)),
        ("features", np.zeros((6, 1), np.uint32)),
        ("codes", np.zeros((6, 8), np.uint8)),
        ("codes", np.zeros((6, 16), np.uint16)),
        ("codes", None),
    ],
)
def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, name: str, array: Array | None) -> None:
    arrays = good() | ({name: array} if array is not None else {})
    if array is None:
        del arrays[name]
    path = write(tmp_path, dump_arrays(arrays, kind=KIND, version=VERSION, notes={"epoch": "0"}))
    with pytest.raises(CorruptFileError):
        open_encoding(path, codebook(), 6)


def test_a_newer_encoding_is_refused_as_such(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays(good(), kind=KIND, version=VERSION + 1, notes={"epoch": "0"}))
    with pytest.raises(UnsupportedFormatError):
        open_encoding(path, codebook(), 6)
