"""Jobs, Deployments, VinylBackups and VinylRestores, read into plain values. Pure: nothing here raises on an odd object."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

from pydantic import ValidationError

from vinymatic_operator.observe.reading import (
    Found,
    annotations_of,
    being_deleted,
    condition,
    created,
    environment_of,
    items,
    labels_of,
    name_of,
    number_of,
    part,
    text,
    time,
    uid_of,
    whole,
)
from vinymatic_operator.observe.result import parse_result
from vinymatic_operator.observe.seen import BackupSeen, DeploymentSeen, JobSeen, JobState, RestoreSeen
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources import names
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.index_spec import Workload
from vinymatic_operator.resources.restore import RestoreRequest, RestoreStatus

Status = TypeVar("Status", BackupStatus, RestoreStatus)


def read_jobs(bodies: Iterable[Found]) -> tuple[JobSeen, ...]:
    return tuple(job for job in map(read_job, bodies) if job is not None)


def read_job(body: Found) -> JobSeen | None:
    """None: no Job of this operator's making."""
    labels, annotations = labels_of(body), annotations_of(body)
    try:
        step, attempt = Step(labels.get(names.STEP_LABEL, "")), int(labels.get(names.ATTEMPT_LABEL, ""))
    except ValueError:
        return None
    failed, complete = condition(body, "Failed"), condition(body, "Complete")
    state, ended = JobState.RUNNING, None
    if complete.get("status") == "True":
        state, ended = JobState.SUCCEEDED, time(part(body, "status"), "completionTime")
    elif failed.get("status") == "True":
        state, ended = JobState.FAILED, time(failed, "lastTransitionTime")
    result = annotations.get(names.RESULT)
    return JobSeen(
        name=name_of(body),
        uid=uid_of(body),
        step=step,
        key=labels.get(names.KEY_LABEL, ""),
        attempt=attempt,
        state=state,
        created=created(body),
        finished=ended,
        result=None if result is None else parse_result(result),
        owner=labels.get(names.OWNER_LABEL),
        request=annotations.get(names.REQUEST),
        reason=annotations.get(names.REASON, ""),
        failure=": ".join(filter(None, (text(failed, "reason"), text(failed, "message")))),
    )


def index_uid_of(job: Found) -> str | None:
    """Of the VinylIndex that a Job is of; None: it is of a VinylBackup or a VinylRestore, which outlive theirs, or of nothing.

    A Job is still there, or still known, for a while after the index that it was of: it says nothing of another index of that name.
    """
    owners = items(part(job, "metadata"), "ownerReferences")
    return next((text(owner, "uid") for owner in owners if owner.get("kind") == names.INDEX_KIND), None)


def read_deployment(body: Found, workload: Workload) -> DeploymentSeen | None:
    """None: it has not the container that `workload` names."""
    spec, status, template = part(body, "spec"), part(body, "status"), part(body, "spec", "template")
    containers = list(items(part(template, "spec"), "containers"))
    container = next((c for c in containers if workload.container in (None, text(c, "name"))), None)
    if container is None:
        return None
    environment, annotations = environment_of(container), annotations_of(template)
    progressing, refused = condition(body, "Progressing"), condition(body, "ReplicaFailure")
    return DeploymentSeen(
        name=name_of(body),
        uid=uid_of(body),
        resource_version=text(part(body, "metadata"), "resourceVersion") or "",
        generation=whole(part(body, "metadata"), "generation"),
        observed_generation=whole(status, "observedGeneration"),
        wanted=whole(spec, "replicas") if "replicas" in spec else 1,
        total=whole(status, "replicas"),
        updated=whole(status, "updatedReplicas"),
        available=whole(status, "availableReplicas"),
        ready=whole(status, "readyReplicas"),
        progressed=progressing.get("reason") == "NewReplicaSetAvailable",
        stuck=progressing.get("reason") == "ProgressDeadlineExceeded",
        progress_at=time(progressing, "lastUpdateTime"),
        refused=text(refused, "message") if refused.get("status") == "True" else None,
        container=text(container, "name") or "",
        image=text(container, "image") or "",
        environment=environment,
        selector=labels_of({"metadata": {"labels": part(spec, "selector", "matchLabels")}}),
        epoch=number_of(environment, names.EPOCH_VARIABLE),
        min_manifest=number_of(environment, names.MANIFEST_VARIABLE),
        rolled_for=annotations.get(names.ROLLED_FOR),
        rolled_at=moment(annotations.get(names.ROLLED_AT)),
    )


def read_backup(body: Found) -> BackupSeen:
    return BackupSeen(
        name=name_of(body),
        uid=uid_of(body),
        generation=whole(part(body, "metadata"), "generation"),
        created=created(body),
        status=_status(BackupStatus, part(body, "status")),
        scheduled_for=moment(annotations_of(body).get(names.SCHEDULED_FOR)),
        deleting=being_deleted(body),
    )


def read_restore(body: Found) -> RestoreSeen | None:
    """None: its spec says nothing that this operator understands."""
    try:
        spec = RestoreRequest.model_validate(part(body, "spec"))
    except ValidationError:
        return None
    return RestoreSeen(
        name=name_of(body),
        uid=uid_of(body),
        generation=whole(part(body, "metadata"), "generation"),
        created=created(body),
        spec=spec,
        status=_status(RestoreStatus, part(body, "status")),
        deleting=being_deleted(body),
    )


def _status(kind: type[Status], found: Found) -> Status:
    """A status that cannot be read is written anew."""
    try:
        return kind.model_validate(found)
    except ValidationError:
        return kind()
