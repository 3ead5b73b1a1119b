"""The loop: messages → work in the pool → batch → commit → acknowledge. One thread decides; the others receive, work and wait."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from vinymatic.errors import QueueError, VinymaticError
from vinymatic.lifecycle.writer import Writer
from vinymatic.logs import line
from vinymatic.settings import IngestorSettings
from vinymatic.threads import usable_cores
from vinymatic_ingestor.batch import PendingBatch
from vinymatic_ingestor.commit import Committer
from vinymatic_ingestor.companions import Companion
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.heartbeat import Heartbeat
from vinymatic_ingestor.jobs import Jobs
from vinymatic_ingestor.messages import requests_of
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.outcomes import Ignored, Refused
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.ports import Ports
from vinymatic_ingestor.receiver import Receiver
from vinymatic_ingestor.work import Known, make_worker
from vinymatic_ingestor.workbench import Finished, Workbench

log = logging.getLogger(__name__)

PART = "commit"
_LONGEST_TURN_SECONDS = 1.0
_JOIN_SECONDS = 5.0


@dataclass(frozen=True)
class Arrived:
    deliveries: list[Delivery]


@dataclass(frozen=True)
class Crashed:
    """A companion thread was ended by an error that nobody foresaw."""

    error: BaseException


Event = Arrived | Finished | Crashed | None  # None only wakes the loop
# What runs in a thread beside the loop, until the event is set.
Beside = Callable[[threading.Event], None]


class Consumer:
    """`writer` is open; the thread that calls `run` is the one that commits. `beside`: what else runs as long as the loop does."""

    def __init__(
        self,
        settings: IngestorSettings,
        ports: Ports,
        writer: Writer,
        jobs: Jobs,
        *,
        pace: Pace,
        health: Health,
        metrics: Metrics,
        beside: Mapping[str, Beside],
    ) -> None:
        threads = settings.ingest_threads or usable_cores()
        visibility = settings.visibility_timeout
        self._bucket = settings.s3_bucket
        self._queue = ports.queue
        self._writer = writer
        self._jobs = jobs
        self._pace = pace
        self._health = health
        self._metrics = metrics
        # SimpleQueue: a signal's handler may put into it while this very thread is inside `get`.
        self._inbox: queue.SimpleQueue[Event] = queue.SimpleQueue()
        # Room for one batch that is being committed, one that gathers, and work for every thread.
        self._hand = Hand(2 * settings.batch_size + threads)
        self._batch = PendingBatch(settings.batch_size, settings.batch_age)
        self._committer = Committer(writer, ports, self._hand, metrics)
        self._bench = Workbench(
            make_worker(settings, ports),
            self._known,
            self._inbox.put,
            threads=threads,
            queue=ports.queue,
            hand=self._hand,
            visibility_seconds=visibility,
            pace=pace,
            health=health,
            metrics=metrics,
        )
        self._commit_failures = 0
        self._commit_not_before = 0.0
        self._stop_asked = False
        self._receiving_ends = threading.Event()
        self._all_ends = threading.Event()
        receiver = Receiver(ports.queue, self._hand, visibility, pace, health, metrics)
        heartbeat = Heartbeat(ports.queue, self._hand, visibility, metrics)
        self._receiver = self._companion("receiver", lambda: receiver.run(self._receiving_ends, self._deliver))
        self._beside = [
            self._companion(name, lambda run=run: run(self._all_ends))  # type: ignore[misc]
            for name, run in {"heartbeat": heartbeat.run, **beside}.items()
        ]

    def stop(self) -> None:
        """Asks `run` to end soon; may be called from a signal's handler and from any thread."""
        self._stop_asked = True
        self._inbox.put(None)

    def run(self) -> bool:
        """Until `stop`. Whether everything has ended; False when some request hangs, which nobody needs to wait for.

        Raises what nobody foresaw; the messages in hand are given back then, too.
        """
        self._note_index()
        for companion in (self._receiver, *self._beside):
            companion.start()
        try:
            while not self._stop_asked:
                self._turn()
            log.info(line("stopping", in_hand=len(self._hand)))
            self._finish()
        finally:
            clean = self._close()
        return clean

    def _turn(self) -> None:
        until_retry = self._bench.start_due(time.monotonic())
        for event in self._events(self._patience(until_retry)):
            self._handle(event)
        self._commit_if_due()
        if self._jobs.poll():
            self._refresh()
        self._jobs.consider(self._writer.manifest)
        self._metrics.messages_in_hand.set(len(self._hand))
        self._health.tick()

    def _patience(self, until_retry: float | None) -> float:
        """Seconds until something is to be done though nothing happens."""
        now = time.monotonic()
        dues = [_LONGEST_TURN_SECONDS]
        if until_retry is not None:
            dues.append(until_retry)
        if (due := self._batch.seconds_until_due(now)) is not None:
            dues.append(max(due, self._commit_not_before - now))
        return max(0.0, min(dues))

    def _events(self, patience: float) -> Iterator[Event]:
        """Waits for the first, then gives all that are there."""
        try:
            yield self._inbox.get(timeout=patience)
            while True:
                yield self._inbox.get_nowait()
        except queue.Empty:
            return

    def _handle(self, event: Event) -> None:
        match event:
            case Arrived(deliveries):
                self._accept(deliveries)
            case Finished():
                self._take(event)
            case Crashed(error):
                raise error

    def _deliver(self, deliveries: list[Delivery]) -> None:
        self._inbox.put(Arrived(deliveries))

    def _accept(self, deliveries: list[Delivery]) -> None:
        nothing_to_do = []
        for delivery in deliveries:
            requests, delivery.happened_at = requests_of(delivery.message, self._bucket)
            delivery.open_changes = len(requests)
            if not requests:
                nothing_to_do.append(delivery)
            for request in requests:
                self._bench.offer(request, delivery)
        self._committer.acknowledge(nothing_to_do)

    def _take(self, event: Finished) -> None:
        task = event.task
        outcome = self._bench.outcome(event)
        if outcome is None:
            return
        if isinstance(outcome, Refused):
            self._metrics.rejects.labels(outcome.reject.code).inc()
        elif isinstance(outcome, Ignored):
            self._metrics.objects_ignored.inc()
            log.debug(line("ignored", key=task.key, reason=outcome.reason))
        self._batch.add(task.key, outcome, task.deliveries, time.monotonic())
        self._bench.end(task)

    def _known(self, key: str) -> Known:
        entry = self._writer.entry(key)
        return Known(None if entry is None else entry.etag, self._writer.model)

    def _commit_if_due(self) -> None:
        now = time.monotonic()
        while now >= self._commit_not_before and self._batch.seconds_until_due(now) == 0.0:
            self._commit()
            now = time.monotonic()

    def _commit(self) -> bool:
        bundle = self._batch.bundle()
        try:
            out_of_date = self._committer.commit(bundle)
        except VinymaticError as error:
            self._commit_failures += 1
            pause = self._pace.pause(self._commit_failures, error)
            self._commit_not_before = time.monotonic() + pause
            self._metrics.errors.labels(error.code).inc()
            self._health.failed(PART, error)
            log.error(line("commit_failed", code=error.code, message=str(error), next_try_seconds=pause))
            return False
        self._batch.settle(bundle)
        for key in out_of_date:
            self._bench.again(bundle.request(key), bundle.deliveries[key])
        self._commit_failures = 0
        self._health.well(PART)
        self._note_index()
        return True

    def _refresh(self) -> None:
        """After a job, so that its own commits are known and the next one is not begun at once."""
        try:
            self._writer.refresh()
        except VinymaticError as error:
            log.warning(line("refresh_failed", code=error.code, message=str(error)))
        self._note_index()

    def _note_index(self) -> None:
        self._metrics.manifest.set(self._writer.number)
        self._metrics.images_since_training.set(self._writer.images_since_training)

    def _finish(self) -> None:
        """Commits what is done or nearly done."""
        self._receiving_ends.set()
        self._bench.close()
        deadline = time.monotonic() + self._pace.finish
        while self._bench.running and time.monotonic() < deadline:
            for event in self._events(_LONGEST_TURN_SECONDS):
                if isinstance(event, Finished):
                    self._take(event)
        while len(self._batch) and self._commit():
            pass

    def _close(self) -> bool:
        """Gives back what is left in hand, and ends the threads."""
        self._receiving_ends.set()
        self._bench.close()
        self._jobs.stop()
        received_last = self._receiver.join(self._pace.receive_wait + _JOIN_SECONDS)
        self._all_ends.set()
        rest = self._hand.messages()
        if rest:
            try:
                self._queue.extend(rest, 0)
                self._metrics.messages_returned.inc(len(rest))
            except QueueError as error:  # they come back by themselves when their time is over
                log.warning(line("return_failed", messages=len(rest), code=error.code, message=str(error)))
        log.info(line("stopped", returned=len(rest)))
        joined = [companion.join(_JOIN_SECONDS) for companion in self._beside]
        return received_last and all(joined) and self._bench.running == 0

    def _companion(self, name: str, target: Callable[[], None]) -> Companion:
        return Companion(name, target, lambda error: self._inbox.put(Crashed(error)))
