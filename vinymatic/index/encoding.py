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
    """Entries by list. `list_numbers`: int64 [k], the lists that are not empty, ascending, with their `list_sizes`: int64 [k].

    `features`: uint32 [n], each entry's feature number in the segment, ascending within a list. `codes`: uint8 [n, code size].
    """

    epoch: int
    list_numbers: NDArray[np.int64]
    list_sizes: NDArray[np.int64]
    features: NDArray[np.uint32]
    codes: NDArray[np.uint8]

    @classmethod
    def of(
        cls, epoch: int, lists: NDArray[np.int32], features: NDArray[np.uint32], codes: NDArray[np.uint8]
    ) -> Encoding:
        """From each entry's list (int32 [n], ascending)."""
        numbers, sizes = np.unique(lists, return_counts=True)
        return cls(epoch, numbers.astype(np.int64), sizes, features, codes)

    @property
    def lists(self) -> NDArray[np.int32]:
        """int32 [n]: each entry's list."""
        return np.repeat(self.list_numbers, self.list_sizes).astype(np.int32)


def encode_descriptors(codebook: Codebook, descriptors: NDArray[np.uint8]) -> Encoding:
    """The encoding of a segment whose descriptors (uint8 [n, dimensions]) are given."""
    lists, codes = codebook.encode(descriptors)
    order = np.argsort(lists, kind="stable")
    return Encoding.of(codebook.epoch, lists[order], order.astype(np.uint32), codes[order])


def quantization_error(codebook: Codebook, encoding: Encoding, descriptors: NDArray[np.uint8]) -> float:
    """Mean squared distance between the descriptors (uint8 [n, dimensions]) that were encoded and what their codes stand for."""
    return codebook.error(descriptors[encoding.features], encoding.codes)


def dump_encoding(encoding: Encoding) -> bytes:
    arrays: dict[str, Array] = {
        "list_numbers": encoding.list_numbers.astype(np.uint32),
        "list_sizes": encoding.list_sizes.astype(np.uint32),
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
        and bool(np.all(np.diff(numbers) > 0) and np.all(sizes > 0))
        and _ascend(entries, sizes)
    )
    if not fits:
        raise CorruptFileError(f"{path.name}: does not fit epoch {codebook.epoch} or a segment of {features} features")
    return Encoding(codebook.epoch, numbers, sizes, entries, codes)


def _ascend(features: NDArray[np.uint32], sizes: NDArray[np.int64]) -> bool:
    """Whether features ascend within each list, as partitions need them."""
    ends = np.cumsum(sizes)
    steps = features[1:] > features[:-1]
    steps[ends[(ends > 0) & (ends < len(features))] - 1] = True
    return bool(steps.all())
