"""Manifests of the kubelet's tests, and reading what became of them."""

from __future__ import annotations

import json

from tests.kube.api import Object
from tests.kube.control_plane import ControlPlane


def shell(script: str, **more: object) -> Object:
    """A container that runs a script of sh."""
    return {"name": "main", "image": "shell", "command": ["sh", "-c", script], **more}


def pod(name: str, *containers: Object, **spec: object) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"restartPolicy": "Never", "containers": list(containers), **spec},
    }


def job(name: str, container: Object, **spec: object) -> Object:
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"template": template, **spec},
    }


def web(name: str, version: str, *, replicas: int = 2) -> Object:
    """A Deployment of web servers on port 5002, ready when they answer; during a roll-out there are never fewer ready than asked for."""
    server = {
        "name": "main",
        "image": "web",
        "command": ["sh", "-c", 'exec python3 -m http.server 5002 --bind "$HOST"'],
        "env": [{"name": "VERSION", "value": version}],
        "ports": [{"name": "http", "containerPort": 5002}],
        "readinessProbe": {"httpGet": {"path": "/", "port": "http"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [server]}},
        },
    }


def apply(control_plane: ControlPlane, namespace: str, manifest: Object) -> None:
    control_plane.kubectl("apply", f"--namespace={namespace}", "-f", "-", input=json.dumps(manifest))


def read(control_plane: ControlPlane, namespace: str, *what: str) -> Object:
    """One object, or a list of them."""
    return dict(json.loads(control_plane.kubectl("get", *what, f"--namespace={namespace}", "-o", "json")))


def ended(control_plane: ControlPlane, namespace: str, name: str) -> Object | None:
    """The pod, once it has ended."""
    found = read(control_plane, namespace, "pod", name)
    return found if found["status"]["phase"] in ("Succeeded", "Failed") else None


def condition(found: Object, name: str) -> str:
    """The status of one of the object's conditions; empty while it has none."""
    conditions = found["status"].get("conditions", [])
    return next((str(item["status"]) for item in conditions if item["type"] == name), "")
