"""Receives messages as long as there is room in the hand. Runs in a thread of its own, because a long poll blocks."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from vinymatic.errors import QueueError
from vinymatic.logs import line
from vinymatic.queueing.port import Queue
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.pace import Pace

log = logging.getLogger(__name__)

PART = "queue"
_LOOK_FOR_STOP_SECONDS = 1.0


class Receiver:
    def __init__(
        self, queue: Queue, hand: Hand, visibility_seconds: int, pace: Pace, health: Health, metrics: Metrics
    ) -> None:
        self._queue = queue
        self._hand = hand
        self._visibility_seconds = visibility_seconds
        self._pace = pace
        self._health = health
        self._metrics = metrics

    def run(self, stopping: threading.Event, deliver: Callable[[list[Delivery]], None]) -> None:
        """Calls `deliver` with what arrives until `stopping` is set; what arrives during the last poll is delivered too."""
        failures = 0
        while not stopping.is_set():
            room = self._hand.wait_for_room(_LOOK_FOR_STOP_SECONDS)
            if room == 0:
                continue
            try:
                messages = self._queue.receive(
                    limit=room, wait_seconds=self._pace.receive_wait, visibility_seconds=self._visibility_seconds
                )
            except QueueError as error:
                failures += 1
                self._complain(error)
                stopping.wait(self._pace.pause(failures, error))
                continue
            failures = 0
            if self._health.well(PART):
                log.info(line("queue_is_back"))
            if messages:
                self._metrics.messages_received.inc(len(messages))
                # Taken in hand here, not where they are worked on: the room has to shrink before the next poll.
                deliver(self._hand.take(messages))

    def _complain(self, error: QueueError) -> None:
        self._metrics.errors.labels(error.code).inc()
        news = self._health.failed(PART, error)
        log.log(logging.ERROR if news else logging.DEBUG, line("receive_failed", code=error.code, message=str(error)))
