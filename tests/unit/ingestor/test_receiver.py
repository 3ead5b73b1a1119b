"""Receiving: as much as there is room for, on through failures, until told to stop."""

from __future__ import annotations

import threading

import pytest

from tests.unit.ingestor.doubles import ScriptedQueue, message
from vinymatic.errors import QueueDeniedError, QueueUnavailableError
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.receiver import Receiver

pytestmark = pytest.mark.unit

QUICK = Pace(first=0.001, longest=0.002, denied=0.001, receive_wait=0.0)


def receive(queue: ScriptedQueue, hand: Hand, wanted: int) -> tuple[list[Delivery], Health, Metrics]:
    """Runs a receiver until `wanted` messages are delivered."""
    health, metrics = Health(), Metrics()
    stopping = threading.Event()
    delivered: list[Delivery] = []

    def deliver(some: list[Delivery]) -> None:
        delivered.extend(some)
        if len(delivered) >= wanted:
            stopping.set()

    Receiver(queue, hand, 30, QUICK, health, metrics).run(stopping, deliver)
    return delivered, health, metrics


def test_no_more_is_asked_for_than_there_is_room() -> None:
    queue = ScriptedQueue([[message("1"), message("2")], [message("3")]])
    delivered, _, _ = receive(queue, Hand(3), 3)
    assert [held.message.message_id for held in delivered] == ["1", "2", "3"]
    assert queue.received_with == [3, 1]


def test_a_full_hand_asks_for_nothing() -> None:
    hand, queue = Hand(1), ScriptedQueue([[message("2")]])
    first = hand.take([message("1")])
    release = threading.Timer(0.05, hand.release, [first])
    release.start()
    receive(queue, hand, 1)
    release.join()
    assert queue.received_with == [1], "asked only once there was room"


def test_a_repeated_delivery_is_counted_but_not_delivered_again() -> None:
    queue = ScriptedQueue([[message("1")], [message("1", receipt="new")], [message("2")]])
    delivered, _, metrics = receive(queue, Hand(5), 2)
    assert [held.message.message_id for held in delivered] == ["1", "2"]
    assert delivered[0].message.receipt == "new"
    assert metrics.registry.get_sample_value("vinymatic_ingestor_messages_received_total") == 3


@pytest.mark.parametrize("error", [QueueUnavailableError("gone"), QueueDeniedError("refused")])
def test_it_goes_on_after_the_queue_has_failed(error: QueueUnavailableError | QueueDeniedError) -> None:
    queue = ScriptedQueue([error, error, error, [message("1")]])
    delivered, health, metrics = receive(queue, Hand(5), 1)
    assert len(delivered) == 1
    assert health.report().status == "ok"
    assert metrics.registry.get_sample_value("vinymatic_ingestor_errors_total", {"code": error.code}) == 3
