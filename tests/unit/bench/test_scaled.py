"""How a large index is put together of small ones."""

from __future__ import annotations

import numpy as np
import pytest

from bench.scaled import Plan, exchanged, plan
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import train_codebook
from vinymatic.index.encoding import encode_descriptors

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("covers", "expected"),
    [(1_000, Plan(1_000, 0, 0)), (10_000, Plan(1_600, 2_800, 3)), (100_000, Plan(1_600, 3_936, 25))],
)
def test_an_index_is_made_of_the_scans_and_of_equal_chunks(covers: int, expected: Plan) -> None:
    planned = plan(covers, 1_600, 4_000)
    assert planned == expected
    assert planned.chunk <= 4_000
    assert covers - planned.chunks <= planned.covers <= covers


def test_a_copys_codes_stay_in_their_lists_and_differ_in_two_bytes_at_most() -> None:
    sample = bootstrap_sample()[:3_000]
    encoding = encode_descriptors(train_codebook(sample, 64, 1), sample)
    assert exchanged(encoding, 0) is encoding
    copy = exchanged(encoding, 5)
    assert np.array_equal(copy.features, encoding.features)
    differing = (copy.codes != encoding.codes).sum(axis=1)
    assert differing.max() == 2
    assert differing.mean() > 1
