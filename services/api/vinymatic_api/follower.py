"""Follows the manifest log in the background: one look every REFRESH_INTERVAL, in a thread of its own.

A failed load keeps what is served; it shows in /readyz, in a metric and, once for each new reason, in the log.

What is served is as old as the beginning of the last look that ended well: a load that takes a minute leaves a snapshot a minute stale.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from vinymatic.errors import VinymaticError
from vinymatic.lifecycle.reader import Reader
from vinymatic.threads import limit_native_threads
from vinymatic_api.metrics import Metrics

log = logging.getLogger(__name__)


class Follower:
    """`failure`: why the last look went wrong, None when it did not. `clock` gives seconds, from any start."""

    def __init__(
        self, reader: Reader, interval: float, metrics: Metrics, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._reader = reader
        self._interval = interval
        self._metrics = metrics
        self._clock = clock
        self._fresh_at = clock()
        self._longest = 0.0
        self._following = False
        self._stop = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="follower", initializer=limit_native_threads)
        self.failure: VinymaticError | None = None

    @property
    def staleness(self) -> float:
        """Seconds since the log was last read without a failure, or since the process started."""
        return self._clock() - self._fresh_at

    @property
    def max_staleness(self) -> float:
        """The most that `staleness` has been, in seconds."""
        return max(self._longest, self.staleness)

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
        begun = self._clock()
        try:
            taken = self._reader.refresh()
        except VinymaticError as error:
            self._failed(error)
        except Exception as error:  # noqa: BLE001 - MemoryError, Faiss's RuntimeError: what is served stays
            unexpected = VinymaticError(f"unexpected {type(error).__name__}; the server's log says more")
            self._failed(unexpected, trace=error)
        else:
            self._succeeded(begun, taken)

    def _succeeded(self, begun: float, taken: bool) -> None:
        if self.failure is not None:
            log.info("the index can be read again")
        self.failure = None
        self._longest = self.max_staleness
        self._fresh_at = begun
        if taken:
            self._metrics.reloads.inc()
            state = self._reader.state
            log.info("serving manifest %s: %d covers, epoch %s", state.manifest, state.covers, state.epoch)
            # How old an index is when a process starts says nothing of how it is followed.
            if self._following and state.committed_at is not None and state.loaded_at is not None:
                # Two clocks, the store's and ours.
                self._metrics.lag.observe(max(0.0, state.loaded_at - state.committed_at))
        self._following = True

    def _failed(self, error: VinymaticError, trace: Exception | None = None) -> None:
        self._metrics.reload_failures.labels(error.code).inc()
        if self.failure is None or str(self.failure) != str(error):
            log.warning("the index could not be refreshed (%s): %s", error.code, error, exc_info=trace)
        self.failure = error
