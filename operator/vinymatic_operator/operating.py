"""The operator, put together: watches, cache, ticks, resyncs, health."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import kopf

from vinymatic.logs import line
from vinymatic.settings import OperatorSettings
from vinymatic_operator.endpoint import Endpoint, Health
from vinymatic_operator.errors import KubeError, KubeNotFoundError
from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.counted import Counted
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, RESTORES, Resource
from vinymatic_operator.metrics import Metrics
from vinymatic_operator.observe.gathering import Gathering
from vinymatic_operator.observe.replicas import Replicas
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.names import MANAGED_BY, OPERATOR_NAME
from vinymatic_operator.ticking.gauges import forget
from vinymatic_operator.ticking.orphans import wanted_indexes
from vinymatic_operator.ticking.tick import Tick
from vinymatic_operator.ticking.ticker import Ticker
from vinymatic_operator.watching import Watching, registry_for

log = logging.getLogger(__name__)

_THREADS = 8
_ASKING_THREADS = 16
# Ticks that stopped for so many intervals, and no less than so many seconds, mean that the process hangs.
_DEAD_INTERVALS, _DEAD_SECONDS = 6, 120.0
# Deployments are not listed, the cluster's may be thousands: those that are named are fetched one by one.
_LISTED: Mapping[Resource, Mapping[str, str]] = {
    INDEXES: {},
    BACKUPS: {},
    RESTORES: {},
    JOBS: {MANAGED_BY: OPERATOR_NAME},
}


class Operator:
    """Runs until `stop` is set. `settings.watch_namespaces` empty: every namespace."""

    def __init__(self, settings: OperatorSettings, kube: Kube) -> None:
        self._settings = settings
        self._metrics = Metrics()
        self._kube = Counted(kube, self._metrics)
        self._cache = Cache()
        self._namespaces: Sequence[str] = settings.namespaces
        self._asking = ThreadPoolExecutor(_ASKING_THREADS, thread_name_prefix="asking")
        self._looking = ThreadPoolExecutor(_THREADS, thread_name_prefix="looking")
        gathering = Gathering(self._kube, self._cache, Replicas(self._asking), _now)
        tick = Tick(self._kube, self._cache, gathering, self._metrics, Tries(settings.backoff_seconds), _now)
        self._ticker = Ticker(
            tick.look, lambda: wanted_indexes(self._cache), settings.tick_seconds, self._looking, gone=self._forget
        )
        self._unlisted = set(_LISTED)
        self._synced = False
        self._stop = threading.Event()

    def run(self) -> None:
        """Raises `SettingError` for a port that is taken, and whatever ends kopf."""
        endpoint = Endpoint(self._settings.metrics_host, self._settings.metrics_port, self._metrics, self.health)
        endpoint.start()
        resync = threading.Thread(target=self._resync_forever, name="resync", daemon=True)
        resync.start()
        try:
            asyncio.run(self._watch())
        finally:
            self._stop.set()
            self._ticker.stop()
            self._looking.shutdown()
            self._asking.shutdown()
            endpoint.stop()

    def health(self) -> Health:
        age = self._ticker.oldest()
        self._metrics.tick_age.set(age)
        self._metrics.indexes.set(len(self._cache.keys(INDEXES)))
        ready = self._synced
        alive = age < max(_DEAD_SECONDS, _DEAD_INTERVALS * self._settings.tick_seconds)
        text = f"last look {age:.1f} s ago" if ready else "the cluster was not read yet"
        return Health(alive, ready and alive, text)

    async def _watch(self) -> None:
        watching = Watching(self._cache, self._ticker.wake)
        await kopf.operator(
            registry=registry_for(watching),
            standalone=True,  # peering freezes operators that are equal; what fences here is the object store
            clusterwide=not self._namespaces,
            namespaces=tuple(self._namespaces),
        )

    def _resync_forever(self) -> None:
        """A watch may lose a deletion; a list does not. The ticks begin with the first one."""
        while not self._stop.is_set():
            try:
                self._resync()
            except KubeError as error:
                log.warning(line("list_failed", code=error.code, error=error))
                pause = min(5.0, self._settings.resync_seconds)
            else:
                pause = self._settings.resync_seconds
            if not self._unlisted and not self._synced:
                self._ticker.start()
                self._synced = True
            self._stop.wait(pause)

    def _resync(self) -> None:
        """Raises the first `KubeError`, after all the rest was tried: one request in six that fails must not void the other five."""
        failures: list[KubeError] = []
        for resource in _LISTED:
            try:
                self._list(resource)
            except KubeError as error:
                failures.append(error)
        for key in self._cache.keys(DEPLOYMENTS):
            try:
                self._fetch_deployment(key)
            except KubeError as error:
                failures.append(error)
        if failures:
            raise failures[0]

    def _list(self, resource: Resource) -> None:
        namespaces: Sequence[str | None] = self._namespaces or [None]
        before = self._cache.keys(resource)
        labels = _LISTED[resource]
        found = [body for place in namespaces for body in self._kube.list(resource, place, labels=labels)]
        self._cache.replace(resource, found, before)
        self._unlisted.discard(resource)

    def _fetch_deployment(self, key: Key) -> None:
        try:
            self._cache.put(DEPLOYMENTS, self._kube.get(DEPLOYMENTS, *key))
        except KubeNotFoundError:
            self._cache.drop(DEPLOYMENTS, *key)

    def _forget(self, key: Key) -> None:
        forget(self._metrics, *key)


def _now() -> datetime:
    return datetime.now(UTC)
