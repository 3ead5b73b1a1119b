"""What Prometheus sees of the operator. Labels have bounded values, but for `namespace` and `index`, which are as many as there are."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics

disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_INDEX = ("namespace", "index")


class Metrics:
    """One registry of its own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.indexes = self._gauge("indexes", "VinylIndex resources known.")
        self.ticks = self._counter("ticks", "Looks at one index, by outcome.", ("outcome",))
        self.tick_seconds = Histogram(
            "vinymatic_operator_tick_seconds",
            "Time of one look at one index.",
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.tick_age = self._gauge("tick_age_seconds", "Since the oldest last look at any index.")
        self.planned = self._counter("actions_planned", "Actions planned, by kind.", ("action",))
        self.done = self._counter("actions_done", "Actions carried out, by kind.", ("action",))
        self.requests = self._counter("api_requests", "Requests to the API server.", ("verb", "resource"))
        self.errors = self._counter("api_errors", "Requests to the API server that failed, by code.", ("code",))
        self.replica_errors = self._counter("replica_errors", "API pods that did not say what they serve.", ("code",))
        self.condition = self._gauge(
            "index_condition", "1 while a condition of an index is True.", (*_INDEX, "condition")
        )
        self.phase_since = self._gauge(
            "index_phase_since_seconds", "Unix time when the index's phase began.", (*_INDEX, "phase")
        )
        self.covers = self._gauge("index_covers", "Live covers of an index.", _INDEX)
        self.manifest = self._gauge("index_manifest", "Newest manifest known of an index.", _INDEX)
        self.backup_at = self._gauge("index_backup_timestamp_seconds", "Unix time of the last good backup.", _INDEX)
        self.drill_at = self._gauge("index_drill_timestamp_seconds", "Unix time of the last good drill.", _INDEX)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"vinymatic_operator_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Gauge:
        return Gauge(f"vinymatic_operator_{name}", text, labels, registry=self.registry)
