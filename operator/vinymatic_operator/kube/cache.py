"""What the watches brought, by kind, namespace and name: a copy that may be old and can be lost.

Safe from any thread. Whoever writes puts the server's answer in, so that the next look sees its own writes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable

from vinymatic_operator.kube.resources import Resource
from vinymatic_operator.observe.reading import name_of, namespace_of, part, text
from vinymatic_operator.resources.base import Json

Key = tuple[str, str]


class Cache:
    """Bodies by (namespace, name)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._bodies: dict[Resource, dict[Key, Json]] = {}

    def put(self, resource: Resource, body: Json) -> None:
        """Keeps what is newer: a watch may bring an older state than the answer to our own write, and the last word of an object after the
        first of another that was made under its name.
        """
        slim = {**body, "metadata": {k: v for k, v in part(body, "metadata").items() if k != "managedFields"}}
        with self._lock:
            kept = self._bodies.setdefault(resource, {})
            key = (namespace_of(body), name_of(body))
            before = kept.get(key)
            if before is None or _version(slim) >= _version(before):
                kept[key] = slim

    def drop(self, resource: Resource, namespace: str, name: str, *, uid: str | None = None) -> None:
        """`uid`: only that very object, not one that was made since under its name."""
        with self._lock:
            kept = self._bodies.get(resource, {})
            there = kept.get((namespace, name))
            if there is not None and uid in (None, _uid(there)):
                del kept[(namespace, name)]

    def replace(self, resource: Resource, bodies: Iterable[Json], before: frozenset[Key]) -> None:
        """All that there are, by a list: what was known `before` it was asked for and is not in it any more is gone."""
        there = list(bodies)
        listed = {(namespace_of(body), name_of(body)) for body in there}
        with self._lock:
            kept = self._bodies.setdefault(resource, {})
            for key in before - listed:
                kept.pop(key, None)
        for body in there:
            self.put(resource, body)

    def get(self, resource: Resource, namespace: str, name: str) -> Json | None:
        with self._lock:
            return self._bodies.get(resource, {}).get((namespace, name))

    def keys(self, resource: Resource) -> frozenset[Key]:
        with self._lock:
            return frozenset(self._bodies.get(resource, {}))

    def all(self, resource: Resource) -> list[tuple[str, Json]]:
        """With their namespaces."""
        with self._lock:
            return [(namespace, body) for (namespace, _), body in self._bodies.get(resource, {}).items()]

    def select(self, resource: Resource, namespace: str, wanted: Callable[[Json], bool]) -> list[Json]:
        with self._lock:
            found = [body for (place, _), body in self._bodies.get(resource, {}).items() if place == namespace]
        return [body for body in found if wanted(body)]


def _version(body: Json) -> int:
    """Numbers that grow with every change, as etcd gives them and Kubernetes guarantees since 1.35."""
    found = text(part(body, "metadata"), "resourceVersion") or ""
    return int(found) if found.isdecimal() else 0


def _uid(body: Json) -> str:
    return text(part(body, "metadata"), "uid") or ""
