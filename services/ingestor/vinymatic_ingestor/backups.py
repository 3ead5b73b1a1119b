"""Backs the index up every BACKUP_INTERVAL and deletes the backups that are not to be kept, in a thread of its own."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from vinymatic.errors import VinymaticError
from vinymatic.lifecycle.backup import Recording, backup
from vinymatic.lifecycle.retention import RetentionPolicy, apply_retention
from vinymatic.logs import line
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics

log = logging.getLogger(__name__)

PART = "backup"
RETENTION_PART = "backup_retention"
# The first backup, and the next try after a failure, come no later: a pod may not live for a whole interval.
_SOON_SECONDS = 60.0


class Backups:
    """`newest`: the number of the newest manifest known; called from the backups' thread. `policy`: which backups are kept, all by default.

    `recording`: answers for drills, none by default.
    """

    def __init__(
        self,
        source: ObjectStore,
        destination: ObjectStore,
        interval: float,
        newest: Callable[[], int],
        health: Health,
        metrics: Metrics,
        *,
        policy: RetentionPolicy | None = None,
        recording: Recording | None = None,
    ) -> None:
        self._source = source
        self._destination = destination
        self._interval = interval
        self._newest = newest
        self._health = health
        self._metrics = metrics
        self._policy = policy or RetentionPolicy()
        self._recording = recording
        self._done: int | None = None

    def run(self, stopping: threading.Event) -> None:
        pause = min(self._interval, _SOON_SECONDS)
        while not stopping.wait(pause):
            pause = self._interval if self.back_up() else min(self._interval, _SOON_SECONDS)

    def back_up(self) -> bool:
        """Backs up what has changed since the last time; False when that failed."""
        if self._newest() == self._done:
            self._metrics.backup_success_time.set_to_current_time()
            return True
        started = time.monotonic()
        try:
            report = backup(self._source, self._destination, recording=self._recording)
        except VinymaticError as error:
            self._metrics.backups.labels("failed").inc()
            self._health.failed(PART, error)
            log.error(line("backup_failed", to=self._destination.url, code=error.code, message=str(error)))
            return False
        self._done = report.number
        self._health.well(PART)
        self._metrics.backups.labels("succeeded").inc()
        self._metrics.backup_seconds.observe(time.monotonic() - started)
        self._metrics.backup_success_time.set_to_current_time()
        self._metrics.backup_manifest.set(report.number)
        log.info(
            line(
                "backup",
                manifest=report.number,
                to=self._destination.url,
                copied_files=report.copied_files,
                copied_bytes=report.copied_bytes,
                skipped_files=report.skipped_files,
                questions=report.questions,
                seconds=time.monotonic() - started,
            )
        )
        self._prune()
        return True

    def _prune(self) -> None:
        """A failure leaves backups too many, and the next backup's pruning takes them: the backup itself has succeeded."""
        if self._policy.keeps_all:
            return
        try:
            report = apply_retention(self._destination, self._policy)
        except VinymaticError as error:
            self._health.failed(RETENTION_PART, error)
            log.error(line("backup_retention_failed", code=error.code, message=str(error)))
            return
        self._health.well(RETENTION_PART)
        if report.dropped or report.deleted_files:
            log.info(
                line(
                    "backup_retention",
                    kept=len(report.kept),
                    deleted=len(report.dropped),
                    deleted_files=report.deleted_files,
                    deleted_bytes=report.deleted_bytes,
                )
            )
