"""How long to wait after a failure, and when to give a message back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.errors import QueueDeniedError, StorageDeniedError, StorageUnavailableError
from vinymatic_ingestor.pace import Pace

pytestmark = pytest.mark.unit

PACE = Pace(first=1.0, longest=8.0, denied=60.0, attempts=3)


def test_pauses_double_up_to_the_longest() -> None:
    assert [PACE.pause(failures, StorageUnavailableError()) for failures in (1, 2, 3, 4, 5)] == [1, 2, 4, 8, 8]


@given(st.integers(1, 10**9))
def test_no_pause_is_longer_than_the_longest(failures: int) -> None:
    assert 0 < PACE.pause(failures) <= PACE.longest


@pytest.mark.parametrize("error", [StorageDeniedError(), QueueDeniedError()])
def test_a_refusal_is_tried_again_slowly_from_the_first(error: Exception) -> None:
    assert PACE.pause(1, error) == PACE.pause(9, error) == 60.0


def test_during_an_outage_no_message_is_given_back() -> None:
    assert not PACE.give_back(1_000, others_succeeded=False)


def test_what_fails_alone_is_given_back_after_its_attempts() -> None:
    assert not PACE.give_back(2, others_succeeded=True)
    assert PACE.give_back(3, others_succeeded=True)
