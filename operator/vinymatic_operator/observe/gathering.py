"""Everything that belongs to one VinylIndex, put together from the cache and from what its pods say."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from pydantic import ValidationError

from vinymatic_operator.errors import KubeNotFoundError
from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, RESTORES
from vinymatic_operator.observe.objects import index_uid_of, read_backup, read_deployment, read_jobs, read_restore
from vinymatic_operator.observe.pods import JOB_OF_POD, why_waiting
from vinymatic_operator.observe.reading import (
    annotations_of,
    being_deleted,
    created,
    labels_of,
    name_of,
    namespace_of,
    part,
    text,
    uid_of,
    whole,
)
from vinymatic_operator.observe.replicas import Asking
from vinymatic_operator.observe.seen import DeploymentSeen, JobSeen, Observed, ReplicaSeen
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import IndexSpec, Workload
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.resources.names import INDEX_LABEL
from vinymatic_operator.resources.places import index_url

# How old a list of an API's pods may be while its Deployment has not changed; and how often one asks for a Deployment that is not there.
_PODS_AGE = timedelta(seconds=60)


@dataclass
class _Pods:
    """The pods of one API, as last listed, and the state of its Deployment then."""

    of: DeploymentSeen
    listed_at: datetime
    bodies: list[Json] = field(default_factory=list)


class Gathering:
    """Reads from the cache; asks the API server for pods only where something changed or a minute has passed."""

    def __init__(self, kube: Kube, cache: Cache, replicas: Asking, clock: Callable[[], datetime]) -> None:
        self._kube = kube
        self._cache = cache
        self._replicas = replicas
        self._clock = clock
        self._lock = threading.Lock()
        self._pods: dict[Key, _Pods] = {}
        self._missing: dict[Key, datetime] = {}
        self._waiting: dict[Key, tuple[datetime, str | None]] = {}

    def gather(self, body: Json) -> Observed:
        """Raises `ValidationError` for a spec that this operator cannot read, and `KubeError`."""
        namespace, name = namespace_of(body), name_of(body)
        spec = IndexSpec.model_validate(part(body, "spec"))
        api = self._deployment(namespace, spec.api)
        jobs = self._jobs(namespace, name, uid_of(body))
        backups = self._cache.select(BACKUPS, namespace, lambda found: _index_of(found) == name)
        restores = self._cache.select(RESTORES, namespace, lambda found: _index_of(found) == name)
        return Observed(
            namespace=namespace,
            name=name,
            uid=uid_of(body),
            generation=whole(part(body, "metadata"), "generation"),
            created=created(body),
            spec=spec,
            status=_status(body),
            annotations=annotations_of(body),
            resource_version=text(part(body, "metadata"), "resourceVersion") or "",
            finalizers=_finalizers(body),
            deleting=being_deleted(body),
            jobs=jobs,
            api=api,
            ingestor=None if spec.ingestor is None else self._deployment(namespace, spec.ingestor),
            replicas=() if api is None else self._replicas_of(namespace, name, api, spec),
            backups=tuple(map(read_backup, backups)),
            restores=tuple(found for found in map(read_restore, restores) if found is not None),
            obstacle=None if api is None else self._obstacle(body, spec, api),
        )

    def forget(self, key: Key) -> None:
        """Of an index that is gone."""
        with self._lock:
            self._pods.pop(key, None)

    def _obstacle(self, body: Json, spec: IndexSpec, api: DeploymentSeen) -> str | None:
        """Two that coordinate one Deployment would roll it back and forth; and what serves another index says nothing of this one."""
        wanted, served = index_url(spec), api.environment.get("INDEX_URL")
        if served and served.rstrip("/") != wanted:
            return f"Deployment {api.name} serves {served}, this index is in {wanted}"
        rivals = self._cache.select(INDEXES, namespace_of(body), lambda found: _deployment_of(found) == api.name)
        first = min(rivals, key=lambda found: (created(found), name_of(found)), default=body)
        if uid_of(first) == uid_of(body):
            return None
        return f"VinylIndex {name_of(first)} coordinates Deployment {api.name} already"

    def _jobs(self, namespace: str, name: str, uid: str) -> tuple[JobSeen, ...]:
        bodies = self._cache.select(
            JOBS, namespace, lambda job: labels_of(job).get(INDEX_LABEL) == name and index_uid_of(job) in (None, uid)
        )
        ready = {name_of(body) for body in bodies if whole(part(body, "status"), "ready")}
        return tuple(self._with_waiting(namespace, job) if job.name not in ready else job for job in read_jobs(bodies))

    def _with_waiting(self, namespace: str, job: JobSeen) -> JobSeen:
        """Asks the pods of a Job that should have begun by now, once a minute, why they have not."""
        now, key = self._clock(), (namespace, job.name)
        if not job.running or now - job.created < _PODS_AGE:
            return job
        with self._lock:
            known = self._waiting.get(key)
        if known is None or now - known[0] >= _PODS_AGE:
            pods = self._kube.list(PODS, namespace, labels={JOB_OF_POD: job.name})
            known = (now, next((why for pod in pods if (why := why_waiting(pod)) is not None), None))
            with self._lock:
                self._waiting = {k: v for k, v in self._waiting.items() if now - v[0] < 2 * _PODS_AGE} | {key: known}
        return replace(job, waiting=known[1])

    def _deployment(self, namespace: str, workload: Workload) -> DeploymentSeen | None:
        body = self._cache.get(DEPLOYMENTS, namespace, workload.deployment)
        if body is None:
            body = self._fetched(namespace, workload.deployment)
        return None if body is None else read_deployment(body, workload)

    def _fetched(self, namespace: str, name: str) -> Json | None:
        """One that was made before the VinylIndex that names it: the watch keeps only those that are named."""
        key, now = (namespace, name), self._clock()
        with self._lock:
            asked = self._missing.get(key)
            if asked is not None and now - asked < _PODS_AGE:
                return None
        try:
            body = self._kube.get(DEPLOYMENTS, namespace, name)
        except KubeNotFoundError:
            with self._lock:
                self._missing[key] = now
            return None
        self._cache.put(DEPLOYMENTS, body)
        with self._lock:
            self._missing.pop(key, None)
        return body

    def _replicas_of(self, namespace: str, name: str, api: DeploymentSeen, spec: IndexSpec) -> tuple[ReplicaSeen, ...]:
        key, now = (namespace, name), self._clock()
        with self._lock:
            known = self._pods.get(key)
        if known is None or known.of != api or not api.settled or now - known.listed_at >= _PODS_AGE:
            known = _Pods(api, now, self._kube.list(PODS, namespace, labels=api.selector) if api.selector else [])
            with self._lock:
                self._pods[key] = known
        found = self._replicas.ask_all(known.bodies, spec.api)
        if any(replica.problem is not None for replica in found):
            # It may be gone: the next look lists them anew.
            known.listed_at = now - _PODS_AGE
        return found


def _deployment_of(index: Json) -> str | None:
    return text(part(index, "spec", "api"), "deployment")


def _index_of(body: Json) -> str | None:
    return text(part(body, "spec"), "index")


def _finalizers(body: Json) -> tuple[str, ...]:
    found = part(body, "metadata").get("finalizers")
    return tuple(str(name) for name in found) if isinstance(found, list) else ()


def _status(body: Json) -> IndexStatus:
    """A status that cannot be read, of another version of this operator, is written anew."""
    try:
        return IndexStatus.model_validate(part(body, "status"))
    except ValidationError:
        return IndexStatus()
