"""Messages stay hidden while they are in hand."""

from __future__ import annotations

import pytest

from tests.unit.ingestor.doubles import ScriptedQueue, message
from vinymatic.errors import QueueUnavailableError
from vinymatic_ingestor.hand import Hand
from vinymatic_ingestor.heartbeat import Heartbeat
from vinymatic_ingestor.metrics import Metrics

pytestmark = pytest.mark.unit


def test_everything_in_hand_is_extended_with_its_newest_receipt() -> None:
    queue, hand = ScriptedQueue(), Hand(5)
    hand.take([message("1"), message("2"), message("1", receipt="new")])
    Heartbeat(queue, hand, 30, Metrics()).beat()
    ((extended, seconds),) = queue.extended
    assert [held.receipt for held in extended] == ["new", "receipt of 2"]
    assert seconds == 30


def test_an_empty_hand_asks_nothing_of_the_queue() -> None:
    queue = ScriptedQueue()
    Heartbeat(queue, Hand(5), 30, Metrics()).beat()
    assert queue.extended == []


def test_a_queue_that_fails_is_asked_again_at_the_next_beat() -> None:
    queue, hand, metrics = ScriptedQueue(error=QueueUnavailableError("gone")), Hand(5), Metrics()
    hand.take([message("1")])
    heartbeat = Heartbeat(queue, hand, 30, metrics)
    heartbeat.beat()
    assert metrics.registry.get_sample_value("vinymatic_ingestor_errors_total", {"code": "queue_unavailable"}) == 1
    queue.error = None
    heartbeat.beat()
    assert len(queue.extended) == 1
