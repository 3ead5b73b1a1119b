"""What Prometheus sees. Every label has a bounded set of values: routes are templates, methods and verdicts are known words."""

from __future__ import annotations

import time
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vinymatic import __version__
from vinymatic.index.results import SearchResult, Verdict
from vinymatic.lifecycle.reader import ReaderState

# A second series for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0)
_STEP_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
_LAG_SECONDS = (0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 7.5, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1_800.0)
_SCORES = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
UNMATCHED = "unmatched"
SEARCHES = frozenset({"/search", "/v1/search"})


@dataclass
class SearchAnswers:
    """Searches since the process started, whatever their answer, and those that failed on this side. Only the event loop counts."""

    answered: int = 0
    failed: int = 0

    def count(self, status: int, code: str | None) -> None:
        self.answered += 1
        # A full queue sends clients elsewhere, as it should; everything else from 500 on is a fault of ours or behind us.
        self.failed += status >= HTTPStatus.INTERNAL_SERVER_ERROR and code != "queue_full"


class Metrics:
    """One registry of its own, so that two apps in a process do not meet."""

    def __init__(self) -> None:
        self.answers = SearchAnswers()
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        build = Info(
            "vinymatic_build", "1; its labels say which process this is and of which version.", registry=self.registry
        )
        build.info({"component": "api", "version": __version__})
        self.requests = self._counter(
            "requests", "Requests answered; route: the path's template.", ("route", "method", "status")
        )
        self.errors = self._counter("errors", "Requests that failed, by error code.", ("code",))
        self.verdicts = self._counter("searches", "Photos searched, by verdict.", ("verdict",))
        self.reloads = self._counter("reloads", "Snapshots taken: newer manifests that were loaded.")
        self.reload_failures = self._counter(
            "reload_failures", "Looks at the manifest log that failed, by error code.", ("code",)
        )
        self.latency = self._histogram(
            "request_seconds",
            "From the request's head to the answer's, the client's upload included.",
            _SECONDS,
            "route",
        )
        self.search_seconds = self._histogram(
            "search_seconds", "Of a photo that was searched: from the end of its upload to the answer.", _SECONDS
        )
        self.steps = self._histogram("search_step_seconds", "Steps of a search.", _STEP_SECONDS, "step")
        self.scores = self._histogram("search_score", "Of a photo that was searched: its best cover's score.", _SCORES)
        self.queue_wait = self._histogram("queue_wait_seconds", "Wait of a photo for a thread.", _SECONDS)
        self.in_flight = self._gauge("requests_in_flight", "Requests being served.")
        self.waiting = self._gauge("queue_depth", "Photos waiting for a thread.")
        self.running = self._gauge("search_threads_busy", "Threads at work.")
        self.threads = self._gauge("search_threads", "Threads there are.")
        self.manifest = self._gauge("snapshot_manifest", "Number of the manifest served; 0 while nothing is.")
        self.epoch = self._gauge("snapshot_epoch", "Codebook epoch served.")
        self.covers = self._gauge("snapshot_covers", "Covers served.")
        self.segments = self._gauge("snapshot_segments", "Segments served.")
        self.age = self._gauge("snapshot_age_seconds", "Since the snapshot was taken.")
        self.staleness = self._gauge(
            "snapshot_staleness_seconds",
            "What is served is as the log was so long ago: since the last look that ended well began.",
        )
        self.max_staleness = self._gauge(
            "snapshot_max_staleness_seconds",
            "The most that the staleness was since the process started, its first load included.",
        )
        self.lag = self._histogram(
            "snapshot_lag_seconds",
            "From a manifest's commit, by the store's clock, to its being served; not for the first one of a process.",
            _LAG_SECONDS,
        )
        # A series that appears only with its first event hides that event from rate().
        for verdict in Verdict:
            self.verdicts.labels(verdict.value)
        for route in SEARCHES:
            for status in (HTTPStatus.OK, HTTPStatus.INTERNAL_SERVER_ERROR, HTTPStatus.SERVICE_UNAVAILABLE):
                self.requests.labels(route, "POST", str(status.value))

    def text(self) -> bytes:
        return generate_latest(self.registry)

    def observe_search(self, result: SearchResult, waited: float, seconds: float) -> None:
        """`waited`: for a thread; `seconds`: in all."""
        self.verdicts.labels(result.verdict.value).inc()
        self.queue_wait.observe(waited)
        self.search_seconds.observe(seconds)
        self.scores.observe(max((match.score for match in result.covers + result.candidates), default=0.0))
        for step, spent in result.timings_ms.items():
            self.steps.labels(step).observe(spent / 1_000)

    def show_state(self, state: ReaderState) -> None:
        self.manifest.set(state.manifest or 0)
        self.epoch.set(state.epoch or 0)
        self.covers.set(state.covers)
        self.segments.set(state.segments)
        self.age.set(0 if state.loaded_at is None else time.time() - state.loaded_at)

    def _counter(self, name: str, text: str, labels: tuple[str, ...] = ()) -> Counter:
        return Counter(f"vinymatic_{name}", text, labels, registry=self.registry)

    def _gauge(self, name: str, text: str) -> Gauge:
        return Gauge(f"vinymatic_{name}", text, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"vinymatic_{name}", text, labels, buckets=buckets, registry=self.registry)


class RequestMetrics:
    """ASGI middleware, the outermost: sees refused bodies and failures too."""

    def __init__(self, app: ASGIApp, *, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begin = time.perf_counter()
        status, answered_at = 500, None

        async def watch(message: Message) -> None:
            nonlocal status, answered_at
            if message["type"] == "http.response.start":
                status, answered_at = message["status"], time.perf_counter()
            await send(message)

        try:
            with self._metrics.in_flight.track_inprogress():
                await self._app(scope, receive, watch)
        finally:
            self._count(scope, status, (answered_at or time.perf_counter()) - begin)
            if answered_at is not None and scope["method"] == "POST" and _route(scope) in SEARCHES:
                self._metrics.answers.count(status, scope.get("vinymatic.code"))

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        route = _route(scope)
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.requests.labels(route, method, str(status)).inc()
        self._metrics.latency.labels(route).observe(seconds)
        if (code := scope.get("vinymatic.code")) is not None:
            self._metrics.errors.labels(code).inc()


def _route(scope: Scope) -> str:
    return str(getattr(scope.get("route"), "path_format", UNMATCHED))
