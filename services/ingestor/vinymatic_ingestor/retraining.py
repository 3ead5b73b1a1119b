"""Retraining while ingestion goes on: `vinymatic train` as a child process of lower priority."""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import time
from collections.abc import Mapping, Sequence

from vinymatic_ingestor.health import Health
from vinymatic_ingestor.logs import line
from vinymatic_ingestor.metrics import Metrics

log = logging.getLogger(__name__)

PART = "retraining"
_NICENESS = 10
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 3_600.0
_STOP_SECONDS = 5.0


class TrainingFailedError(Exception):
    """The child ended with another code than 0."""


class Retraining:
    """One thread uses it. `interval`: images since the last training that make the next one due; 0: never."""

    def __init__(
        self, interval: int, command: Sequence[str], environment: Mapping[str, str], health: Health, metrics: Metrics
    ) -> None:
        self._interval = interval
        self._command = list(command)
        self._environment = dict(environment)
        self._health = health
        self._metrics = metrics
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0
        self._not_before = 0.0

    @property
    def running(self) -> bool:
        return self._child is not None

    def consider(self, images: int) -> None:
        """Starts a training when `images` committed since the last one are enough and none is running."""
        due = 0 < self._interval <= images
        if not due or self._child is not None or time.monotonic() < self._not_before:
            return
        self._started = time.monotonic()
        try:
            self._child = subprocess.Popen(self._command, stdin=subprocess.DEVNULL, env=self._environment)
        except OSError as error:
            self._fail(TrainingFailedError(f"cannot start {self._command[0]}: {error.strerror}"))
            return
        with contextlib.suppress(OSError):  # gone already, or a system that forbids it: only slower then
            os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICENESS)
        self._metrics.retraining_running.set(1)
        log.info(line("retraining_started", images=images, pid=self._child.pid))

    def poll(self) -> bool:
        """True once after each training that has succeeded."""
        if self._child is None or (code := self._child.poll()) is None:
            return False
        self._child = None
        self._metrics.retraining_running.set(0)
        if code != 0:
            self._fail(TrainingFailedError(f"the training ended with code {code}; its own lines say why"))
            return False
        self._failures = 0
        self._health.well(PART)
        self._metrics.retrainings.labels("success").inc()
        self._metrics.retraining_success_time.set_to_current_time()
        log.info(line("retraining_done", seconds=time.monotonic() - self._started))
        return True

    def stop(self) -> None:
        """Ends a training that is running. It leaves orphans in the store and nothing else; the next start begins anew."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        log.info(line("retraining_stopped"))

    def _fail(self, error: TrainingFailedError) -> None:
        self._failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (self._failures - 1))
        self._not_before = time.monotonic() + pause
        self._health.failed(PART, error)
        self._metrics.retrainings.labels("failure").inc()
        log.error(line("retraining_failed", message=str(error), next_try_seconds=pause))
