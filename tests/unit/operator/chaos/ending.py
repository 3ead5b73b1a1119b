"""What is compared between a run that was disturbed and one that was not: everything but times, versions and numbers of manifests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from tests.support.operator.world import NAME, NAMESPACE, World
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, PODS, RESTORES, Resource
from vinymatic_operator.observe.reading import (
    condition,
    environment_of,
    items,
    labels_of,
    name_of,
    part,
)
from vinymatic_operator.resources.base import Json


def ending(world: World) -> dict[str, object]:
    state = world.index.state
    there = (NAMESPACE, NAME) in world.objects.bodies[INDEXES]
    return {
        "index": (state.active_epoch, state.previous_epoch, state.candidate_epoch, state.covers, world.index.lost),
        "backups": len(world.index.backups),
        "ran well": Counter(world.index.done),
        "template": world.template_epoch(),
        "pods": Counter(_pods(world)),
        "there": there,
        "conditions": _conditions(world.objects.bodies[INDEXES][(NAMESPACE, NAME)]) if there else (),
        "records": {**_records(world, BACKUPS), **_records(world, RESTORES)},
    }


def twice(world: World) -> list[str]:
    """Jobs of a second attempt, and more, where the one before had not failed."""
    wrong = []
    for name in made(world):
        stem, _, attempt = name.rpartition("-")
        if int(attempt) > 1 and world.ended.get(f"{stem}-{int(attempt) - 1}", False):
            wrong.append(name)
    return wrong


def made(world: World) -> list[str]:
    """Jobs that ran, oldest first."""
    return [*world.ended]


def _pods(world: World) -> Iterable[tuple[str | None, object]]:
    for pod in world.objects.all(PODS):
        if labels_of(pod).get("app") == "api":
            (container,) = items(part(pod, "spec"), "containers")
            yield environment_of(container).get("INDEX_EPOCH"), condition(pod, "Ready").get("status")


def _conditions(body: Json) -> tuple[tuple[str, ...], ...]:
    found = items(part(body, "status"), "conditions")
    return tuple(sorted(tuple(str(one[name]) for name in ("type", "status", "reason")) for one in found))


def _records(world: World, resource: Resource) -> dict[str, object]:
    return {f"{resource.plural} {name_of(body)}": _conditions(body) for body in world.objects.all(resource)}
