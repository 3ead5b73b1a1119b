"""Votes: what only one cover has counts, what all have does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.index.inverted import Neighbours
from vinymatic.index.vote import NEIGHBOURS, VOTERS, Ballot, count_votes

pytestmark = pytest.mark.unit

NOISE = 60_000.0
FAR = 55_000.0


def votes(distances: list[list[float]], covers: list[list[int]], size: int = 15) -> Ballot:
    """`distances` and `covers` of each query feature's neighbours; features without a cover are filled up as far away."""
    rows = [row + [np.inf] * (NEIGHBOURS - len(row)) for row in distances]
    owners = [row + [-1] * (NEIGHBOURS - len(row)) for row in covers]
    numbers = np.array(owners, np.int64)
    return count_votes(Neighbours(np.array(rows, np.float32), numbers), size, NOISE)


def won(ballot: Ballot) -> dict[int, float]:
    return {int(cover): float(vote) for cover, vote in zip(ballot.covers, ballot.votes, strict=True)}


def test_a_near_neighbour_that_stands_alone_votes_almost_fully() -> None:
    result = won(votes([[100.0, *[FAR] * 9]], [[7, *range(10, 19)]]))
    assert result.keys() == {7}
    assert result[7] > 0.9


def test_a_feature_that_many_covers_share_votes_for_nobody() -> None:
    assert sum(won(votes([[20_000.0 + i for i in range(10)]], [list(range(10))])).values()) < 0.01


def test_one_rare_feature_outweighs_many_shared_ones() -> None:
    shared = [[20_000.0 + i for i in range(10)]] * 20
    ballot = votes([*shared, [5_000.0, *[FAR] * 9]], [*[list(range(10))] * 20, [42, *range(50, 59)]])
    assert ballot.covers[0] == 42


def test_a_query_feature_votes_once_for_a_cover_with_its_nearest() -> None:
    repeated = won(votes([[1_000.0, 2_000.0, 3_000.0, FAR, *[FAR] * 6]], [[1, 1, 1, 2, *range(3, 9)]]))
    once = won(votes([[1_000.0, FAR, FAR, FAR, *[FAR] * 6]], [[1, 2, 3, 4, *range(5, 11)]]))
    assert repeated[1] == pytest.approx(once[1])


def test_several_query_features_add_up() -> None:
    one = won(votes([[1_000.0]], [[1]]))[1]
    assert won(votes([[1_000.0]] * 3, [[1]] * 3))[1] == pytest.approx(3 * one)


def test_each_cover_is_told_with_who_voted_for_it() -> None:
    near, far = [1_000.0, FAR], [FAR, FAR + 1]
    ballot = votes([near, far, near, near, near], [[1, 9], [2, 9], [2, 9], [1, 9], [1, 9]])
    assert ballot.covers[:2].tolist() == [1, 2]
    assert [rows.tolist() for rows in ballot.voters[:2]] == [[0, 3, 4], [1, 2]]


def test_only_the_nearest_few_vote() -> None:
    ballot = votes([[float(i + 1) for i in range(9)] + [FAR]], [list(range(10))])
    assert sorted(won(ballot)) == list(range(VOTERS))


def test_covers_come_with_most_votes_first_and_no_more_than_asked() -> None:
    distances = [[float(1_000 * (i + 1))] for i in range(6)]
    ballot = votes(distances, [[i] for i in (3, 1, 4, 0, 5, 9)], size=4)
    assert ballot.covers.tolist() == [3, 1, 4, 0]
    assert (np.diff(ballot.votes) <= 0).all()


def test_the_noise_is_the_last_neighbour_s_distance_and_at_most_that_of_unrelated_features() -> None:
    near = [10.0 * (i + 1) for i in range(10)]
    ballot = votes([near, [5.0], [1.0] * 9 + [2 * NOISE]], [list(range(10)), [1], list(range(10))])
    assert ballot.noise.tolist() == [100.0, NOISE, NOISE]


def test_in_a_catalogue_of_one_cover_only_what_is_near_votes() -> None:
    result = won(votes([[10_000.0, 2 * NOISE], [2 * NOISE], [NOISE]], [[0, 0], [0], [0]]))
    assert result == {0: pytest.approx(1 - np.sqrt(10_000 / NOISE))}


def test_copies_of_one_scan_that_fill_the_neighbourhood_are_no_noise() -> None:
    ballot = votes([[1_000.0] * 10], [list(range(10))])
    assert ballot.noise.tolist() == [NOISE]
    assert len(ballot.covers) == VOTERS
    assert (ballot.votes > 0.8).all()


def test_where_nothing_is_found_nobody_is_voted_for() -> None:
    ballot = votes([[], []], [[], []])
    assert len(ballot.covers) == len(ballot.votes) == 0
    assert ballot.noise.tolist() == [NOISE, NOISE]


def test_no_query_features_are_no_votes() -> None:
    empty = np.empty((0, NEIGHBOURS))
    ballot = count_votes(Neighbours(empty.astype(np.float32), empty.astype(np.int64)), 5, NOISE)
    assert len(ballot.covers) == len(ballot.noise) == 0


@given(
    st.lists(
        st.lists(st.tuples(st.floats(0, 1e6, width=32), st.integers(-1, 12)), min_size=NEIGHBOURS, max_size=NEIGHBOURS),
        min_size=1,
        max_size=12,
    )
)
def test_votes_are_bounded_by_the_query_features(rows: list[list[tuple[float, int]]]) -> None:
    ordered = [sorted(row) for row in rows]
    ballot = votes([[d for d, _ in row] for row in ordered], [[c for _, c in row] for row in ordered])
    assert len(set(ballot.covers.tolist())) == len(ballot.covers)
    assert (ballot.covers >= 0).all()
    assert (ballot.votes > 0).all()
    assert (ballot.votes <= len(rows)).all()
    assert float(ballot.votes.sum()) <= len(rows) * VOTERS + 1e-3
