"""Servers that tests put beside a release: one pod under the restricted standard, and a Service in front of it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.e2e.pods import RESTRICTED_CONTAINER, RESTRICTED_POD
from tests.kube.api import Object


def server(
    name: str,
    image: str,
    *,
    port: int,
    ready: str,
    command: list[str] | None = None,
    environment: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    account: str | None = None,
    sidecar: Object | None = None,
) -> list[Object]:
    """`ready`: a path that answers once it serves. `files`: folders by the ConfigMap that fills them. It may write to /data and /tmp.

    `account`: a ServiceAccount, whose token it gets. `sidecar`: image and command of a container beside it, with the same folders.
    """
    folders = {"data": "/data", "tmp": "/tmp"}
    restricted = {
        "imagePullPolicy": "IfNotPresent",
        "securityContext": RESTRICTED_CONTAINER,
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}},
        "volumeMounts": [{"name": volume, "mountPath": path} for volume, path in {**folders, **(files or {})}.items()],
    }
    container = {
        "name": name,
        "image": image,
        **restricted,
        **({"command": command} if command else {}),
        "env": [{"name": variable, "value": value} for variable, value in (environment or {}).items()],
        "ports": [{"containerPort": port}],
        "readinessProbe": {"httpGet": {"path": ready, "port": port}, "periodSeconds": 1, "timeoutSeconds": 5},
    }
    pod = {
        **({"serviceAccountName": account} if account else {"automountServiceAccountToken": False}),
        "securityContext": RESTRICTED_POD,
        "containers": [container, *([{"name": "sidecar", **restricted, **sidecar}] if sidecar else [])],
        "volumes": [
            *({"name": volume, "emptyDir": {}} for volume in folders),
            *({"name": volume, "configMap": {"name": volume}} for volume in files or {}),
        ],
    }
    labels = {"app.kubernetes.io/name": name}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {"selector": labels, "ports": [{"port": port}]},
    }
    return [deployment, service]
