"""A fixed pool of threads behind a bounded queue: the only place where photos are worked on.

Without the bound, a burst would be answered ever later and at last to nobody. Whoever leaves while waiting is dropped from the queue.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from vinymatic.threads import limit_native_threads
from vinymatic_api.problems import ClientGoneError, QueueFullError

Result = TypeVar("Result")


@dataclass(frozen=True)
class Done(Generic[Result]):
    """`waited`: seconds in the queue."""

    value: Result
    waited: float


class WorkPool:
    """`threads` workers, at most `queue_size` jobs waiting for one. Jobs are submitted from one event loop."""

    def __init__(self, threads: int, queue_size: int) -> None:
        self.threads = threads
        self.queue_size = queue_size
        self._lock = threading.Lock()
        self._accepted = 0
        self._running = 0
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="search", initializer=limit_native_threads)

    @property
    def running(self) -> int:
        """Jobs on a thread now, those of clients who have left included."""
        return self._running

    @property
    def waiting(self) -> int:
        """Jobs in the queue now."""
        with self._lock:
            return self._accepted - self._running

    def require_room(self) -> None:
        """Raises `QueueFullError`."""
        with self._lock:
            full = self._accepted >= self.threads + self.queue_size
        if full:
            raise QueueFullError(f"{self.queue_size} photos are waiting already; try again in a moment")

    async def run(self, job: Callable[[], Result], gone: Callable[[], Awaitable[None]]) -> Done[Result]:
        """The job's result, from a thread of the pool; what the job raises is raised.

        `gone` returns when the client has left; the job is then dropped if it still waits (one that runs cannot be stopped).
        Raises `QueueFullError`, `ClientGoneError`.
        """
        self.require_room()
        with self._lock:
            self._accepted += 1
        future = self._executor.submit(self._work, job, time.perf_counter())
        future.add_done_callback(self._left)
        work = asyncio.wrap_future(future)
        leaving = asyncio.ensure_future(gone())
        either: set[asyncio.Future[Done[Result]] | asyncio.Future[None]] = {work, leaving}
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
            if not work.done():
                raise ClientGoneError("the client left before its photo was searched")
            return work.result()
        finally:
            leaving.cancel()
            work.cancel()

    def close(self) -> None:
        """Waits for the jobs that run."""
        self._executor.shutdown(cancel_futures=True)

    def _work(self, job: Callable[[], Result], submitted: float) -> Done[Result]:
        waited = time.perf_counter() - submitted
        with self._lock:
            self._running += 1
        try:
            return Done(job(), waited)
        finally:
            with self._lock:
                self._running -= 1

    def _left(self, _: Future[Done[Result]]) -> None:
        with self._lock:
            self._accepted -= 1
