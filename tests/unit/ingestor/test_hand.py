"""What is in hand, and how much fits."""

from __future__ import annotations

import threading

import pytest

from tests.unit.ingestor.doubles import message
from vinymatic_ingestor.hand import Hand

pytestmark = pytest.mark.unit


def test_a_message_that_comes_again_is_not_new_and_its_newest_receipt_counts() -> None:
    hand = Hand(5)
    (first,) = hand.take([message("1", receipt="old")])
    assert hand.take([message("1", receipt="new"), message("1", receipt="newer")]) == []
    assert [held.receipt for held in hand.messages()] == ["newer"]
    assert first.message.receipt == "newer"


def test_a_released_message_is_new_when_it_comes_again() -> None:
    hand = Hand(5)
    (first,) = hand.take([message("1")])
    hand.release([first])
    (second,) = hand.take([message("1")])
    assert second is not first
    assert hand.holds(second)
    assert not hand.holds(first)
    hand.release([first])
    assert len(hand) == 1, "the old delivery's end must not drop the new one"


def test_room_shrinks_with_what_is_taken() -> None:
    hand = Hand(2)
    assert hand.wait_for_room(0) == 2
    hand.take([message("1")])
    assert hand.wait_for_room(0) == 1
    hand.take([message("2"), message("3")])
    assert hand.wait_for_room(0) == 0


def test_whoever_waits_for_room_is_woken_by_a_release() -> None:
    hand = Hand(1)
    held = hand.take([message("1")])
    found: list[int] = []
    waiter = threading.Thread(target=lambda: found.append(hand.wait_for_room(60)))
    waiter.start()
    hand.release(held)
    waiter.join(30)
    assert found == [1]
