"""The Job of a step, as a dict. Pure."""

from __future__ import annotations

from pydantic import JsonValue

from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import StartJob
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import (
    API_VERSION,
    ATTEMPT_LABEL,
    BACKUP_KIND,
    INDEX_KIND,
    INDEX_LABEL,
    KEY_LABEL,
    MANAGED_BY,
    OPERATOR_NAME,
    OWNER_LABEL,
    REASON,
    REQUEST,
    RESTORE_KIND,
    STEP_LABEL,
)
from vinymatic_operator.resources.places import backup_url, index_url

CONTAINER = "vinymatic"
TERMINATION_LOG = "/dev/termination-log"
SCRATCH = "/scratch"
# As in the images: nobody in particular, and never root.
_USER = 10_001
# The exit codes of `vinymatic`: 1 is an error that it explained, 2 a setting that is not allowed.
_NOT_PASSED, _BAD_SETTING = 1, 2
# A gate or a drill that says no exits with 1: another pod would say the same.
_ONCE = frozenset({Step.GATE, Step.DRILL})
_LONGEST_ANNOTATION = 1_000


def job_name(index: str, start: StartJob) -> str:
    """At most 63 characters, since names of a VinylIndex have at most 40."""
    return f"{index}-{start.step}-{start.key}-{start.attempt}"


def job_manifest(observed: Observed, start: StartJob) -> Json:
    """`observed` gives the image of the ingestor where the template names none."""
    template = observed.spec.job_template
    spec: Json = {
        "backoffLimit": template.backoff_limit,
        "activeDeadlineSeconds": template.active_deadline_seconds,
        "ttlSecondsAfterFinished": template.ttl_seconds_after_finished,
        "podFailurePolicy": {"rules": _failure_rules(start.step)},
        "template": {"metadata": {"labels": _labels(observed, start)}, "spec": _pod(observed, start)},
    }
    if start.parallelism > 1:
        spec |= {"completionMode": "Indexed", "completions": start.parallelism, "parallelism": start.parallelism}
    annotations: Json = {REASON: start.reason[:_LONGEST_ANNOTATION]}
    if start.request is not None:
        annotations[REQUEST] = start.request
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {
            "name": job_name(observed.name, start),
            "namespace": observed.namespace,
            "labels": _labels(observed, start),
            "annotations": annotations,
            "ownerReferences": [_owner(observed, start)],
        },
        "spec": spec,
    }


def _labels(observed: Observed, start: StartJob) -> Json:
    labels: Json = {
        INDEX_LABEL: observed.name,
        STEP_LABEL: start.step.value,
        KEY_LABEL: start.key,
        ATTEMPT_LABEL: str(start.attempt),
        MANAGED_BY: OPERATOR_NAME,
    }
    if start.owner is not None:
        labels[OWNER_LABEL] = start.owner
    return labels


def _owner(observed: Observed, start: StartJob) -> Json:
    """A Job goes with what it works for."""
    kind, name, uid = INDEX_KIND, observed.name, observed.uid
    if start.owner is not None and start.owner_uid is not None:
        kind, name, uid = (RESTORE_KIND if start.step is Step.RESTORE else BACKUP_KIND), start.owner, start.owner_uid
    return {"apiVersion": API_VERSION, "kind": kind, "name": name, "uid": uid, "controller": True}


def _failure_rules(step: Step) -> list[JsonValue]:
    """A pod that was evicted counts as no failure; one that explained why it cannot is not started again."""
    final = [_NOT_PASSED, _BAD_SETTING] if step in _ONCE else [_BAD_SETTING]
    return [
        {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
        {
            "action": "FailJob",
            "onExitCodes": {"containerName": CONTAINER, "operator": "In", "values": [*final]},
        },
    ]


def _pod(observed: Observed, start: StartJob) -> Json:
    template, storage = observed.spec.job_template, observed.spec.storage
    pod: Json = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "runAsGroup": _USER,
            "fsGroup": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(observed, start)],
        "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": template.scratch_size_limit}}],
    }
    account = template.service_account_name or storage.service_account_name
    if account is not None:
        pod["serviceAccountName"] = account
    if template.node_selector:
        pod["nodeSelector"] = {**template.node_selector}
    if template.tolerations:
        pod["tolerations"] = [toleration.to_json() for toleration in template.tolerations]
    if template.priority_class_name is not None:
        pod["priorityClassName"] = template.priority_class_name
    if template.image_pull_secrets:
        pod["imagePullSecrets"] = [{"name": name} for name in template.image_pull_secrets]
    return pod


def _container(observed: Observed, start: StartJob) -> Json:
    template = observed.spec.job_template
    container: Json = {
        "name": CONTAINER,
        "image": template.image or (observed.ingestor.image if observed.ingestor is not None else ""),
        "command": ["vinymatic", *start.arguments],
        "env": [*_environment(observed, start)],
        "resources": template.resources.to_json(),
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": SCRATCH}],
        "terminationMessagePath": TERMINATION_LOG,
        "terminationMessagePolicy": "FallbackToLogsOnError",
    }
    if template.image_pull_policy is not None:
        container["imagePullPolicy"] = template.image_pull_policy
    return container


def _environment(observed: Observed, start: StartJob) -> list[JsonValue]:
    storage, features = observed.spec.storage, observed.spec.features
    values: dict[str, str] = {
        "INDEX_URL": index_url(observed.spec),
        "S3_REGION": storage.region,
        "SIFT_DIMENSIONS": str(features.dimensions),
        "BACKUP_FOLDER": SCRATCH,
        "TMPDIR": SCRATCH,
        "RESULT_FILE": TERMINATION_LOG,
        "PYTHONUNBUFFERED": "1",
    }
    if storage.endpoint is not None:
        values["S3_ENDPOINT_URL"] = storage.endpoint
    backups = backup_url(observed.spec)
    if backups is not None and observed.spec.backup is not None:
        values |= {"BACKUP_URL": backups, "BACKUP_QUESTIONS": str(observed.spec.backup.questions)}
    values |= dict(start.environment)
    environment: list[JsonValue] = [{"name": name, "value": value} for name, value in values.items()]
    if storage.secret_name is not None:
        environment += [
            {"name": name, "valueFrom": {"secretKeyRef": {"name": storage.secret_name, "key": name}}}
            for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
        ]
    return environment
