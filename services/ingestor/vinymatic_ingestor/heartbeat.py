"""Keeps messages hidden for as long as they are in hand."""

from __future__ import annotations

import logging
import threading

from vinymatic.errors import QueueError
from vinymatic.logs import line
from vinymatic.queueing.port import Queue
from vinymatic_ingestor.hand import Hand
from vinymatic_ingestor.metrics import Metrics

log = logging.getLogger(__name__)

# Two beats may fail before a message shows up elsewhere.
_BEATS = 3


class Heartbeat:
    def __init__(self, queue: Queue, hand: Hand, visibility_seconds: int, metrics: Metrics) -> None:
        self._queue = queue
        self._hand = hand
        self._visibility_seconds = visibility_seconds
        self._metrics = metrics

    def run(self, stopping: threading.Event) -> None:
        """Beats until `stopping` is set."""
        while not stopping.wait(self._visibility_seconds / _BEATS):
            self.beat()

    def beat(self) -> None:
        """Extends everything in hand. A message that cannot be extended is delivered again: that costs work, nothing else."""
        messages = self._hand.messages()
        if not messages:
            return
        try:
            lost = self._queue.extend(messages, self._visibility_seconds)
        except QueueError as error:
            self._metrics.errors.labels(error.code).inc()
            log.warning(line("extend_failed", messages=len(messages), code=error.code, message=str(error)))
            return
        log.debug(line("extended", messages=len(messages), lost=len(lost)))
        if lost:
            log.warning(line("messages_expired", messages=len(lost), visibility_seconds=self._visibility_seconds))
