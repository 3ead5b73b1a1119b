"""Passing failures are tried again with growing pauses, and then no longer: for work that somebody waits for."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from vinymatic.errors import ContentionError, QueueUnavailableError, StorageUnavailableError, VinymaticError

log = logging.getLogger(__name__)

T = TypeVar("T")

# Half a minute in all, on top of the adapters' own attempts: a server that restarts is back by then.
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_PASSING = (StorageUnavailableError, QueueUnavailableError, ContentionError)


class Patience:
    """Shared by all threads of one run: when it ends for one of them, it ends for all, so that an outage is waited for once and not
    once for each object. `pauses`: seconds between attempts. `wait`: waits so many seconds, or less when the patience has ended.
    """

    def __init__(self, pauses: Sequence[float] = PAUSES, wait: Callable[[float], object] | None = None) -> None:
        self._pauses = tuple(pauses)
        self._ended = threading.Event()
        self._wait = wait or self._ended.wait

    def call(self, action: Callable[[], T]) -> T:
        """What `action` returns. It may run several times. Raises its error when it does not pass, or not soon enough."""
        for pause in self._pauses:
            if self._ended.is_set():
                break
            try:
                return action()
            except _PASSING as error:
                self._pause(pause, error)
        try:
            return action()
        except _PASSING:
            self.end()
            raise

    def end(self) -> None:
        """From now on every call is one attempt, and whoever waits goes on."""
        self._ended.set()

    def _pause(self, seconds: float, error: VinymaticError) -> None:
        log.info("trying again in %.1f s: %s", seconds, error)
        self._wait(seconds)
