"""Pods as the restricted Pod Security standard wants them."""

from __future__ import annotations

from collections.abc import Sequence

from tests.e2e.kubernetes import Cluster
from tests.kube.api import Object

# The user of our images.
USER = 10001
RESTRICTED_POD: Object = {
    "runAsNonRoot": True,
    "runAsUser": USER,
    "runAsGroup": USER,
    "fsGroup": USER,
    "seccompProfile": {"type": "RuntimeDefault"},
}
RESTRICTED_CONTAINER: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(name: str, image: str, command: Sequence[str], node: str = "") -> Object:
    """One container that runs `command` once, with nothing to write on but /tmp and /data."""
    container = {
        "name": "main",
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "512Mi"}},
        "securityContext": RESTRICTED_CONTAINER,
        "volumeMounts": [{"name": "scratch", "mountPath": path} for path in ("/tmp", "/data")],
    }
    spec = {
        "restartPolicy": "Never",
        "automountServiceAccountToken": False,
        "securityContext": RESTRICTED_POD,
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    if node:
        spec["nodeName"] = node
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


def run_to_end(cluster: Cluster, namespace: str, *pods: Object, seconds: int = 240) -> dict[str, str]:
    """Starts the pods side by side; returns what each printed. Raises `CommandError` when one does not succeed in time."""
    for one in pods:
        one["metadata"]["namespace"] = namespace
    cluster.apply(*pods)
    names = [str(one["metadata"]["name"]) for one in pods]
    where = f"--namespace={namespace}"
    cluster.kubectl(
        "wait", where, "--for=jsonpath={.status.phase}=Succeeded", *(f"pod/{n}" for n in names), f"--timeout={seconds}s"
    )
    return {name: cluster.kubectl("logs", where, name) for name in names}
