"""What the ingestor measures of itself, by Prometheus's conventions: base units in names, totals for counters."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
)

from vinymatic import __version__

# A second series for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

_PREFIX = "vinymatic_ingestor"
_SECONDS = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0)
_JOB_SECONDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_600.0, 10_800.0)
_LAG_SECONDS = (0.3, 1.0, 3.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 86_400.0)
_ROUNDS = (1, 2, 3, 4, 6, 8, 12)
_COVERS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """One set for each ingestor, on a registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Info(
            "vinymatic_build", "1; its labels say which process this is and of which version.", registry=self.registry
        )
        build.info({"component": "ingestor", "version": __version__})
        self.messages_received = self._counter("messages_received", "Messages received, repeated deliveries included.")
        self.messages_acknowledged = self._counter("messages_acknowledged", "Messages deleted from the queue.")
        self.messages_returned = self._counter("messages_returned", "Messages given back to the queue unfinished.")
        self.messages_in_hand = self._gauge(
            "messages_in_hand", "Messages received and not yet acknowledged or given back."
        )
        self.covers_committed = self._counter(
            "covers_committed", "Covers settled by a commit, by what it did to them.", ["change"]
        )
        self.objects_ignored = self._counter(
            "objects_ignored", "Keys that are no covers: folders, the index's own files."
        )
        self.rejects = self._counter("rejects", "Images and messages refused for good, by error code.", ["code"])
        self.errors = self._counter("errors", "Failures that will be tried again, by error code.", ["code"])
        self.commit_conflicts = self._counter("commit_conflicts", "Commit rounds that another writer won.")
        self.commit_rounds = self._histogram(
            "commit_rounds", "Rounds that one commit took, the won one included.", _ROUNDS
        )
        self.stale_looks = self._counter(
            "stale_looks", "Keys looked at again: another writer, or the bucket, had changed them since the look."
        )
        self.batch_covers = self._histogram("batch_covers", "Covers of one commit.", _COVERS)
        self.commit_seconds = self._histogram("commit_seconds", "Time of one commit, uploads included.", _SECONDS)
        self.work_seconds = self._histogram(
            "work_seconds", "Time of one try: download, checks and features, without waiting for a thread.", _SECONDS
        )
        self.ingest_lag_seconds = self._histogram(
            "ingest_lag_seconds", "Time from the event to the commit that makes it searchable.", _LAG_SECONDS
        )
        self.manifest = self._gauge("manifest", "Number of the newest manifest known.")
        self.images_since_training = self._gauge("images_since_training", "Images committed since the last training.")
        self.job_running = self._gauge("job_running", "1 while this job runs beside ingestion.", ["step"])
        self.jobs = self._counter(
            "jobs",
            "Jobs ended: `succeeded`, `failed`, `refused` (a candidate that did not pass its gate).",
            ["step", "outcome"],
        )
        self.job_seconds = self._histogram("job_seconds", "Time of one job, however it ended.", _JOB_SECONDS, "step")
        self.job_success_time = self._gauge(
            "job_last_success_timestamp_seconds", "When this job last succeeded in this process.", ["step"]
        )
        self.backups = self._counter("backups", "Backups ended, by outcome.", ["outcome"])
        self.backup_success_time = self._gauge(
            "backup_last_success_timestamp_seconds",
            "When a backup of this process last succeeded, or was found to be of the newest manifest.",
        )
        self.backup_manifest = self._gauge("backup_manifest", "Number of the manifest last backed up by this process.")
        self.backup_seconds = self._histogram("backup_seconds", "Time of one backup.", _SECONDS)
        # A series that appears only with its first event hides that event from rate().
        for change in ("added", "replaced", "deleted", "unchanged"):
            self.covers_committed.labels(change)
        for outcome in ("succeeded", "failed"):
            self.backups.labels(outcome)

    def _counter(self, name: str, text: str, labels: list[str] | None = None) -> Counter:
        return Counter(f"{_PREFIX}_{name}", text, labels or [], registry=self.registry)

    def _gauge(self, name: str, text: str, labels: list[str] | None = None) -> Gauge:
        return Gauge(f"{_PREFIX}_{name}", text, labels or [], registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"{_PREFIX}_{name}", text, labels, buckets=buckets, registry=self.registry)
