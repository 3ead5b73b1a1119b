"""The inverted lists in memory: what a query scans.

A snapshot holds a few partitions (a large base, a small one of what came since), each a Faiss IVFPQ that shares the codebook's quantizer.
Partitions are immutable once built, so successive snapshots share them and searching threads need no lock (Faiss: search and add on one
index are not safe together).

A feature takes its code and two bytes: Faiss, which would keep an 8-byte number beside each code, answers with list and offset instead
(`store_pairs`), and a vote only asks whose feature lies there.
"""

from __future__ import annotations

import ctypes
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

import faiss
import numpy as np
from numpy.typing import NDArray

from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import Encoding
from vinymatic.index.tensors import let_go

Distances = NDArray[np.float32]
Numbers = NDArray[np.int64]

# How covers are kept: the lower half of the number beside each code. Within a list numbers ascend, so the upper half is known by place.
_BLOCK = 1 << 16
# Where covers are dead, so many times more neighbours are asked for than would do if the dead lay evenly, and so many times more again by
# the queries that still lack some.
_ASKED_AT_FIRST = 1.5
_ASKED_AGAIN = 4


@dataclass(frozen=True)
class Neighbours:
    """The nearest indexed features of each query descriptor, nearest first, equally near ones by their covers' numbers.

    `distances`: float32 [n, k], squared, in the descriptors' own steps; infinity where none was found.
    `covers`: int64 [n, k], the numbers of the covers that own them; −1 where none was found.
    """

    distances: Distances
    covers: Numbers


class Partition:
    """Encodings merged into one Faiss index. Cover numbers run from 0 over the encodings' segments in order."""

    def __init__(self, codebook: Codebook, encodings: Sequence[Encoding], firsts: Sequence[NDArray[np.int64]]) -> None:
        """`firsts`: for each encoding, int64 [covers + 1], where each cover's features begin in the segment."""
        self._codebook = codebook  # owns the quantizer that the index points to
        self.covers = sum(len(first) - 1 for first in firsts)
        sizes = np.zeros(codebook.lists, np.int64)
        for encoding in encodings:
            sizes[encoding.list_numbers] += encoding.list_sizes
        self.features = int(sizes.sum())
        self._sizes = sizes
        self._starts: Numbers = np.cumsum(sizes) - sizes
        self._owners = np.empty(self.features, np.uint16)
        # Row h: how many entries of each list belong to covers under (h + 1) · _BLOCK; no row for the last block.
        self._turns = np.zeros((max(0, self.covers - 1) // _BLOCK, codebook.lists), np.uint32)
        self._lists = self._merge(encodings, firsts)
        self._index = _empty_index(codebook)
        self._index.replace_invlists(self._lists, False)
        self._index.ntotal = self.features

    def _merge(self, encodings: Sequence[Encoding], firsts: Sequence[NDArray[np.int64]]) -> faiss.OnDiskInvertedLists:
        code_size = self._codebook.code_size
        lists = faiss.OnDiskInvertedLists(self._codebook.lists, code_size, "")
        if self.features == 0:
            return lists
        # Faiss maps a file and unmaps it with the lists: memory that Python owned could be gone before the last search. The file is memory
        # too, and its name is gone when it is closed.
        with os.fdopen(os.memfd_create("vinymatic-codes"), "w+b") as file:
            file.truncate(self.features * code_size)
            codes = np.memmap(file, f"V{code_size}", "r+", shape=(self.features,))
            free, cover = self._starts.copy(), 0
            for encoding, first in zip(encodings, firsts, strict=True):
                begins = np.cumsum(encoding.list_sizes) - encoding.list_sizes
                places = np.repeat(free[encoding.list_numbers] - begins, encoding.list_sizes)
                places += np.arange(len(places))
                free[encoding.list_numbers] += encoding.list_sizes
                codes[places] = encoding.codes.view(codes.dtype)[:, 0]
                covers = np.arange(cover, cover + len(first) - 1).astype(np.uint16)  # the lower halves
                self._owners[places] = np.repeat(covers, np.diff(first))[encoding.features]
                self._note_turns(encoding, first, cover, begins)
                cover += len(first) - 1
                let_go(encoding.codes)
                let_go(encoding.features)
            lists.filename = f"/proc/self/fd/{file.fileno()}"
            lists.totsize, lists.read_only = codes.nbytes, True
            lists.do_mmap()
        table = np.column_stack([self._sizes, self._sizes, self._starts * code_size]).astype(np.uint64)
        # OnDiskOneList: size, capacity, offset. One copy; set one by one, 65,536 lists take a fifth of a second.
        ctypes.memmove(int(lists.lists.data().this), table.ctypes.data, table.nbytes)
        return lists

    def _note_turns(self, encoding: Encoding, first: NDArray[np.int64], cover: int, begins: Numbers) -> None:
        for turn, bound in zip(self._turns, range(_BLOCK - cover, self.covers, _BLOCK), strict=False):
            if bound >= len(first) - 1:
                turn[encoding.list_numbers] += encoding.list_sizes.astype(np.uint32)
            elif bound > 0 and len(begins):
                below = encoding.features < first[bound]
                turn[encoding.list_numbers] += np.add.reduceat(below, begins, dtype=np.uint32)

    def search(
        self,
        vectors: NDArray[np.float32],
        lists: Numbers,
        coarse: Distances,
        neighbours: int,
        dead: NDArray[np.bool_] | None,
    ) -> Neighbours:
        """Scans the given lists. `dead`: bool [covers], whose features are left out."""
        if dead is None or self.features == 0:
            return _nearest(self._scan(vectors, lists, coarse, neighbours), neighbours)
        living = max(1, self.covers - int(np.count_nonzero(dead))) / self.covers
        return self._search_living(
            vectors, lists, coarse, neighbours, dead, math.ceil(_ASKED_AT_FIRST * neighbours / living)
        )

    def _search_living(
        self,
        vectors: NDArray[np.float32],
        lists: Numbers,
        coarse: Distances,
        neighbours: int,
        dead: NDArray[np.bool_],
        asked: int,
    ) -> Neighbours:
        """Asks for more than `neighbours`, for Faiss leaves nothing out of pairs, and again where too few of them live."""
        there = np.where(lists >= 0, self._sizes[lists], 0).sum(axis=1)
        asked = max(neighbours, min(asked, int(there.max(initial=0))))
        found = self._scan(vectors, lists, coarse, asked)
        gone = dead[found.covers] & (found.covers >= 0)
        living = Neighbours(
            np.where(gone, np.float32(np.inf), found.distances), np.where(gone, np.int64(-1), found.covers)
        )
        nearest = _nearest(living, neighbours)
        again = np.flatnonzero((nearest.covers[:, -1] < 0) & (there > asked))
        if len(again):
            more = self._search_living(
                vectors[again], lists[again], coarse[again], neighbours, dead, _ASKED_AGAIN * asked
            )
            nearest.distances[again], nearest.covers[again] = more.distances, more.covers
        return nearest

    def _scan(self, vectors: NDArray[np.float32], lists: Numbers, coarse: Distances, neighbours: int) -> Neighbours:
        shape = (len(vectors), neighbours)
        distances, pairs = np.empty(shape, np.float32), np.empty(shape, np.int64)
        # The C++ method itself: its Python wrapper takes no parameters, and `nprobe` on the index is state shared by threads.
        self._index.search_preassigned_c(
            len(vectors),
            faiss.swig_ptr(vectors),
            neighbours,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(coarse),
            faiss.swig_ptr(distances),
            faiss.swig_ptr(pairs),
            True,
            faiss.SearchParametersIVF(nprobe=lists.shape[1]),
        )
        return Neighbours(np.where(pairs >= 0, distances, np.float32(np.inf)), self._covers_at(pairs))

    def _covers_at(self, pairs: Numbers) -> Numbers:
        """The covers at Faiss's places: list number in the upper half, offset in the lower; −1 for none."""
        covers = np.full(pairs.shape, -1, np.int64)
        there = pairs >= 0
        numbers, offsets = pairs[there] >> 32, pairs[there] & 0xFFFF_FFFF
        owners = self._owners[self._starts[numbers] + offsets].astype(np.int64)
        for turn in self._turns:
            owners += np.where(offsets >= turn[numbers], _BLOCK, 0)
        covers[there] = owners
        return covers


def merge_neighbours(parts: Sequence[Neighbours], starts: Sequence[int]) -> Neighbours:
    """The nearest over all partitions; `starts` are their first covers' numbers in the snapshot."""
    if len(parts) == 1 and starts[0] == 0:
        return parts[0]
    distances = np.concatenate([part.distances for part in parts], axis=1)
    covers = np.concatenate(
        [np.where(part.covers >= 0, part.covers + start, -1) for part, start in zip(parts, starts, strict=True)],
        axis=1,
    )
    return _nearest(Neighbours(distances, covers), parts[0].covers.shape[1])


def _nearest(found: Neighbours, count: int) -> Neighbours:
    """In the order that is promised, so that it never matters how a snapshot came to be divided into partitions."""
    order = np.lexsort((found.covers, found.distances), axis=1)[:, :count]
    return Neighbours(
        np.take_along_axis(found.distances, order, axis=1), np.take_along_axis(found.covers, order, axis=1)
    )


def _empty_index(codebook: Codebook) -> faiss.IndexIVFPQ:
    trained = codebook.faiss_index
    index = faiss.IndexIVFPQ(trained.quantizer, trained.d, trained.nlist, trained.pq.M, trained.pq.nbits)
    index.by_residual = False
    index.pq = trained.pq
    index.is_trained = True
    return index
