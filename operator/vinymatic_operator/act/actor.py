"""Carries out what was planned: each action one write, whose answer goes into the cache. The one place that changes anything."""

from __future__ import annotations

from datetime import datetime
from functools import singledispatchmethod

from vinymatic_operator.act.jobs import job_manifest, job_name
from vinymatic_operator.act.objects import backup_object, finalizer_patch, rollout_patch, status_patch
from vinymatic_operator.act.patching import fetch, patch_that
from vinymatic_operator.errors import KubeConflictError, KubeNotFoundError
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, RESTORES, Resource
from vinymatic_operator.observe.pods import JOB_OF_POD
from vinymatic_operator.observe.reading import part
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.terminations import result_of
from vinymatic_operator.plan.actions import (
    Action,
    CreateBackup,
    DeleteBackup,
    DeleteJob,
    RecordResult,
    RollOut,
    SetFinalizer,
    StartJob,
    WriteBackupStatus,
    WriteRestoreStatus,
)
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.resources.names import FINALIZER, RESULT


class Actor:
    """Where somebody was faster, the newer state is fetched into the cache and nothing is done: the next look decides anew."""

    def __init__(self, kube: Kube, cache: Cache) -> None:
        self._kube = kube
        self._cache = cache

    def carry_out(self, observed: Observed, action: Action, now: datetime) -> bool:
        """Whether it was done; False: somebody was faster. Raises `KubeError`."""
        try:
            self._do(action, observed, now)
        except (KubeConflictError, KubeNotFoundError):
            self._look_again(observed, action)
            return False
        return True

    def write_status(self, observed: Observed, status: IndexStatus) -> None:
        """Raises `KubeError`; `KubeNotFoundError` when it is gone, also where another has its name."""
        self._write(INDEXES, observed, observed.name, observed.uid, status.to_json())

    @singledispatchmethod
    def _do(self, action: Action, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        raise TypeError(f"nobody carries out {action!r}")

    @_do.register
    def _(self, action: StartJob, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        if action.confirmed:
            self._confirm(observed)
        self._put(JOBS, self._kube.create(JOBS, observed.namespace, job_manifest(observed, action)))

    @_do.register
    def _(self, action: RecordResult, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        job = next(found for found in observed.jobs if found.name == action.job)
        pods = self._kube.list(PODS, observed.namespace, labels={JOB_OF_POD: job.name})
        annotations: Json = {RESULT: result_of(job, pods)}
        patch: Json = {"metadata": {"annotations": annotations, "uid": job.uid}}
        patch_that(self._kube, self._cache, JOBS, (observed.namespace, job.name), job.uid, patch)

    @_do.register
    def _(self, action: RollOut, observed: Observed, now: datetime) -> None:
        assert observed.api is not None, "a roll-out is planned only where there is a Deployment"
        patch = rollout_patch(observed.api, action, now)
        answer = self._kube.patch(DEPLOYMENTS, observed.namespace, observed.api.name, patch, strategic=True)
        self._put(DEPLOYMENTS, answer)

    @_do.register
    def _(self, action: CreateBackup, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        self._put(BACKUPS, self._kube.create(BACKUPS, observed.namespace, backup_object(observed, action)))

    @_do.register
    def _(self, action: DeleteBackup, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        self._kube.delete(BACKUPS, observed.namespace, action.name, uid=action.uid)
        self._cache.drop(BACKUPS, observed.namespace, action.name)

    @_do.register
    def _(self, action: DeleteJob, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        self._kube.delete(JOBS, observed.namespace, action.name, uid=action.uid)
        self._cache.drop(JOBS, observed.namespace, action.name)

    @_do.register
    def _(self, action: SetFinalizer, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        patch = finalizer_patch(observed, FINALIZER, present=action.present)
        answer = self._kube.patch(INDEXES, observed.namespace, observed.name, patch)
        if observed.deleting and not action.present:
            self._cache.drop(INDEXES, observed.namespace, observed.name)
        else:
            self._put(INDEXES, answer)

    @_do.register
    def _(self, action: WriteBackupStatus, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        self._write(BACKUPS, observed, action.name, action.uid, action.status.to_json())

    @_do.register
    def _(self, action: WriteRestoreStatus, observed: Observed, now: datetime) -> None:  # noqa: ARG002
        self._write(RESTORES, observed, action.name, action.uid, action.status.to_json())

    def _confirm(self, observed: Observed) -> None:
        """Raises `KubeConflictError` where the API's Deployment is another by now."""
        if observed.api is None:
            return
        body = self._kube.get(DEPLOYMENTS, observed.namespace, observed.api.name)
        self._put(DEPLOYMENTS, body)
        if part(body, "metadata").get("resourceVersion") != observed.api.resource_version:
            raise KubeConflictError(f"Deployment {observed.api.name} changed since it was observed")

    def _write(self, resource: Resource, observed: Observed, name: str, uid: str, status: Json) -> None:
        place, patch = (observed.namespace, name), status_patch(status, uid)
        patch_that(self._kube, self._cache, resource, place, uid, patch, subresource="status")

    def _put(self, resource: Resource, answer: Json) -> None:
        self._cache.put(resource, answer)

    def _look_again(self, observed: Observed, action: Action) -> None:
        """Fetches what the action met, or forgets it where it is gone. What `patch_that` met, it has fetched already."""
        met: tuple[Resource, str] | None = None
        if isinstance(action, StartJob):
            met = (JOBS, job_name(observed.name, action))
        elif isinstance(action, RollOut) and observed.api is not None:
            met = (DEPLOYMENTS, observed.api.name)
        elif isinstance(action, SetFinalizer):
            met = (INDEXES, observed.name)
        elif isinstance(action, DeleteJob):
            met = (JOBS, action.name)
        elif isinstance(action, CreateBackup | DeleteBackup):
            met = (BACKUPS, action.name)
        if met is not None:
            fetch(self._kube, self._cache, met[0], (observed.namespace, met[1]))
