"""Work in the pool: one task for each key at a time, failed ones again later, hopeless ones given back to the queue."""

from __future__ import annotations

import heapq
import itertools
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from vinymatic.errors import QueueError, VinymaticError
from vinymatic.logs import line
from vinymatic.queueing.port import Change, ChangeKind, Queue
from vinymatic.threads import limit_native_threads
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.lanes import Lanes, Request, Task
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.outcomes import Ignored, Outcome
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.work import Known

log = logging.getLogger(__name__)

PART = "storage"


@dataclass(frozen=True)
class Finished:
    """A task has ended in the pool, one way or another."""

    task: Task
    future: Future[Outcome]


class Workbench:
    """One thread uses it; `finished` is called in the pool's threads.

    `work` runs in the pool. `known` is asked, before each try, what the index knows of a key.
    """

    def __init__(
        self,
        work: Callable[[Request, Known], Outcome],
        known: Callable[[str], Known],
        finished: Callable[[Finished], None],
        *,
        threads: int,
        queue: Queue,
        hand: Hand,
        visibility_seconds: int,
        pace: Pace,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self._work = work
        self._known = known
        self._finished = finished
        self._queue = queue
        self._hand = hand
        self._visibility_seconds = visibility_seconds
        self._pace = pace
        self._health = health
        self._metrics = metrics
        self._pool = ThreadPoolExecutor(threads, "work", initializer=limit_native_threads)
        self._lanes = Lanes()
        self._running: set[Future[Outcome]] = set()
        self._retries: list[tuple[float, int, Task]] = []
        self._order = itertools.count()
        self._successes = 0
        self._closing = False

    @property
    def running(self) -> int:
        """Tasks in the pool."""
        return len(self._running)

    def offer(self, request: Request, delivery: Delivery) -> None:
        """Works on the request, or lets it wait for its key."""
        task = self._lanes.offer(request, delivery)
        if task is not None:
            self.start(task)

    def again(self, request: Request, deliveries: list[Delivery]) -> None:
        """Works once more on what has been done, unless a later request of its key is being worked on."""
        task = self._lanes.again(request, deliveries)
        if task is not None:
            self.start(task)

    def start(self, task: Task) -> None:
        """Puts a task that holds its key into the pool."""
        if self._closing:
            return
        future = self._pool.submit(self._timed, task.request, self._known(task.key))
        self._running.add(future)
        future.add_done_callback(lambda done: self._finished(Finished(task, done)))

    def start_due(self, now: float) -> float | None:
        """Starts what has waited long enough after a failure; seconds until the next is due."""
        while self._retries and self._retries[0][0] <= now:
            self.start(heapq.heappop(self._retries)[2])
        return self._retries[0][0] - now if self._retries else None

    def outcome(self, event: Finished) -> Outcome | None:
        """What the task came to. None when it failed: then it is tried again later, or its messages are given back."""
        self._running.discard(event.future)
        if event.future.cancelled():
            return None
        error = event.future.exception()
        if error is not None:
            if not isinstance(error, Exception):
                raise error
            self._fail(event.task, error)
            return None
        outcome = event.future.result()
        if _has_read(event.task.request) and not isinstance(outcome, Ignored):
            self._successes += 1
            if self._health.well(PART):
                log.info(line("storage_is_back"))
        return outcome

    def end(self, task: Task) -> None:
        """The task is done with; the next of its key starts."""
        following = self._lanes.finish(task)
        if following is not None:
            self.start(following)

    def close(self) -> None:
        """Starts nothing more; what waits in the pool is dropped, what runs goes on."""
        self._closing = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _timed(self, request: Request, known: Known) -> Outcome:
        with self._metrics.work_seconds.time():
            return self._work(request, known)

    def _fail(self, task: Task, error: Exception) -> None:
        code = error.code if isinstance(error, VinymaticError) else "internal"
        self._metrics.errors.labels(code).inc()
        if task.failures == 0:
            task.successes_before = self._successes
        task.failures += 1
        news = self._health.failed(PART, error)
        log.log(
            logging.ERROR if news or code == "internal" else logging.DEBUG,
            line("work_failed", key=task.key, code=code, message=str(error), failures=task.failures),
            exc_info=error if code == "internal" else None,
        )
        if self._pace.give_back(task.failures, others_succeeded=self._successes > task.successes_before):
            self._give_back(task)
        else:
            due = time.monotonic() + self._pace.pause(task.failures, error)
            heapq.heappush(self._retries, (due, next(self._order), task))

    def _give_back(self, task: Task) -> None:
        log.error(line("given_back", key=task.key, messages=len(task.deliveries), failures=task.failures))
        try:
            self._queue.extend([delivery.message for delivery in task.deliveries], self._visibility_seconds)
        except QueueError as error:  # it comes back by itself when its time is over
            log.warning(line("extend_failed", code=error.code, message=str(error)))
        self._metrics.messages_returned.inc(len(task.deliveries))
        self._hand.release(task.deliveries)
        self.end(task)


def _has_read(request: Request) -> bool:
    return isinstance(request, Change) and request.kind is ChangeKind.LOOK
