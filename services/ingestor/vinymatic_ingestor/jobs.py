"""What an index needs beside ingestion, as child processes of lower priority: retraining, compaction, collection. One at a time.

Where an operator looks after the index, the settings that make them due are 0.
"""

from __future__ import annotations

import contextlib
import logging
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.compaction_plan import CompactionPolicy, plan_compaction
from vinymatic.lifecycle.due import retraining_due
from vinymatic.lifecycle.gate_report import EXIT_CODE_REFUSED
from vinymatic.lifecycle.places import retraining_policy
from vinymatic.lifecycle.summary import summarize
from vinymatic.logs import line
from vinymatic.settings import IngestorSettings
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics

log = logging.getLogger(__name__)

_PROGRAM = (sys.executable, "-m", "vinymatic")
_NICENESS = 10
_FIRST_PAUSE = 60.0
_LONGEST_PAUSE = 3_600.0
_STOP_SECONDS = 5.0
_FIRST_COLLECTION_SECONDS = 3_600.0

# Why a job is due by this manifest, the newest known; empty when it is not.
DueBy = Callable[[Manifest], str]


class JobFailedError(Exception):
    """The child ended with another code than 0."""


@dataclass(frozen=True)
class Job:
    """`name`: one of the metrics' labels and the health report's parts. `every`: seconds between two starts, at least; spread by half of it
    to either side, so that many ingestors do not all start at once. `first`: seconds until it may start for the first time."""

    name: str
    command: Sequence[str]
    due: DueBy
    every: float = 0.0
    first: float = 0.0


@dataclass
class _State:
    not_before: float
    failures: int = 0


class Jobs:
    """One thread uses it. The first of `jobs` that is due runs; the others wait for its end."""

    def __init__(self, jobs: Sequence[Job], environment: Mapping[str, str], health: Health, metrics: Metrics) -> None:
        self._jobs = tuple(jobs)
        self._environment = dict(environment)
        self._health = health
        self._metrics = metrics
        self._states = {job.name: _State(time.monotonic() + job.first) for job in jobs}
        self._running: Job | None = None
        self._child: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        for job in jobs:
            metrics.job_running.labels(job.name)
            metrics.job_seconds.labels(job.name)
            for outcome in ("succeeded", "failed", "refused"):
                metrics.jobs.labels(job.name, outcome)

    @property
    def running(self) -> str | None:
        """The name of the job that runs."""
        return None if self._running is None else self._running.name

    def consider(self, manifest: Manifest) -> None:
        """Starts the first job that `manifest`, the newest known, makes due; nothing while one is running."""
        if self._running is not None:
            return
        for job in self._jobs:
            if time.monotonic() >= self._states[job.name].not_before and (why := job.due(manifest)):
                self._start(job, why)
                return

    def poll(self) -> bool:
        """True once after each job that has come to its end without failing."""
        job, child = self._running, self._child
        if job is None or child is None or (code := child.poll()) is None:
            return False
        self._running = self._child = None
        seconds = time.monotonic() - self._started
        self._metrics.job_running.labels(job.name).set(0)
        self._metrics.job_seconds.labels(job.name).observe(seconds)
        if code not in (0, EXIT_CODE_REFUSED):
            self._fail(job, JobFailedError(f"{job.name} ended with code {code}; its own lines say why"))
            return False
        state = self._states[job.name]
        state.failures = 0
        state.not_before = time.monotonic() + job.every * random.uniform(0.5, 1.5)
        self._health.well(job.name)
        # A refused candidate is nothing wrong with us: the index goes on under its epoch, and the next retraining is due in its time.
        outcome = "refused" if code == EXIT_CODE_REFUSED else "succeeded"
        self._metrics.jobs.labels(job.name, outcome).inc()
        if outcome == "succeeded":
            self._metrics.job_success_time.labels(job.name).set_to_current_time()
        log.info(line("job_done", job=job.name, outcome=outcome, seconds=seconds))
        return True

    def stop(self) -> None:
        """Ends what is running. What it has committed stays, and its next run goes on from there."""
        job, child = self._running, self._child
        self._running = self._child = None
        if job is None or child is None:
            return
        child.terminate()
        try:
            child.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        log.info(line("job_stopped", job=job.name))

    def _start(self, job: Job, why: str) -> None:
        self._started = time.monotonic()
        try:
            self._child = subprocess.Popen(list(job.command), stdin=subprocess.DEVNULL, env=self._environment)
        except OSError as error:
            self._fail(job, JobFailedError(f"cannot start {job.command[0]}: {error.strerror}"))
            return
        with contextlib.suppress(OSError):  # gone already, or a system that forbids it: only slower then
            os.setpriority(os.PRIO_PROCESS, self._child.pid, _NICENESS)
        self._running = job
        self._metrics.job_running.labels(job.name).set(1)
        log.info(line("job_started", job=job.name, why=why, pid=self._child.pid))

    def _fail(self, job: Job, error: JobFailedError) -> None:
        state = self._states[job.name]
        state.failures += 1
        pause = min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** (state.failures - 1))
        state.not_before = time.monotonic() + pause
        self._health.failed(job.name, error)
        self._metrics.jobs.labels(job.name, "failed").inc()
        log.error(line("job_failed", job=job.name, message=str(error), next_try_seconds=pause))


def jobs_of(settings: IngestorSettings) -> list[Job]:
    """The jobs that the settings ask for, the most urgent first."""
    policy = retraining_policy(settings)
    jobs = []
    if not policy.never:

        def retraining(manifest: Manifest) -> str:
            return "; ".join(due.text for due in retraining_due(summarize(manifest), policy, datetime.now(UTC)))

        jobs.append(Job("retraining", [*_PROGRAM, "retrain", "--if-due"], retraining))
    if every := settings.compaction_interval:
        jobs.append(Job("compaction", [*_PROGRAM, "compact"], compaction_due, every=every, first=every))
    if every := settings.collection_interval:
        first = min(every, _FIRST_COLLECTION_SECONDS)
        jobs.append(Job("collection", [*_PROGRAM, "collect"], lambda _: "its time has come", every=every, first=first))
    return jobs


def compaction_due(manifest: Manifest) -> str:
    """Why a compaction is due; empty when it is not."""
    groups = plan_compaction(manifest.segments, CompactionPolicy())
    return f"{sum(map(len, groups))} of {len(manifest.segments)} segments" if groups else ""
