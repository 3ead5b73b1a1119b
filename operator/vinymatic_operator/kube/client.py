"""The API server, spoken to in plain dicts through the official client: one request a call, never retried here.

Retrying is the next tick's work, which looks again first: a write whose answer was lost may have landed.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, cast
from urllib.parse import urlencode

import kubernetes.client
import kubernetes.config
import urllib3

from vinymatic_operator.errors import (
    KubeConflictError,
    KubeDeniedError,
    KubeError,
    KubeInvalidError,
    KubeNotFoundError,
    KubeThrottledError,
    KubeUnavailableError,
)
from vinymatic_operator.kube.resources import Resource
from vinymatic_operator.resources.base import Json

# Seconds: an API server that does not answer must not stop the ticks of every index.
_TIMEOUT = (5.0, 20.0)
_PAGE = 500
_DRY_RUN: Mapping[str, str] = {"dryRun": "All"}

_BY_STATUS: Mapping[int, type[KubeError]] = {
    400: KubeInvalidError,
    401: KubeDeniedError,
    403: KubeDeniedError,
    404: KubeNotFoundError,
    409: KubeConflictError,
    422: KubeInvalidError,
    429: KubeThrottledError,
}

Permitted = Callable[[str, Resource, str | None], bool]


class Kube(Protocol):
    """What the operator asks of the API server. Each call raises `KubeError`."""

    def get(self, resource: Resource, namespace: str, name: str) -> Json: ...

    def list(self, resource: Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None) -> list[Json]:
        """In every namespace where `namespace` is None; with all of `labels`."""

    def create(self, resource: Resource, namespace: str, body: Json) -> Json: ...

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
        """A JSON patch (a list), a merge patch (a dict) or, where `strategic`, a strategic merge patch."""

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        """In the background, with what it owns. Nothing there: no error. `uid`: only that very object."""


class ApiServer:
    """`Kube` on the official client. `permitted` says which calls the caller declared to need: another is a bug, found before the
    server refuses it in production. None: whatever the user may."""

    def __init__(self, api: kubernetes.client.ApiClient, permitted: Permitted | None = None) -> None:
        self._api = api
        self._permitted = permitted

    def get(self, resource: Resource, namespace: str, name: str) -> Json:
        return self._ask("get", "GET", resource, namespace, name)

    def list(self, resource: Resource, namespace: str | None, *, labels: Mapping[str, str] | None = None) -> list[Json]:
        query = {"limit": str(_PAGE)}
        if labels:
            query["labelSelector"] = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        found: list[Json] = []
        while True:
            page = self._ask("list", "GET", resource, namespace, query=query)
            found += cast(list[Json], page.get("items") or [])
            metadata = page.get("metadata")
            going_on = metadata.get("continue") if isinstance(metadata, dict) else None
            if not isinstance(going_on, str) or not going_on:
                return found
            query = {**query, "continue": going_on}

    def create(self, resource: Resource, namespace: str, body: Json, *, dry_run: bool = False) -> Json:
        """`dry_run`: the server checks and answers as if, and keeps nothing."""
        query = _DRY_RUN if dry_run else None
        return self._ask("create", "POST", resource, namespace, body=body, query=query)

    def patch(
        self,
        resource: Resource,
        namespace: str,
        name: str,
        patch: Json | Sequence[Json],
        *,
        subresource: str | None = None,
        strategic: bool = False,
        dry_run: bool = False,
    ) -> Json:
        kind = "strategic-merge-patch" if strategic else "merge-patch" if isinstance(patch, dict) else "json-patch"
        content, query = f"application/{kind}+json", _DRY_RUN if dry_run else None
        return self._ask(
            "patch", "PATCH", resource, namespace, name, subresource, body=patch, content=content, query=query
        )

    def delete(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        options: Json = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"}
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        try:
            self._ask("delete", "DELETE", resource, namespace, name, body=options)
        except KubeNotFoundError:
            return

    def _ask(
        self,
        verb: str,
        method: str,
        resource: Resource,
        namespace: str | None,
        name: str | None = None,
        subresource: str | None = None,
        *,
        body: Json | Sequence[Json] | None = None,
        content: str = "application/json",
        query: Mapping[str, str] | None = None,
    ) -> Json:
        if self._permitted is not None and not self._permitted(verb, resource, subresource):
            raise KubeDeniedError(
                f"the operator does not declare that it needs to {verb} {resource.plural}/{subresource or ''}"
            )
        path = resource.path(namespace, name, subresource)
        headers = {"Accept": "application/json, */*", "Content-Type": content, "User-Agent": "vinymatic-operator"}
        self._api.update_params_for_auth(headers, [], ["BearerToken"], path, method, body)
        url = f"{self._api.configuration.host.rstrip('/')}{path}{'?' + urlencode(query) if query else ''}"
        try:
            response = self._api.rest_client.pool_manager.request(
                method,
                url,
                body=None if body is None else json.dumps(body).encode(),
                headers=headers,
                timeout=urllib3.Timeout(*_TIMEOUT),
                retries=False,
            )
        except urllib3.exceptions.HTTPError as error:
            raise KubeUnavailableError(f"{verb} {path}: {error}") from error
        if response.status >= 300:
            raise _refusal(response.status, f"{verb} {path}", response.data)
        return _object(response.data, f"{verb} {path}")


def _object(data: bytes, what: str) -> Json:
    try:
        found = json.loads(data)
    except ValueError as error:
        raise KubeUnavailableError(f"{what}: the answer is no JSON ({error})") from None
    if not isinstance(found, dict):
        raise KubeUnavailableError(f"{what}: the answer is no object")
    return found


def _refusal(status: int, what: str, data: bytes) -> KubeError:
    try:
        said = str(json.loads(data)["message"])
    except (ValueError, KeyError, TypeError):
        said = data[:200].decode("utf-8", "replace")
    return _BY_STATUS.get(status, KubeUnavailableError)(f"{what}: {status} {said}")


def connect(permitted: Permitted | None = None, *, context: str | None = None) -> ApiServer:
    """With the pod's own ServiceAccount inside a cluster, else by KUBECONFIG. Raises `KubeUnavailableError` where there is neither."""
    configuration = kubernetes.client.Configuration()
    try:
        if os.environ.get("KUBERNETES_SERVICE_HOST") and not os.environ.get("KUBECONFIG") and context is None:
            kubernetes.config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        else:
            kubernetes.config.load_kube_config(client_configuration=configuration, context=context)  # type: ignore[no-untyped-call]
    except (kubernetes.config.ConfigException, OSError) as error:
        raise KubeUnavailableError(f"no cluster to talk to: {error}") from error
    return ApiServer(kubernetes.client.ApiClient(configuration), permitted)
