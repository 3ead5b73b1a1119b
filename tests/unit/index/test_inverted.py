"""Partitions: what a query scans. Merging never changes an answer; the dead are never found."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.index.small import LISTS, codebook, descriptors
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import encode_descriptors
from vinymatic.index.inverted import Neighbours, Partition, merge_neighbours

pytestmark = pytest.mark.unit

PROBES, COUNT = 8, 10


def partition(*parts: NDArray[np.uint8]) -> Partition:
    """Every feature is a cover of its own: the numbers of covers are those of features."""
    return Partition(
        codebook(), [encode_descriptors(codebook(), part) for part in parts], [singles(part) for part in parts]
    )


def singles(part: NDArray[np.uint8]) -> NDArray[np.int64]:
    return np.arange(len(part) + 1)


def search(
    where: Partition, queries: NDArray[np.uint8], dead: NDArray[np.bool_] | None = None, *, probes: int = PROBES
) -> Neighbours:
    coarse, lists = codebook().assign(codebook().vectors(queries), probes)
    return where.search(queries.astype(np.float32), lists, coarse, COUNT, dead)


def same(one: Neighbours, other: Neighbours) -> bool:
    """Of features as far away as the last, which carry no vote, some are left out, and which ones may differ."""
    nearer = one.distances < one.distances[:, -1:]
    return np.array_equal(one.distances, other.distances) and np.array_equal(one.covers[nearer], other.covers[nearer])


WHOLE, FIRST, REST, QUERIES = descriptors(1_000), descriptors(1_000)[:300], descriptors(1_000)[300:], descriptors(60)


def test_a_query_finds_the_nearest_codes_nearest_first() -> None:
    found = search(partition(WHOLE), QUERIES, probes=LISTS)
    assert found.distances.shape == found.covers.shape == (60, COUNT)
    assert (np.diff(found.distances, axis=1) >= 0).all()
    rebuilt = codebook().faiss_index.pq.decode(codebook().encode(WHOLE)[1])
    exact = ((QUERIES[:, None].astype(np.float32) - rebuilt[None]) ** 2).sum(axis=2)
    assert np.allclose(found.distances, np.sort(exact, axis=1)[:, :COUNT], rtol=1e-3, atol=1)
    assert np.allclose(found.distances, np.take_along_axis(exact, found.covers, axis=1), rtol=1e-3, atol=1)


def test_one_partition_of_two_encodings_answers_as_one_of_both() -> None:
    assert same(search(partition(FIRST, REST), QUERIES), search(partition(WHOLE), QUERIES))


def test_two_partitions_merged_answer_as_one_of_both() -> None:
    parts = [search(partition(FIRST), QUERIES), search(partition(REST), QUERIES)]
    merged = merge_neighbours(parts, [0, 300])
    assert merged.covers.shape == (60, COUNT)
    assert same(merged, search(partition(WHOLE), QUERIES))


def test_one_partition_alone_is_merged_into_itself() -> None:
    found = search(partition(WHOLE), QUERIES)
    assert merge_neighbours([found], [0]) is found
    moved = merge_neighbours([found], [50])
    assert np.array_equal(moved.covers, found.covers + 50)


def test_dead_features_are_never_found_and_their_place_is_taken_by_others() -> None:
    dead = np.zeros(1_000, np.bool_)
    dead[::3] = True
    found = search(partition(WHOLE), QUERIES, dead)
    assert not np.isin(found.covers, np.flatnonzero(dead)).any()
    alive = np.flatnonzero(~dead)
    alone = search(partition(WHOLE[~dead]), QUERIES)
    assert same(Neighbours(alone.distances, np.where(alone.covers >= 0, alive[alone.covers], -1)), found)


def test_where_all_are_dead_nothing_is_found() -> None:
    found = search(partition(WHOLE), QUERIES, np.ones(1_000, np.bool_))
    assert (found.covers == -1).all()
    assert np.isinf(found.distances).all()


def test_fewer_features_than_asked_for_are_filled_with_none() -> None:
    found = search(partition(WHOLE[:4]), QUERIES, probes=LISTS)
    assert (np.sort(found.covers[:, :4], axis=1) == np.arange(4)).all()
    assert (found.covers[:, 4:] == -1).all()
    assert np.isinf(found.distances[:, 4:]).all()


def test_fewer_lists_than_probes_do_no_harm() -> None:
    assert same(search(partition(WHOLE), QUERIES, probes=LISTS + 5), search(partition(WHOLE), QUERIES, probes=LISTS))


def test_an_empty_partition_finds_nothing() -> None:
    for empty in (partition(), partition(WHOLE[:0])):
        assert empty.features == 0
        assert (search(empty, QUERIES).covers == -1).all()


def test_an_empty_encoding_among_others_changes_nothing() -> None:
    assert same(search(partition(WHOLE[:0], FIRST, WHOLE[:0], REST), QUERIES), search(partition(WHOLE), QUERIES))


def test_many_threads_find_what_one_finds() -> None:
    where, dead = partition(FIRST, REST), np.zeros(1_000, np.bool_)
    dead[:500] = True
    plain, without = search(where, QUERIES), search(where, QUERIES, dead)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda i: search(where, QUERIES, dead if i % 2 else None), range(40)))
    for i, answer in enumerate(answers):
        assert np.array_equal(answer.covers, (without if i % 2 else plain).covers)


def test_a_partition_outlives_the_name_of_its_codebook() -> None:
    book = Codebook.from_bytes(codebook().to_bytes(), 0, 128)
    where = Partition(book, [encode_descriptors(book, WHOLE)], [singles(WHOLE)])
    expected = search(partition(WHOLE), QUERIES)
    del book
    assert same(search(where, QUERIES), expected)
