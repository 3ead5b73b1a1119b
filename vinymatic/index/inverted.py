"""The inverted lists in memory: what a query scans.

A snapshot holds a few partitions (a large base, a small one of what came since), each a Faiss IVFPQ that shares the codebook's quantizer.
Partitions are immutable once built, so successive snapshots share them and searching threads need no lock (Faiss: search and add on one
index are not safe together).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import Encoding

Distances = NDArray[np.float32]
Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Neighbours:
    """The nearest indexed features of each query descriptor, nearest first.

    `distances`: float32 [n, k], squared, in the descriptors' own steps; infinity where none was found.
    `features`: int64 [n, k], feature numbers in the snapshot; −1 where none was found.
    """

    distances: Distances
    features: Numbers


class Partition:
    """Encodings merged into one Faiss index. Feature numbers run from 0 over the encodings in order."""

    def __init__(self, codebook: Codebook, encodings: Sequence[Encoding], sizes: Sequence[int]) -> None:
        trained = codebook.faiss_index
        index = faiss.IndexIVFPQ(trained.quantizer, trained.d, trained.nlist, trained.pq.M, trained.pq.nbits)
        index.by_residual = False
        index.pq = trained.pq
        index.is_trained = True
        self.features = sum(sizes)
        self._fill(index, encodings, sizes)
        self._index = index
        self._codebook = codebook  # owns the quantizer that the index points to

    def _fill(self, index: faiss.IndexIVFPQ, encodings: Sequence[Encoding], sizes: Sequence[int]) -> None:
        if self.features == 0:
            return
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
        lists = np.concatenate([encoding.lists for encoding in encodings])
        numbers = np.concatenate(
            [encoding.features.astype(np.int64) + start for encoding, start in zip(encodings, starts, strict=True)]
        )
        codes = np.concatenate([encoding.codes for encoding in encodings])
        if len(encodings) > 1:
            order = np.argsort(lists, kind="stable")
            lists, numbers, codes = lists[order], numbers[order], codes[order]
        numbers, codes = np.ascontiguousarray(numbers), np.ascontiguousarray(codes)
        present, begins = np.unique(lists, return_index=True)
        ends = np.append(begins[1:], len(lists))
        inverted, code_size = index.invlists, index.code_size
        number_base, code_base = numbers.ctypes.data, codes.ctypes.data
        # Addresses instead of array slices: swig_ptr of 16k slices would take longer than the copying.
        for number, begin, end in zip(present.tolist(), begins.tolist(), ends.tolist(), strict=True):
            inverted.add_entries(
                number,
                end - begin,
                faiss.cast_integer_to_idx_t_ptr(number_base + 8 * begin),
                faiss.cast_integer_to_uint8_ptr(code_base + code_size * begin),
            )
        index.ntotal = len(numbers)

    def search(
        self,
        vectors: NDArray[np.float32],
        lists: Numbers,
        coarse: Distances,
        neighbours: int,
        dead: NDArray[np.uint8] | None,
    ) -> Neighbours:
        """Scans the given lists. `dead`: bitmap (little-endian bits) of features to leave out."""
        parameters = faiss.SearchParametersIVF(nprobe=lists.shape[1])
        if dead is not None:
            bitmap = faiss.IDSelectorBitmap(dead)
            alive = faiss.IDSelectorNot(bitmap)
            parameters.sel = alive
        shape = (len(vectors), neighbours)
        distances, numbers = np.empty(shape, np.float32), np.empty(shape, np.int64)
        # The C++ method itself: its Python wrapper takes no parameters, and `nprobe` on the index is state shared by threads.
        self._index.search_preassigned_c(
            len(vectors),
            faiss.swig_ptr(vectors),
            neighbours,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(coarse),
            faiss.swig_ptr(distances),
            faiss.swig_ptr(numbers),
            False,
            parameters,
        )
        return Neighbours(np.where(numbers >= 0, distances, np.float32(np.inf)), numbers)


def merge_neighbours(parts: Sequence[Neighbours], starts: Sequence[int]) -> Neighbours:
    """The nearest over all partitions; `starts` are their first feature numbers in the snapshot."""
    if len(parts) == 1 and starts[0] == 0:
        return parts[0]
    k = parts[0].features.shape[1]
    distances = np.concatenate([part.distances for part in parts], axis=1)
    features = np.concatenate(
        [np.where(part.features >= 0, part.features + start, -1) for part, start in zip(parts, starts, strict=True)],
        axis=1,
    )
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return Neighbours(np.take_along_axis(distances, order, axis=1), np.take_along_axis(features, order, axis=1))
