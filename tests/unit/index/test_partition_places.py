"""Whose feature lies where: partitions answer as Faiss does that keeps a number for each feature and leaves out the dead."""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.index.small import LISTS, codebook, descriptors
from vinymatic.index.encoding import Encoding
from vinymatic.index.inverted import Neighbours, Partition, merge_neighbours

pytestmark = pytest.mark.unit

Counts = NDArray[np.int64]  # features of each cover


def made_up(counts: Counts, rng: np.random.Generator) -> Encoding:
    """Features with random codes in random lists, of which the last is empty."""
    lists = rng.integers(0, LISTS - 1, int(counts.sum())).astype(np.int32)
    order = np.argsort(lists, kind="stable")
    codes = rng.integers(0, 256, (len(lists), 16), dtype=np.uint8)
    return Encoding.of(0, lists[order], order.astype(np.uint32), codes)


def firsts(counts: Counts) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(counts)])


def partition(encodings: Sequence[Encoding], counts: Sequence[Counts]) -> Partition:
    return Partition(codebook(), encodings, [firsts(each) for each in counts])


class Reference:
    """Faiss's own lists, each entry with its cover's number, and its own selector."""

    def __init__(self, encodings: Sequence[Encoding], counts: Sequence[Counts]) -> None:
        trained = codebook().faiss_index
        self._index = faiss.IndexIVFPQ(trained.quantizer, 128, LISTS, 16, 8)
        self._index.by_residual, self._index.pq, self._index.is_trained = False, trained.pq, True
        self._features = int(sum(each.sum() for each in counts))
        self._owners = np.repeat(np.arange(sum(map(len, counts))), np.concatenate(counts))
        start = 0
        for encoding, each in zip(encodings, counts, strict=True):
            for number in encoding.list_numbers.tolist():
                rows = encoding.lists == number
                ids, codes = encoding.features[rows].astype(np.int64) + start, encoding.codes[rows]
                self._index.invlists.add_entries(number, len(ids), faiss.swig_ptr(ids), faiss.swig_ptr(codes))
            start += int(each.sum())

    def search(self, queries: NDArray[np.uint8], probes: int, count: int, dead: NDArray[np.bool_]) -> Neighbours:
        coarse, lists = codebook().assign(codebook().vectors(queries), probes)
        vectors = queries.astype(np.float32)  # named: Faiss gets its address
        selector = faiss.IDSelectorBatch(np.flatnonzero(~dead[self._owners]))
        shape = (len(queries), count)
        distances, ids = np.empty(shape, np.float32), np.empty(shape, np.int64)
        self._index.search_preassigned_c(
            len(queries),
            faiss.swig_ptr(vectors),
            count,
            faiss.swig_ptr(lists),
            faiss.swig_ptr(coarse),
            faiss.swig_ptr(distances),
            faiss.swig_ptr(ids),
            False,
            faiss.SearchParametersIVF(nprobe=probes, sel=selector),
        )
        return Neighbours(np.where(ids >= 0, distances, np.inf), np.where(ids >= 0, self._owners[ids], -1))


def search(
    where: Partition, queries: NDArray[np.uint8], probes: int, count: int, dead: NDArray[np.bool_] | None
) -> Neighbours:
    coarse, lists = codebook().assign(codebook().vectors(queries), probes)
    return where.search(queries.astype(np.float32), lists, coarse, count, dead)


QUERIES = descriptors(40)


@pytest.mark.parametrize("dead_share", [0.0, 0.02, 0.3, 0.9, 1.0])
@pytest.mark.parametrize(("probes", "count"), [(1, 10), (4, 10), (LISTS, 10), (4, 900)])
def test_a_partition_answers_as_faiss_with_numbers_and_a_selector(probes: int, count: int, dead_share: float) -> None:
    rng = np.random.default_rng(7)
    counts = [rng.integers(0, 30, covers) for covers in (90, 1, 0, 140)]
    encodings = [made_up(each, rng) for each in counts]
    dead = rng.random(231) < dead_share
    found = search(partition(encodings, counts), QUERIES, probes, count, dead if dead.any() else None)
    expected = Reference(encodings, counts).search(QUERIES, probes, count, dead)
    assert np.array_equal(found.distances, expected.distances)
    assert np.array_equal(found.covers, expected.covers)


def test_two_partitions_answer_as_one_whatever_is_dead_in_each() -> None:
    rng = np.random.default_rng(8)
    counts = [rng.integers(1, 30, covers) for covers in (100, 40)]
    encodings = [made_up(each, rng) for each in counts]
    dead = rng.random(140) < 0.4
    whole = search(partition(encodings, counts), QUERIES, 8, 10, dead)
    parts = [
        search(partition([encoding], [each]), QUERIES, 8, 10, gone)
        for encoding, each, gone in zip(encodings, counts, np.split(dead, [100]), strict=True)
    ]
    merged = merge_neighbours(parts, [0, 100])
    assert np.array_equal(merged.distances, whole.distances)
    assert np.array_equal(merged.covers, whole.covers)


def test_equally_near_covers_come_in_the_order_of_their_numbers() -> None:
    rng = np.random.default_rng(9)
    counts = np.ones(12, np.int64)
    lists = np.sort(rng.integers(0, LISTS, 12)).astype(np.int32)
    scattered = Encoding.of(0, lists, rng.permutation(12).astype(np.uint32), np.full((12, 16), 7, np.uint8))
    found = search(partition([scattered], [counts]), QUERIES, LISTS, 12, None)
    assert (found.covers == np.arange(12)).all()


@pytest.mark.parametrize("split", [0, 1, 65_535, 65_536, 65_537, 100_000])
def test_covers_beyond_the_reach_of_two_bytes_are_told_apart(split: int) -> None:
    """140,000 covers of at most two features, in two encodings."""
    rng = np.random.default_rng(10)
    whole = rng.integers(0, 3, 140_000)
    counts = np.split(whole, [split])
    encodings = [made_up(each, rng) for each in counts]
    where = partition(encodings, counts)
    found = search(where, QUERIES, 4, 50, None)
    expected = Reference(encodings, counts).search(QUERIES, 4, 50, np.zeros(140_000, np.bool_))
    assert np.array_equal(found.covers, expected.covers)
    assert set(np.unique(found.covers >> 16)) == {0, 1, 2}
