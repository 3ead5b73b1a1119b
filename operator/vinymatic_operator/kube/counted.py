"""`Kube` with each request counted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from vinymatic_operator.errors import KubeError
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import Resource
from vinymatic_operator.metrics import Metrics
from vinymatic_operator.resources.base import Json


class Counted:
    def __init__(self, kube: Kube, metrics: Metrics) -> None:
        self._kube = kube
        self._metrics = metrics

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        with self._counting("get", resource):
            return self._kube.get(resource, namespace, name)

    def list(self, resource: Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None) -> list[Json]:
        with self._counting("list", resource):
            return self._kube.list(resource, namespace, labels=labels)

    def create(self, resource: Resource, namespace: str, body: Json) -> Json:
        with self._counting("create", resource):
            return self._kube.create(resource, namespace, body)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Json | Sequence[Json],
        *,
        subresource: str | None = None,
        strategic: bool = False,
    ) -> Json:
        with self._counting("patch", resource):
            return self._kube.patch(resource, namespace, name, patch, subresource=subresource, strategic=strategic)

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        with self._counting("delete", resource):
            self._kube.delete(resource, namespace, name, uid=uid)

    @contextmanager
    def _counting(self, verb: str, resource: Resource) -> Iterator[None]:
        self._metrics.requests.labels(verb, resource.plural).inc()
        try:
            yield
        except KubeError as error:
            self._metrics.errors.labels(error.code).inc()
            raise
