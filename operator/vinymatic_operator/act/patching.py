"""Patches of that very object which was observed: one that was deleted and made again under its name is another."""

from __future__ import annotations

from collections.abc import Sequence

from vinymatic_operator.errors import KubeConflictError, KubeInvalidError, KubeNotFoundError
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.client import Kube
from vinymatic_operator.kube.resources import Resource
from vinymatic_operator.observe.reading import uid_of
from vinymatic_operator.resources.base import Json


def patch_that(
    kube: Kube,
    cache: Cache,
    resource: Resource,
    place: tuple[str, str],
    uid: str,
    patch: Json | Sequence[Json],
    *,
    subresource: str | None = None,
) -> None:
    """`patch` names `uid` itself. The answer goes into the cache, or what has the name by now.

    Raises `KubeError`; `KubeNotFoundError` where that object is gone, also where another has its name.
    """
    try:
        answer = kube.patch(resource, *place, patch, subresource=subresource)
    except KubeNotFoundError:
        # The watch may have missed that, or told of the next one of this name already.
        cache.drop(resource, *place, uid=uid)
        raise
    except (KubeConflictError, KubeInvalidError) as error:
        # The server's words for another uid, 422, are those for a value that it does not take.
        found = fetch(kube, cache, resource, place)
        if found is not None and uid_of(found) == uid:
            raise
        raise KubeNotFoundError(f"{resource.plural} {'/'.join(place)} is not the one that was observed") from error
    cache.put(resource, answer)


def fetch(kube: Kube, cache: Cache, resource: Resource, place: tuple[str, str]) -> Json | None:
    """As it is now, into the cache; what is gone is forgotten. Raises `KubeError`."""
    try:
        found = kube.get(resource, *place)
    except KubeNotFoundError:
        cache.drop(resource, *place)
        return None
    cache.put(resource, found)
    return found
