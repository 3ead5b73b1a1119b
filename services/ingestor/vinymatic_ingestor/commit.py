"""Commits a bundle, and only then acknowledges its messages."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable

from vinymatic.errors import QueueError
from vinymatic.lifecycle.rejects import clear_rejects
from vinymatic.lifecycle.writer import CommitReport, Writer
from vinymatic.logs import line
from vinymatic_ingestor.batch import Bundle
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.look_back import LookBack
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.outcomes import Gone, Ready, Same
from vinymatic_ingestor.ports import Ports

log = logging.getLogger(__name__)


class Committer:
    """Each step may be the last one before a crash: what is not acknowledged is delivered again, and changes nothing the second time."""

    def __init__(self, writer: Writer, ports: Ports, hand: Hand, metrics: Metrics) -> None:
        self._writer = writer
        self._index = ports.index
        self._queue = ports.queue
        self._look_back = LookBack(ports.covers)
        self._hand = hand
        self._metrics = metrics

    def commit(self, bundle: Bundle) -> tuple[str, ...]:
        """The keys whose outcome is out of date, which are not settled: they have to be looked at again.

        Their outcome was left out of the commit, or the bucket holds something else by now.

        Raises `VinymaticError` while nothing is settled yet: the same bundle may be committed again.
        """
        started = time.monotonic()
        batch = bundle.batch()
        stale: tuple[str, ...] = ()
        if batch.seen:
            report = self._writer.commit(batch)
            stale = report.stale
            bundle = bundle.without(stale)
            self._count(report, bundle)
        if batch.upserts or batch.deletes:
            log.info(
                line(
                    "commit",
                    manifest=report.number,
                    added=report.added,
                    replaced=report.replaced,
                    deleted=report.deleted,
                    unchanged=report.unchanged,
                    conflicts=report.conflicts or None,
                    stale=len(stale) or None,
                    seconds=time.monotonic() - started,
                )
            )
            self._metrics.commit_rounds.observe(report.conflicts + 1)
            self._metrics.batch_covers.observe(report.added + report.replaced + report.deleted)
            self._metrics.commit_seconds.observe(time.monotonic() - started)
        self._metrics.covers_committed.labels("unchanged").inc(
            sum(isinstance(outcome, Same) for outcome in bundle.outcomes.values())
        )
        clear_rejects(self._index, bundle.keys_in_order())
        # Last: whatever we have done to a key that has changed since is put right by the look that follows.
        changed = self._look_back.changed(bundle.outcomes)
        self._settle(bundle.without(changed))
        self._metrics.stale_looks.inc(len(stale) + len(changed))
        return stale + changed

    def _settle(self, bundle: Bundle) -> None:
        done = []
        for deliveries in bundle.deliveries.values():
            for delivery in deliveries:
                delivery.open_changes -= 1
                if delivery.open_changes == 0 and self._hand.holds(delivery):
                    done.append(delivery)
        self.acknowledge(done)

    def acknowledge(self, deliveries: Iterable[Delivery]) -> None:
        """Their work is done for good. One that cannot be acknowledged is delivered again and found done."""
        done = list(deliveries)
        if not done:
            return
        failed = 0
        try:
            failed = len(self._queue.acknowledge([delivery.message for delivery in done]))
        except QueueError as error:
            failed = len(done)
            self._metrics.errors.labels(error.code).inc()
            log.warning(line("acknowledge_failed", messages=failed, code=error.code, message=str(error)))
        self._metrics.messages_acknowledged.inc(len(done) - failed)
        log.debug(line("acknowledged", messages=len(done) - failed, failed=failed))
        self._hand.release(done)

    def _count(self, report: CommitReport, bundle: Bundle) -> None:
        metrics = self._metrics
        for change in ("added", "replaced", "deleted", "unchanged"):
            metrics.covers_committed.labels(change).inc(getattr(report, change))
        metrics.commit_conflicts.inc(report.conflicts)
        now = time.time()
        for key, outcome in bundle.outcomes.items():
            for delivery in bundle.deliveries[key] if isinstance(outcome, Ready | Gone) else ():
                if delivery.happened_at is not None:
                    metrics.ingest_lag_seconds.observe(max(0.0, now - delivery.happened_at))
