"""The Job of a step, as the API server gets it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest

from tests.support.operator.seen import Columns, observed
from vinymatic_operator.act.jobs import job_manifest, job_name
from vinymatic_operator.observe.reading import environment_of, part
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import StartJob
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

TRAIN = StartJob(Step.TRAIN, "e1", 2, "10000 images since the last training, of 10000", ("train",))

GOLDEN: Json = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {
        "name": "vinyl-train-e1-2",
        "namespace": "records",
        "labels": {
            "vinymatic.io/index": "vinyl",
            "vinymatic.io/step": "train",
            "vinymatic.io/key": "e1",
            "vinymatic.io/attempt": "2",
            "app.kubernetes.io/managed-by": "vinymatic-operator",
        },
        "annotations": {"vinymatic.io/reason": "10000 images since the last training, of 10000"},
        "ownerReferences": [
            {
                "apiVersion": "vinymatic.io/v1alpha1",
                "kind": "VinylIndex",
                "name": "vinyl",
                "uid": "uid-vinyl",
                "controller": True,
            }
        ],
    },
    "spec": {
        "backoffLimit": 2,
        "activeDeadlineSeconds": 86_400,
        "ttlSecondsAfterFinished": 86_400,
        "podFailurePolicy": {
            "rules": [
                {"action": "Ignore", "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}]},
                {
                    "action": "FailJob",
                    "onExitCodes": {"containerName": "vinymatic", "operator": "In", "values": [2]},
                },
            ]
        },
        "template": {
            "metadata": {
                "labels": {
                    "vinymatic.io/index": "vinyl",
                    "vinymatic.io/step": "train",
                    "vinymatic.io/key": "e1",
                    "vinymatic.io/attempt": "2",
                    "app.kubernetes.io/managed-by": "vinymatic-operator",
                }
            },
            "spec": {
                "restartPolicy": "Never",
                "automountServiceAccountToken": False,
                "securityContext": {
                    "runAsNonRoot": True,
                    "runAsUser": 10_001,
                    "runAsGroup": 10_001,
                    "fsGroup": 10_001,
                    "seccompProfile": {"type": "RuntimeDefault"},
                },
                "containers": [
                    {
                        "name": "vinymatic",
                        "image": "vinymatic:1",
                        "command": ["vinymatic", "train"],
                        "env": [
                            {"name": "INDEX_URL", "value": "s3://records/index"},
                            {"name": "S3_REGION", "value": "us-east-1"},
                            {"name": "SIFT_DIMENSIONS", "value": "128"},
                            {"name": "BACKUP_FOLDER", "value": "/scratch"},
                            {"name": "TMPDIR", "value": "/scratch"},
                            {"name": "RESULT_FILE", "value": "/dev/termination-log"},
                            {"name": "PYTHONUNBUFFERED", "value": "1"},
                        ],
                        "resources": {
                            "requests": {"cpu": "500m", "memory": "1Gi"},
                            "limits": {"memory": "4Gi"},
                        },
                        "securityContext": {
                            "allowPrivilegeEscalation": False,
                            "readOnlyRootFilesystem": True,
                            "capabilities": {"drop": ["ALL"]},
                        },
                        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
                        "terminationMessagePath": "/dev/termination-log",
                        "terminationMessagePolicy": "FallbackToLogsOnError",
                    }
                ],
                "volumes": [{"name": "scratch", "emptyDir": {"sizeLimit": "20Gi"}}],
            },
        },
    },
}


def pod_of(start: StartJob = TRAIN, **spec: Any) -> Json:
    return part(job_manifest(observed(spec=spec), start), "spec", "template", "spec")


def container_of(start: StartJob = TRAIN, **spec: Any) -> Json:
    (container,) = cast(list[Json], pod_of(start, **spec)["containers"])
    return container


def test_the_job_of_a_training_is_this_one() -> None:
    assert job_manifest(observed(), TRAIN) == GOLDEN


@pytest.mark.parametrize("step", Step)
def test_every_job_keeps_to_the_restricted_pod_security(step: Step) -> None:
    pod = pod_of(replace(TRAIN, step=step))
    assert part(pod, "securityContext")["runAsNonRoot"] is True
    assert part(pod, "securityContext", "seccompProfile") == {"type": "RuntimeDefault"}
    for container in cast(list[Json], pod["containers"]):
        held = part(container, "securityContext")
        assert held["allowPrivilegeEscalation"] is False
        assert part(held, "capabilities") == {"drop": ["ALL"]}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys()
    assert all({"name", "emptyDir"} == volume.keys() for volume in cast(list[Json], pod["volumes"]))


@pytest.mark.parametrize(("step", "final"), [(Step.GATE, [1, 2]), (Step.DRILL, [1, 2]), (Step.BACKUP, [2])])
def test_a_verdict_and_a_bad_setting_are_not_asked_for_again(step: Step, final: list[int]) -> None:
    rules = part(job_manifest(observed(), replace(TRAIN, step=step)), "spec", "podFailurePolicy")["rules"]
    assert part(cast(list[Json], rules)[1], "onExitCodes")["values"] == final


def test_several_pods_are_an_indexed_job() -> None:
    spec = part(job_manifest(observed(), replace(TRAIN, step=Step.ENCODE, parallelism=4)), "spec")
    assert (spec["completionMode"], spec["completions"], spec["parallelism"]) == ("Indexed", 4, 4)
    assert "completionMode" not in part(job_manifest(observed(), TRAIN), "spec")


@pytest.mark.parametrize(
    ("start", "kind", "name", "uid"),
    [
        (TRAIN, "VinylIndex", "vinyl", "uid-vinyl"),
        (StartJob(Step.BACKUP, "h1", 1, "r", owner="b1", owner_uid="ub"), "VinylBackup", "b1", "ub"),
        (StartJob(Step.RESTORE, "h1", 1, "r", owner="r1", owner_uid="ur"), "VinylRestore", "r1", "ur"),
    ],
)
def test_a_job_goes_with_what_it_works_for(start: StartJob, kind: str, name: str, uid: str) -> None:
    manifest = job_manifest(observed(), start)
    (owner,) = cast(list[Json], part(manifest, "metadata")["ownerReferences"])
    assert (owner["kind"], owner["name"], owner["uid"]) == (kind, name, uid)
    assert part(manifest, "metadata", "labels").get("vinymatic.io/owner") == start.owner


def test_a_secret_gives_the_keys_and_is_never_read() -> None:
    env = cast(list[Json], container_of(storage={"bucket": "records", "secretName": "s3"})["env"])
    assert env[-2:] == [
        {"name": name, "valueFrom": {"secretKeyRef": {"name": "s3", "key": name}}}
        for name in ("S3_ACCESS_KEY_ID", "S3_SECRET_ACCESS_KEY")
    ]


@pytest.mark.parametrize(
    ("spec", "account"),
    [
        ({}, None),
        ({"storage": {"bucket": "records", "serviceAccountName": "reader"}}, "reader"),
        ({"jobTemplate": {"serviceAccountName": "worker"}}, "worker"),
        (
            {
                "storage": {"bucket": "records", "serviceAccountName": "reader"},
                "jobTemplate": {"serviceAccountName": "worker"},
            },
            "worker",
        ),
    ],
)
def test_a_service_account_gives_an_identity(spec: Columns, account: str | None) -> None:
    assert pod_of(**spec).get("serviceAccountName") == account
    assert all("valueFrom" not in item for item in cast(list[Json], container_of(**spec)["env"]))


def test_the_environment_says_where_everything_lies() -> None:
    found = environment_of(
        container_of(
            replace(TRAIN, environment=(("GATE_PHOTOS_URL", "s3://golden/p"),)),
            storage={"bucket": "b-1", "prefix": "a/b", "region": "eu-1", "endpoint": "http://s3:9000"},
            features={"dimensions": 64},
            backup={"bucket": "safe", "prefix": "bk", "questions": 7},
        )
    )
    assert (
        found.items()
        >= {
            "INDEX_URL": "s3://b-1/a/b",
            "S3_REGION": "eu-1",
            "S3_ENDPOINT_URL": "http://s3:9000",
            "SIFT_DIMENSIONS": "64",
            "BACKUP_URL": "s3://safe/bk",
            "BACKUP_QUESTIONS": "7",
            "GATE_PHOTOS_URL": "s3://golden/p",
        }.items()
    )


@pytest.mark.parametrize(("spec", "image"), [({}, "vinymatic:1"), ({"jobTemplate": {"image": "mine:2"}}, "mine:2")])
def test_the_image_is_the_templates_or_the_ingestors(spec: Columns, image: str) -> None:
    assert container_of(**spec)["image"] == image


def test_the_template_shapes_the_pod() -> None:
    template: Json = {
        "imagePullPolicy": "Always",
        "imagePullSecrets": ["pull"],
        "nodeSelector": {"disk": "fast"},
        "tolerations": [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}],
        "priorityClassName": "low",
        "scratchSizeLimit": "5Gi",
        "backoffLimit": 0,
        "resources": {"requests": {"cpu": 2}, "limits": {}},
    }
    pod, container = pod_of(jobTemplate=template), container_of(jobTemplate=template)
    assert pod["nodeSelector"] == {"disk": "fast"}
    assert pod["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert (pod["priorityClassName"], pod["imagePullSecrets"]) == ("low", [{"name": "pull"}])
    assert pod["volumes"] == [{"name": "scratch", "emptyDir": {"sizeLimit": "5Gi"}}]
    assert container["imagePullPolicy"] == "Always"
    assert container["resources"] == {"requests": {"cpu": "2"}, "limits": {}}
    assert part(job_manifest(observed(spec={"jobTemplate": template}), TRAIN), "spec")["backoffLimit"] == 0


def test_a_request_is_kept_on_the_job_and_a_long_reason_cut() -> None:
    manifest = job_manifest(observed(), replace(TRAIN, request="at one", reason="x" * 5_000))
    assert part(manifest, "metadata", "annotations") == {
        "vinymatic.io/reason": "x" * 1_000,
        "vinymatic.io/request": "at one",
    }


def test_the_same_step_has_the_same_name_whoever_plans_it() -> None:
    assert job_name("vinyl", TRAIN) == job_name("vinyl", replace(TRAIN, reason="another", request="x"))
