"""An encoding: a segment's codes under one codebook, as inverted lists without the quantizer. Derived; can be rebuilt from the segment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import CorruptFileError
from vinymatic.index.codebook import Codebook
from vinymatic.index.tensors import Array, dump_arrays, expect_array, map_arrays

KIND = "vinymatic-codes"
VERSION = 1


@dataclass(frozen=True)
class Encoding:
    """`lists`: int32 [n], ascending. `features`: uint32 [n], each entry's feature number in the segment. `codes`: uint8 [n, code size]."""

    epoch: int
    lists: NDArray[np.int32]
    features: NDArray[np.uint32]
    codes: NDArray[np.uint8]


def encode_descriptors(codebook: Codebook, descriptors: NDArray[np.uint8]) -> Encoding:
    """The encoding of a segment whose descriptors (uint8 [n, dimensions]) are given."""
    lists, codes = codebook.encode(descriptors)
    order = np.argsort(lists, kind="stable")
    return Encoding(codebook.epoch, lists[order], order.astype(np.uint32), codes[order])


def quantization_error(codebook: Codebook, encoding: Encoding, descriptors: NDArray[np.uint8]) -> float:
    """Mean squared distance between the descriptors (uint8 [n, dimensions]) that were encoded and what their codes stand for."""
    return codebook.error(descriptors[encoding.features], encoding.codes)


def dump_encoding(encoding: Encoding) -> bytes:
    numbers, sizes = np.unique(encoding.lists, return_counts=True)
    arrays: dict[str, Array] = {
        "list_numbers": numbers.astype(np.uint32),
        "list_sizes": sizes.astype(np.uint32),
        "features": encoding.features,
        "codes": encoding.codes,
    }
    return dump_arrays(arrays, kind=KIND, version=VERSION, notes={"epoch": str(encoding.epoch)})


def open_encoding(path: Path, codebook: Codebook, features: int) -> Encoding:
    """The encoding in `path`, of a segment of `features` features. Raises `CorruptFileError` when it does not fit codebook or segment."""
    arrays, metadata = map_arrays(path, kind=KIND, newest=VERSION)
    numbers = expect_array(path, arrays, "list_numbers", np.uint32, (None,)).astype(np.int64)
    sizes = expect_array(path, arrays, "list_sizes", np.uint32, (len(numbers),)).astype(np.int64)
    entries = expect_array(path, arrays, "features", np.uint32, (features,))
    codes = expect_array(path, arrays, "codes", np.uint8, (features, codebook.code_size))
    fits = (
        metadata.get("epoch") == str(codebook.epoch)
        and int(sizes.sum()) == features
        and int(entries.max(initial=0)) < max(1, features)
        and int(numbers.max(initial=0)) < codebook.lists
        and bool(np.all(np.diff(numbers) > 0))
    )
    if not fits:
        raise CorruptFileError(f"{path.name}: does not fit epoch {codebook.epoch} or a segment of {features} features")
    return Encoding(codebook.epoch, np.repeat(numbers, sizes).astype(np.int32), entries, codes)
