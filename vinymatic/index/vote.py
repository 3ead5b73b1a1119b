"""The shortlist: which covers own the query's nearest features.

Each query feature looks at its k nearest indexed features; the distance d_k of the last of them is its noise level (what an unrelated
feature looks like there), and the nearest few vote for their covers with `1 − d/d_k`: a feature that many covers share votes for nobody.
Measured against plain counts: recall at 5 of hard photos 87 instead of 78 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.inverted import Neighbours

NEIGHBOURS = 10
VOTERS = 5


@dataclass(frozen=True)
class Ballot:
    """`covers`: int64 [m], best first, with their `votes`: float32 [m]. `noise`: float32 [n], each query feature's squared d_k.

    `voters`: for each of `covers`, int64 [≤ n]: the query features that voted for it, ascending.
    """

    covers: NDArray[np.int64]
    votes: NDArray[np.float32]
    noise: NDArray[np.float32]
    voters: tuple[NDArray[np.int64], ...]


def count_votes(neighbours: Neighbours, size: int, noise_distance: float) -> Ballot:
    """The `size` covers with most votes.

    `noise_distance`: squared distance of an unrelated feature; it stands in for d_k while the index has not k features near, and bounds
    it, so that one cover alone is not its own noise.
    """
    nearest, last = neighbours.distances[:, 0], neighbours.distances[:, -1]
    # All at one distance: copies of one scan, not noise. A cover filed under ten ids would otherwise be found under none of them.
    noise = np.minimum(np.where(last > nearest, last, np.inf), noise_distance).astype(np.float32)
    distances = neighbours.distances[:, :VOTERS]
    covers = neighbours.covers[:, :VOTERS]
    weights = 1.0 - np.sqrt(distances / np.maximum(noise, 1.0)[:, None])
    rows, columns = np.nonzero((weights > 0) & (covers >= 0))
    if len(rows) == 0:
        return Ballot(np.empty(0, np.int64), np.empty(0, np.float32), noise, ())
    owners, weight = covers[rows, columns], weights[rows, columns]
    # A query feature votes once for a cover, with its nearest: repeated ornaments would stuff the ballot. Columns are nearest first.
    _, first = np.unique(rows * (np.int64(owners.max()) + 1) + owners, return_index=True)
    candidates, places = np.unique(owners[first], return_inverse=True)
    votes = np.bincount(places, weights=weight[first]).astype(np.float32)
    best = np.argsort(-votes, kind="stable")[:size]
    voters = tuple(rows[first[places == candidate]] for candidate in best)
    return Ballot(candidates[best], votes[best], noise, voters)
