"""Jobs and Deployments of the real controllers, run by the tests' kubelet as processes."""

from __future__ import annotations

import httpx
import pytest

from tests.cluster.kube.pods import apply, condition, job, read, shell, web
from tests.kube.control_plane import ControlPlane
from tests.kube.kubelet.process import LocalKubelet
from tests.kube.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("kubelet")]

MESSAGE = [{"name": "REPORT", "value": "/dev/termination-log"}]


def test_a_job_succeeds_and_its_termination_message_arrives(control_plane: ControlPlane, namespace: str) -> None:
    container = shell('printf "12 covers" > "$REPORT"', env=MESSAGE)
    apply(control_plane, namespace, job("train", container))
    until(lambda: condition(read(control_plane, namespace, "job", "train"), "Complete") == "True", "the Job's success")
    (made,) = read(control_plane, namespace, "pods")["items"]
    assert made["status"]["phase"] == "Succeeded"
    assert made["status"]["containerStatuses"][0]["state"]["terminated"]["message"] == "12 covers"


def test_a_job_fails_at_its_limit_and_its_log_says_why(control_plane: ControlPlane, namespace: str) -> None:
    container = shell("echo looking; echo no such index >&2; exit 3", terminationMessagePolicy="FallbackToLogsOnError")
    apply(control_plane, namespace, job("train", container, backoffLimit=0))
    until(lambda: condition(read(control_plane, namespace, "job", "train"), "Failed") == "True", "the Job's failure")
    (made,) = read(control_plane, namespace, "pods")["items"]
    ended = made["status"]["containerStatuses"][0]["state"]["terminated"]
    assert (ended["exitCode"], ended["message"]) == (3, "looking\nno such index\n")
    in_namespace = f"--namespace={namespace}"
    assert control_plane.kubectl("logs", "job/train", "--tail=1", in_namespace) == "no such index\n"


def test_each_pod_of_an_indexed_job_knows_its_number(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    indexed = job(
        "parts", shell('echo "part $JOB_COMPLETION_INDEX"'), completions=3, parallelism=3, completionMode="Indexed"
    )
    apply(control_plane, namespace, indexed)
    until(lambda: condition(read(control_plane, namespace, "job", "parts"), "Complete") == "True", "the Job's success")
    names = [item["metadata"]["name"] for item in read(control_plane, namespace, "pods")["items"]]
    logs = sorted(kubelet.container_log(namespace, name, "main") for name in names)
    assert logs == ["part 0\n", "part 1\n", "part 2\n"]


def test_a_deployment_rolls_without_a_moment_of_too_few_ready(control_plane: ControlPlane, namespace: str) -> None:
    def rolled_out(version: str) -> bool:
        status = read(control_plane, namespace, "deployment", "api")["status"]
        available.append(status.get("availableReplicas", 0))
        pods = read(control_plane, namespace, "pods")["items"]
        versions = [item["spec"]["containers"][0]["env"][0]["value"] for item in pods]
        return versions == [version] * 2 and status.get("readyReplicas") == 2

    available: list[int] = []
    apply(control_plane, namespace, web("api", "1"))
    until(lambda: rolled_out("1"), "two ready pods")
    available.clear()
    apply(control_plane, namespace, web("api", "2"))
    until(lambda: rolled_out("2"), "two ready pods of the new version")
    assert min(available) >= 2
    addresses = {item["status"]["podIP"] for item in read(control_plane, namespace, "pods")["items"]}
    assert len(addresses) == 2
    assert [httpx.get(f"http://{ip}:5002/", trust_env=False).status_code for ip in addresses] == [200, 200]


def test_a_version_that_cannot_be_pulled_leaves_the_old_one_serving(
    control_plane: ControlPlane, namespace: str
) -> None:
    def waiting() -> set[str]:
        pods = read(control_plane, namespace, "pods")["items"]
        states = [status["state"] for item in pods for status in item["status"].get("containerStatuses", [])]
        return {state["waiting"]["reason"] for state in states if "waiting" in state}

    apply(control_plane, namespace, web("api", "1"))
    until(
        lambda: read(control_plane, namespace, "deployment", "api")["status"].get("readyReplicas") == 2,
        "two ready pods",
    )
    missing = web("api", "2")
    missing["spec"]["template"]["spec"]["containers"][0]["image"] = "web:missing"
    apply(control_plane, namespace, missing)
    until(lambda: "ImagePullBackOff" in waiting(), "the pod that waits for its image")
    assert read(control_plane, namespace, "deployment", "api")["status"]["readyReplicas"] == 2
