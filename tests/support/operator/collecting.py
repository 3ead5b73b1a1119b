"""What Kubernetes deletes by itself: what belonged to something that is gone, and Jobs whose time to live is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.support.operator.objects import Objects
from vinymatic_operator.kube.resources import JOBS, PODS
from vinymatic_operator.observe.reading import items, labels_of, name_of, namespace_of, part, text, time, whole
from vinymatic_operator.resources.base import Json


def collect(objects: Objects, now: datetime) -> bool:
    """True when something went."""
    there = {str(part(body, "metadata")["uid"]) for kind in objects.bodies.values() for body in kind.values()}
    gone = [job for job in objects.all(JOBS) if _orphan(job, there) or _outlived(job, now)]
    names = {name_of(job) for job in gone}
    pods = [pod for pod in objects.all(PODS) if labels_of(pod).get("batch.kubernetes.io/job-name") in names]
    for resource, bodies in ((JOBS, gone), (PODS, pods)):
        for body in bodies:
            objects.remove(resource, namespace_of(body), name_of(body))
    return bool(gone)


def _orphan(job: Json, there: set[str]) -> bool:
    owners = [text(owner, "uid") for owner in items(part(job, "metadata"), "ownerReferences")]
    return bool(owners) and there.isdisjoint(owners)


def _outlived(job: Json, now: datetime) -> bool:
    ended = next((time(found, "lastTransitionTime") for found in items(part(job, "status"), "conditions")), None)
    return ended is not None and now - ended >= timedelta(seconds=whole(part(job, "spec"), "ttlSecondsAfterFinished"))
