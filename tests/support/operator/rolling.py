"""Deployments in memory: rolled pod by pod, as the real controllers do with surge 1 and unavailable 0."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from tests.support.operator.objects import Objects
from vinymatic_operator.kube.resources import DEPLOYMENTS, PODS
from vinymatic_operator.observe.reading import (
    Found,
    environment_of,
    items,
    labels_of,
    name_of,
    namespace_of,
    part,
    text,
    whole,
)
from vinymatic_operator.resources.base import Json
from vinymatic_operator.status.conditions import stamp


def roll(objects: Objects, deployment: Json, now: datetime, can_serve: Callable[[Json], bool]) -> bool:
    """One step: a new pod comes, or gets ready, or an old one goes. `can_serve`: whether a pod gets ready, or stays so."""
    app, wanted = name_of(deployment), whole(part(deployment, "spec"), "replicas")
    namespace = namespace_of(deployment)
    template = part(deployment, "spec", "template")
    pods = [pod for pod in objects.all(PODS) if labels_of(pod).get("app") == app]
    new = [pod for pod in pods if part(pod, "spec") == template["spec"]]
    old = [pod for pod in pods if pod not in new]
    moved = False
    for pod in new:
        said = "True" if can_serve(pod) else "False"
        if part(pod, "status") != (status := _pod_status(said)):
            objects.put(PODS, {**pod, "status": status})
            moved = True
    if not moved:
        if len(new) < wanted and len(pods) < wanted + 1:
            name = f"{app}-{objects.number()}"
            objects.put(
                PODS,
                {
                    "metadata": {"name": name, "namespace": namespace, "labels": {"app": app}},
                    "spec": template["spec"],
                    "status": _pod_status("False"),
                },
            )
            moved = True
        elif (going := _to_go(old, pods, wanted)) is not None:
            objects.remove(PODS, namespace, name_of(going))
            moved = True
    return _tell(objects, deployment, app, now) or moved


def _tell(objects: Objects, deployment: Json, app: str, now: datetime) -> bool:
    template, wanted = part(deployment, "spec", "template"), whole(part(deployment, "spec"), "replicas")
    pods = [pod for pod in objects.all(PODS) if labels_of(pod).get("app") == app]
    new = [pod for pod in pods if part(pod, "spec") == template["spec"]]
    whole_now = len(new) == len(pods) == wanted and all(map(ready, new))
    before = next((c for c in items(part(deployment, "status"), "conditions")), {})
    generation = part(deployment, "metadata")["generation"]
    known = part(deployment, "status").get("observedGeneration") == generation
    reason = (
        "NewReplicaSetAvailable"
        if whole_now or (known and before.get("reason") == "NewReplicaSetAvailable")
        else "ReplicaSetUpdated"
    )
    able = len([pod for pod in pods if ready(pod)])
    changed = (len(new), able) != (
        part(deployment, "status").get("updatedReplicas"),
        part(deployment, "status").get("readyReplicas"),
    )
    status: Json = {
        "observedGeneration": generation,
        "replicas": len(pods),
        "updatedReplicas": len(new),
        "readyReplicas": able,
        "availableReplicas": able,
        "conditions": [
            {
                "type": "Progressing",
                "status": "True",
                "reason": reason,
                "lastUpdateTime": stamp(now) if changed else text(before, "lastUpdateTime") or stamp(now),
            }
        ],
    }
    if status == part(deployment, "status"):
        return False
    objects.put(DEPLOYMENTS, {**deployment, "status": status})
    return True


def _to_go(old: list[Json], pods: list[Json], wanted: int) -> Json | None:
    """The next old pod to go: first those that are not ready, and a ready one only where enough others are."""
    not_ready = next((pod for pod in old if not ready(pod)), None)
    enough = len([pod for pod in pods if ready(pod)]) > wanted
    return not_ready or next((pod for pod in old if enough), None)


def _pod_status(ready: str) -> Json:
    return {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]}


def ready(pod: Found) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in items(part(pod, "status"), "conditions"))


def held_to(pod: Found) -> tuple[int | None, int | None]:
    environment = environment_of(next(items(part(pod, "spec"), "containers")))
    epoch, least = environment.get("INDEX_EPOCH"), environment.get("INDEX_MIN_MANIFEST")
    return int(epoch) if epoch else None, int(least) if least else None
