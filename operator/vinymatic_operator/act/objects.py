"""The other things that the operator writes, as dicts. Pure."""

from __future__ import annotations

from datetime import datetime

from pydantic import JsonValue

from vinymatic_operator.observe.seen import DeploymentSeen, Observed
from vinymatic_operator.plan.actions import CreateBackup, RollOut
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import (
    API_VERSION,
    BACKUP_KIND,
    EPOCH_VARIABLE,
    INDEX_KIND,
    INDEX_LABEL,
    MANAGED_BY,
    MANIFEST_VARIABLE,
    OPERATOR_NAME,
    ROLLED_AT,
    ROLLED_FOR,
    SCHEDULED_FOR,
)
from vinymatic_operator.status.conditions import stamp


def rollout_patch(api: DeploymentSeen, action: RollOut, now: datetime) -> Json:
    """A strategic merge patch. It holds for the Deployment as it was observed only: `resourceVersion` makes a later change win."""
    variables: list[JsonValue] = [{"name": MANIFEST_VARIABLE, "value": str(action.min_manifest)}]
    if action.epoch is not None:
        variables.append({"name": EPOCH_VARIABLE, "value": str(action.epoch)})
    return {
        "metadata": {"resourceVersion": api.resource_version},
        "spec": {
            # Nobody's request is lost: a pod goes only when a new one is ready in its place.
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {"annotations": {ROLLED_FOR: action.reason, ROLLED_AT: stamp(now)}},
                "spec": {"containers": [{"name": api.container, "env": variables}]},
            },
        },
    }


def backup_object(observed: Observed, action: CreateBackup) -> Json:
    """No owner: the record of a backup outlives the VinylIndex, as the backup does."""
    return {
        "apiVersion": API_VERSION,
        "kind": BACKUP_KIND,
        "metadata": {
            "name": action.name,
            "namespace": observed.namespace,
            "labels": {INDEX_LABEL: observed.name, MANAGED_BY: OPERATOR_NAME},
            "annotations": {SCHEDULED_FOR: stamp(action.scheduled_for)},
        },
        "spec": {"index": observed.name},
    }


def event_object(observed: Observed, kind: str, reason: str, message: str, now: datetime) -> Json:
    """`kind`: Normal or Warning."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"generateName": f"{observed.name}.", "namespace": observed.namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": INDEX_KIND,
            "name": observed.name,
            "namespace": observed.namespace,
            "uid": observed.uid,
        },
        "type": kind,
        "reason": reason,
        "message": message[:1_000],
        "source": {"component": OPERATOR_NAME},
        "reportingComponent": OPERATOR_NAME,
        "firstTimestamp": stamp(now),
        "lastTimestamp": stamp(now),
        "count": 1,
    }


def finalizer_patch(observed: Observed, finalizer: str, *, present: bool) -> Json:
    """A merge patch. It holds for the VinylIndex as it was observed only: other finalizers must not get lost."""
    kept = [name for name in observed.finalizers if name != finalizer]
    wanted: list[JsonValue] = [*kept, finalizer] if present else [*kept]
    return {"metadata": {"finalizers": wanted, "resourceVersion": observed.resource_version}}


def status_patch(status: Json, uid: str) -> list[Json]:
    """The whole status, in one request. It holds for that very object only: of one that was finished, the next of its name, with this
    status, would never be carried out. The API server passes over a uid in a merge patch of a status.
    """
    return [{"op": "test", "path": "/metadata/uid", "value": uid}, {"op": "add", "path": "/status", "value": status}]
