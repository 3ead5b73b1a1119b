"""Follows the manifest log in the background: one look every REFRESH_INTERVAL, in a thread of its own.

A failed load keeps what is served; it shows in /readyz, in a metric and, once for each new reason, in the log.
"""

from __future__ import annotations

import asyncio
import logging
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from vinymatic.errors import VinymaticError
from vinymatic.lifecycle.reader import Reader
from vinymatic.threads import limit_native_threads
from vinymatic_api.metrics import Metrics

log = logging.getLogger(__name__)


class Follower:
    """`failure`: why the last look went wrong, None when it did not. `succeeded_at`: Unix seconds of the last good one."""

    def __init__(self, reader: Reader, interval: float, metrics: Metrics) -> None:
        self._reader = reader
        self._interval = interval
        self._metrics = metrics
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="follower", initializer=limit_native_threads)
        self.failure: VinymaticError | None = None
        self.succeeded_at: float | None = None

    @property
    def staleness(self) -> float:
        """Seconds since the log was last read without a failure; 0 before that."""
        return 0.0 if self.succeeded_at is None else max(0.0, time.time() - self.succeeded_at)

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """Lets a load that is running finish."""
        self._stop.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()

    async def _follow(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stop.is_set():
            await loop.run_in_executor(self._thread, self.look)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._interval)

    def look(self) -> None:
        """One refresh. Never raises: the next look may well succeed."""
        try:
            taken = self._reader.refresh()
        except VinymaticError as error:
            self._failed(error)
        except Exception as error:
            log.exception("the index could not be refreshed")
            self._failed(VinymaticError(f"unexpected {type(error).__name__}; the server's log says more"))
        else:
            self._succeeded(taken)

    def _succeeded(self, taken: bool) -> None:
        if self.failure is not None:
            log.info("the index can be read again")
        self.failure = None
        self.succeeded_at = time.time()
        if taken:
            self._metrics.reloads.inc()
            state = self._reader.state
            log.info("serving manifest %s: %d covers, epoch %s", state.manifest, state.covers, state.epoch)

    def _failed(self, error: VinymaticError) -> None:
        self._metrics.reload_failures.labels(error.code).inc()
        if self.failure is None or str(self.failure) != str(error):
            log.warning("the index could not be refreshed (%s): %s", error.code, error)
        self.failure = error
