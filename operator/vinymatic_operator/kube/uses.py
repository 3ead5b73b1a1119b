"""What the operator asks of the API server: the one table that its calls are held to and that its rights are made from."""

from __future__ import annotations

from collections.abc import Mapping

from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, EVENTS, INDEXES, JOBS, PODS, RESTORES, Resource

# What kopf watches for us.
WATCHED = (INDEXES, BACKUPS, RESTORES, JOBS, DEPLOYMENTS)

USES: Mapping[tuple[Resource, str | None], frozenset[str]] = {
    (INDEXES, None): frozenset({"get", "list", "watch", "patch"}),  # patch: the finalizer
    (INDEXES, "status"): frozenset({"patch"}),
    (BACKUPS, None): frozenset({"get", "list", "watch", "create", "delete"}),
    (BACKUPS, "status"): frozenset({"patch"}),
    (RESTORES, None): frozenset({"get", "list", "watch"}),
    (RESTORES, "status"): frozenset({"patch"}),
    (JOBS, None): frozenset({"get", "list", "watch", "create", "patch", "delete"}),
    (DEPLOYMENTS, None): frozenset({"get", "list", "watch", "patch"}),
    (PODS, None): frozenset({"list"}),
    (EVENTS, None): frozenset({"create"}),
}


def permitted(verb: str, resource: Resource, subresource: str | None) -> bool:
    return verb in USES.get((resource, subresource), frozenset())
