"""VinylBackups and VinylRestores of a VinylIndex that is not there: they are told so, and carried out once it is."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from vinymatic_operator.act.objects import status_patch
from vinymatic_operator.act.patching import patch_that
from vinymatic_operator.errors import KubeNotFoundError
from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES, Resource
from vinymatic_operator.observe.objects import read_backup, read_restore
from vinymatic_operator.observe.reading import part, text
from vinymatic_operator.observe.seen import BackupSeen, RestoreSeen
from vinymatic_operator.resources.base import Json
from vinymatic_operator.status.conditions import set_condition

REASON = "IndexMissing"


def wanted_indexes(cache: Cache) -> frozenset[Key]:
    """The indexes that there are, and those that something waits for."""
    waiting = {
        (namespace, index)
        for resource in (BACKUPS, RESTORES)
        for namespace, body in cache.all(resource)
        if (index := text(part(body, "spec"), "index")) is not None and not _told(resource, body)
    }
    return cache.keys(INDEXES) | waiting


def tell_orphans(kube: Kube, cache: Cache, key: Key, now: datetime) -> bool:
    """Whether anything was told. Raises `KubeError`."""
    namespace, index = key
    done = False
    for resource in (BACKUPS, RESTORES):
        for body in cache.select(resource, namespace, lambda found: text(part(found, "spec"), "index") == index):
            seen = _seen(resource, body)
            if seen is None or _told(resource, body):
                continue
            message = f"there is no VinylIndex {index} in namespace {namespace}"
            conditions = set_condition(
                seen.status.conditions, "Complete", "False", REASON, message, seen.generation, now
            )
            status = seen.status.model_copy(update={"conditions": conditions, "observed_generation": seen.generation})
            patch = status_patch(status.to_json(), seen.uid)
            with suppress(KubeNotFoundError):  # gone meanwhile, and forgotten
                patch_that(kube, cache, resource, (namespace, seen.name), seen.uid, patch, subresource="status")
            done = True
    return done


def _told(resource: Resource, body: Json) -> bool:
    """Finished, or told already."""
    seen = _seen(resource, body)
    return seen is None or seen.finished or any(c.reason == REASON for c in seen.status.conditions)


def _seen(resource: Resource, body: Json) -> BackupSeen | RestoreSeen | None:
    return read_backup(body) if resource is BACKUPS else read_restore(body)
