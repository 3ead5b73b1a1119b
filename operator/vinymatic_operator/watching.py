"""kopf watches, and does nothing else: what it brings goes into the cache, and wakes the index that it belongs to.

No handler changes an object, so kopf writes no annotations and no finalizers of its own, and nothing waits for a handler that hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import kopf

from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, RESTORES, Resource
from vinymatic_operator.kube.uses import WATCHED
from vinymatic_operator.observe.reading import labels_of, name_of, namespace_of, part, text, uid_of
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import INDEX_LABEL

# Seconds: a watch that the server lets go on for ever may be dead.
_WATCH = 300


class Watching:
    """What arrives goes in here, from kopf's loop."""

    def __init__(self, cache: Cache, wake: Callable[[Key], None]) -> None:
        self._cache = cache
        self._wake = wake

    def arrived(self, resource: Resource, kind: str | None, body: Json) -> None:
        namespace = namespace_of(body)
        owners = self.indexes_of(resource, body)
        if kind == "DELETED":
            # Its end may be told after the beginning of another of its name.
            self._cache.drop(resource, namespace, name_of(body), uid=uid_of(body))
        elif resource is not DEPLOYMENTS or owners:
            self._cache.put(resource, body)
        for owner in owners:
            self._wake((namespace, owner))

    def indexes_of(self, resource: Resource, body: Json) -> list[str]:
        """The VinylIndexes that something belongs to. Others' Deployments, which may be thousands, belong to none."""
        if resource is INDEXES:
            return [name_of(body)]
        if resource is JOBS:
            return [name for name in [labels_of(body).get(INDEX_LABEL)] if name is not None]
        if resource in (BACKUPS, RESTORES):
            return [name for name in [text(part(body, "spec"), "index")] if name is not None]
        wanted = name_of(body)
        found = self._cache.select(INDEXES, namespace_of(body), lambda index: wanted in _deployments_of(index))
        return [name_of(index) for index in found]


def _deployments_of(index: Json) -> set[str | None]:
    return {text(part(index, "spec", workload), "deployment") for workload in ("api", "ingestor")}


def registry_for(watching: Watching) -> kopf.OperatorRegistry:
    registry = kopf.OperatorRegistry()
    for resource in WATCHED:
        _watch(registry, resource, watching)

    kopf.on.login(registry=registry)(kopf.login_via_client)

    @kopf.on.startup(registry=registry)
    def configure(settings: kopf.OperatorSettings, **_: object) -> None:
        settings.watching.server_timeout = _WATCH
        settings.watching.connect_timeout = 10
        settings.watching.label_selectors[f"{JOBS.plural}.{JOBS.group}"] = INDEX_LABEL
        settings.posting.enabled = False
        settings.scanning.disabled = True

    return registry


def _watch(registry: kopf.OperatorRegistry, resource: Resource, watching: Watching) -> None:
    place = (resource.group, resource.version, resource.plural)

    @kopf.on.event(*place, registry=registry, id=resource.plural)
    async def arrived(type: str | None, body: Mapping[str, object], **_: object) -> None:  # noqa: A002 - kopf's name
        watching.arrived(resource, type, cast(Json, dict(body)))
