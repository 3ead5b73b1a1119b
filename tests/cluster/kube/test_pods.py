"""What a pod's process gets to see, and how it ends."""

from __future__ import annotations

from functools import partial

import pytest

from tests.cluster.kube.pods import apply, condition, ended, pod, read, shell
from tests.kube.control_plane import ControlPlane
from tests.kube.errors import KubectlError
from tests.kube.kubelet.process import LocalKubelet
from tests.kube.waiting import until

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("kubelet")]


def env(**sources: str | dict[str, object]) -> list[dict[str, object]]:
    """Variables by value, or by where the value is from."""
    return [
        {"name": name, "value": source} if isinstance(source, str) else {"name": name, "valueFrom": source}
        for name, source in sources.items()
    ]


def test_variables_come_from_values_secrets_config_maps_and_the_pod(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    in_namespace = f"--namespace={namespace}"
    control_plane.kubectl("create", "secret", "generic", "s3", "--from-literal=key=sesame", in_namespace)
    control_plane.kubectl("create", "configmap", "settings", "--from-literal=TOP_N=7", in_namespace)
    container = shell(
        "env",
        env=env(
            BASE="covers",
            URL="s3://$(BASE)/index",
            KEY={"secretKeyRef": {"name": "s3", "key": "key"}},
            NONE={"secretKeyRef": {"name": "s3", "key": "none", "optional": True}},
            POD={"fieldRef": {"fieldPath": "metadata.name"}},
            IP={"fieldRef": {"fieldPath": "status.podIP"}},
        ),
        envFrom=[{"configMapRef": {"name": "settings"}}, {"secretRef": {"name": "gone", "optional": True}}],
    )
    apply(control_plane, namespace, pod("seen", container))
    made = until(lambda: ended(control_plane, namespace, "seen"), "the pod's end")
    seen = dict(line.split("=", 1) for line in kubelet.container_log(namespace, "seen", "main").splitlines())
    ip = made["status"]["podIP"]
    assert ip.startswith("127.")
    expected = {"URL": "s3://covers/index", "KEY": "sesame", "TOP_N": "7", "POD": "seen", "IP": ip, "HOST": ip}
    assert seen.items() >= expected.items()
    assert "NONE" not in seen


def test_a_pod_waits_for_a_secret_that_is_not_there_yet(control_plane: ControlPlane, namespace: str) -> None:
    container = shell("exit 0", envFrom=[{"secretRef": {"name": "s3"}}])
    apply(control_plane, namespace, pod("early", container))

    def reason() -> object:
        statuses = read(control_plane, namespace, "pod", "early")["status"].get("containerStatuses", [])
        return statuses and statuses[0]["state"].get("waiting", {}).get("reason")

    until(lambda: reason() == "CreateContainerConfigError", "the reason for waiting")
    control_plane.kubectl("create", "secret", "generic", "s3", "--from-literal=a=b", f"--namespace={namespace}")
    assert until(lambda: ended(control_plane, namespace, "early"), "the pod's end")["status"]["phase"] == "Succeeded"


def test_init_containers_run_in_order_and_share_volumes_with_the_others(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    mounts = {"volumeMounts": [{"name": "index", "mountPath": "/data"}]}
    folder = env(FOLDER="/data")
    init = [
        {**shell('echo restored >> "$FOLDER/log"', env=folder, **mounts), "name": "restore"},
        {**shell("echo checked >> /data/log", **mounts), "name": "check"},
    ]
    made = pod(
        "api", shell("cat /data/log", **mounts), initContainers=init, volumes=[{"name": "index", "emptyDir": {}}]
    )
    apply(control_plane, namespace, made)
    until(lambda: ended(control_plane, namespace, "api"), "the pod's end")
    assert kubelet.container_log(namespace, "api", "main") == "restored\nchecked\n"


def test_a_failed_init_container_keeps_the_others_from_starting(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    made = pod("api", shell("echo started"), initContainers=[{**shell("exit 1"), "name": "restore"}])
    apply(control_plane, namespace, made)
    assert until(lambda: ended(control_plane, namespace, "api"), "the pod's end")["status"]["phase"] == "Failed"
    assert kubelet.container_log(namespace, "api", "main") == ""


def test_a_container_that_ends_is_started_again_where_the_pod_says_so(
    control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, namespace, pod("loops", shell("exit 5"), restartPolicy="Always"))

    def restarted() -> bool:
        statuses = read(control_plane, namespace, "pod", "loops")["status"].get("containerStatuses", [])
        return (
            bool(statuses)
            and statuses[0]["restartCount"] >= 2
            and statuses[0]["lastState"]["terminated"]["exitCode"] == 5
        )

    until(restarted, "two starts more")


def test_a_deleted_pod_may_finish_within_its_grace_and_not_later(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    polite = shell('trap "echo bye; exit 0" TERM; echo up; while :; do sleep 0.05; done')
    stubborn = shell('trap "" TERM; echo up; while :; do sleep 0.05; done')
    for name, container in (("polite", polite), ("stubborn", stubborn)):
        apply(control_plane, namespace, pod(name, container, terminationGracePeriodSeconds=1))
        until(partial(kubelet.container_log, namespace, name, "main"), f"{name} running")
    # kubectl returns once they are gone.
    control_plane.kubectl("delete", "pod", "polite", "stubborn", f"--namespace={namespace}", "--timeout=60s")
    logs = [kubelet.container_log(namespace, name, "main") for name in ("polite", "stubborn")]
    assert logs == ["up\nbye\n", "up\n"]


def test_a_pod_is_not_ready_before_its_probe_succeeds(control_plane: ControlPlane, namespace: str) -> None:
    script = 'until [ -e /data/go ]; do sleep 0.05; done; exec python3 -m http.server 5002 --bind "$HOST"'
    server = shell(
        script,
        readinessProbe={"httpGet": {"path": "/", "port": 5002}},
        volumeMounts=[{"name": "claim", "mountPath": "/data"}],
    )
    claim = [{"name": "claim", "persistentVolumeClaim": {"claimName": "shared"}}]
    apply(control_plane, namespace, pod("api", server, volumes=claim))
    until(lambda: read(control_plane, namespace, "pod", "api")["status"]["phase"] == "Running", "the pod's start")
    assert condition(read(control_plane, namespace, "pod", "api"), "Ready") == "False"
    toucher = shell("touch /data/go", volumeMounts=server["volumeMounts"])
    apply(control_plane, namespace, pod("toucher", toucher, volumes=claim))
    until(lambda: condition(read(control_plane, namespace, "pod", "api"), "Ready") == "True", "readiness")


def test_a_program_that_is_not_there_fails_the_pod(control_plane: ControlPlane, namespace: str) -> None:
    container = {"name": "main", "image": "a", "command": ["no-such-program"]}
    apply(control_plane, namespace, pod("typo", container))
    made = until(lambda: ended(control_plane, namespace, "typo"), "the pod's end")
    assert made["status"]["containerStatuses"][0]["state"]["terminated"]["reason"] == "StartError"


def test_a_container_without_a_command_runs_the_images_entrypoint(
    control_plane: ControlPlane, kubelet: LocalKubelet, namespace: str
) -> None:
    apply(control_plane, namespace, pod("help", {"name": "main", "image": "vinymatic", "args": ["--help"]}))
    made = until(lambda: ended(control_plane, namespace, "help"), "the pod's end")
    assert made["status"]["phase"] == "Succeeded", kubelet.container_log(namespace, "help", "main")
    assert "Usage: " in kubelet.container_log(namespace, "help", "main")


def test_the_log_of_a_pod_whose_image_is_missing_is_refused_with_the_reason(
    control_plane: ControlPlane, namespace: str
) -> None:
    apply(control_plane, namespace, pod("never", {**shell("exit 0"), "image": "missing"}))
    until(
        lambda: "ImagePullBackOff" in str(read(control_plane, namespace, "pod", "never")["status"]), "the pod waiting"
    )
    with pytest.raises(KubectlError, match="is waiting to start"):
        control_plane.kubectl("logs", "never", f"--namespace={namespace}")
