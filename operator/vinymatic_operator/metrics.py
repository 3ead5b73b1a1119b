"""What Prometheus sees of the operator. Labels have bounded values, but for `namespace` and `index`, which are as many as there are."""

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
from vinymatic_operator.observe.steps import Step

# A second series for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_JOB_SECONDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_600.0, 10_800.0, 36_000.0)
_INDEX = ("namespace", "index")
# Steps that may do their work and find that something is not good enough.
PROVING = frozenset({Step.GATE, Step.DRILL})


class Metrics:
    """One registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        # What is shown of each index by itself, to be forgotten with it.
        self.of_an_index: list[Gauge] = []
        # By namespace, index and condition: the reason that is shown.
        self.reasons: dict[tuple[str, str, str], str] = {}
        ProcessCollector(registry=self.registry)
        build = Info(
            "vinymatic_build", "1; its labels say which process this is and of which version.", registry=self.registry
        )
        build.info({"component": "operator", "version": __version__})
        self.indexes = self._gauge("indexes", "VinylIndex resources known.")
        self.ticks = self._counter(
            "ticks", "Looks: `quiet`, `acted`, `failed` (the API server), `unreadable` (a spec).", ("outcome",)
        )
        self.tick_seconds = self._histogram("tick_seconds", "Time of one look at one index.", _SECONDS)
        self.tick_age = self._gauge(
            "tick_age_seconds",
            "Since the oldest last look at any index; `/healthz` says 503 above 120 s, or 6 × TICK_SECONDS.",
        )
        self.planned = self._counter("actions_planned", "Actions planned, by kind.", ("action",))
        self.done = self._counter(
            "actions_done", "Actions carried out; planned and not done: refused, or somebody was faster.", ("action",)
        )
        self.requests = self._counter(
            "api_requests", "Requests to the API server, those of the watches left out.", ("verb", "resource")
        )
        self.errors = self._counter("api_errors", "Requests to the API server that failed, by code.", ("code",))
        self.replica_errors = self._counter(
            "replica_errors", "API pods that did not say what they serve, at each look.", ("code",)
        )
        self.jobs = self._counter(
            "jobs",
            "Jobs ended: `succeeded`, `failed`, `refused` (a gate or a drill that did not pass).",
            ("step", "outcome"),
        )
        self.job_seconds = self._histogram(
            "job_seconds", "From a Job's creation to its end, however it ended.", _JOB_SECONDS, "step"
        )
        self.condition = self._index_gauge(
            "condition",
            "1 while True, 0 while False; none while Unknown. The label `reason` is its reason.",
            "condition",
            "reason",
        )
        self.phase_since = self._index_gauge(
            "phase_since_seconds", "Unix time when Reconciling took this reason.", "phase"
        )
        self.covers = self._index_gauge("covers", "Live covers.")
        self.segments = self._index_gauge("segments", "Segments.")
        self.bytes = self._index_gauge("bytes", "Bytes of all files that the newest manifest names.")
        self.manifest = self._index_gauge("manifest", "The newest manifest known.")
        self.committed_at = self._index_gauge("commit_timestamp_seconds", "Unix time when it was committed.")
        self.epoch = self._index_gauge("epoch", "Codebook epochs: `active`, `candidate`, `previous`.", "role")
        self.images_since_training = self._index_gauge(
            "images_since_training", "Images ingested since the last training."
        )
        self.trained_at = self._index_gauge("training_timestamp_seconds", "Unix time when the last training began.")
        self.gate_passed = self._index_gauge("gate_passed", "The last gate: 1 when every limit was kept, else 0.")
        self.gate_at = self._index_gauge("gate_timestamp_seconds", "Unix time of the last gate.")
        self.gate_recall = self._index_gauge(
            "gate_recall_ratio", "The last gate: recall in its worst round; side: `active`, `candidate`.", "side"
        )
        self.gate_false_accepts = self._index_gauge(
            "gate_false_accept_ratio", "The last gate: photos accepted wrongly, as a share; its worst round.", "side"
        )
        self.backups = self._index_gauge("backups", "Backups that there are.")
        self.backup_at = self._index_gauge("backup_timestamp_seconds", "Unix time of the last good backup.")
        self.drill_at = self._index_gauge("drill_timestamp_seconds", "Unix time of the last good drill.")
        self.drill_right = self._index_gauge(
            "drill_right_ratio", "The last drill: recorded questions answered as recorded, as a share."
        )
        # A series that appears only with its first event hides that event from rate().
        for outcome in ("quiet", "acted", "failed", "unreadable"):
            self.ticks.labels(outcome)
        for step in Step:
            self.job_seconds.labels(step.value)
            for outcome in ("succeeded", "failed", *(["refused"] if step in PROVING else [])):
                self.jobs.labels(step.value, outcome)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"vinymatic_operator_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"vinymatic_operator_{name}", text, registry=self.registry)

    def _index_gauge(self, name: str, text: str, *labels: str) -> Gauge:
        gauge = Gauge(f"vinymatic_operator_index_{name}", text, (*_INDEX, *labels), registry=self.registry)
        self.of_an_index.append(gauge)
        return gauge

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"vinymatic_operator_{name}", text, labels, buckets=buckets, registry=self.registry)
