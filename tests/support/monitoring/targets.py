"""Targets with the labels that Prometheus's own discovery of pods gives them. Nothing but Python's own library: it runs in a pod too,
`python targets.py FILE`, and keeps that file as the cluster is."""

from __future__ import annotations

import json
import os
import re
import ssl
import sys
import time
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

_META = "__meta_kubernetes_"
_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


def target_groups(pod: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One for each port of a pod, as the API server tells of it."""
    meta, status = pod["metadata"], pod["status"]
    if "podIP" not in status:
        return []
    owner = next((owner["name"] for owner in meta.get("ownerReferences", []) if owner.get("controller")), "")
    labels = {
        "namespace": meta["namespace"],
        "pod_name": meta["name"],
        "pod_phase": status["phase"],
        "pod_controller_name": owner,
        **{f"pod_label_{re.sub(r'[^a-zA-Z0-9_]', '_', name)}": value for name, value in meta.get("labels", {}).items()},
    }
    return [
        {
            "targets": [f"{status['podIP']}:{port['containerPort']}"],
            "labels": {
                _META + name: value
                for name, value in {**labels, "pod_container_port_name": port.get("name", "")}.items()
            },
        }
        for container in pod["spec"]["containers"]
        for port in container.get("ports", [])
    ]


def write_targets(file: Path, pods: Iterable[Mapping[str, Any]]) -> None:
    """Also while Prometheus runs: it reads the file anew."""
    fresh = file.with_suffix(".fresh")
    fresh.write_text(json.dumps([group for pod in pods for group in target_groups(pod)]), "utf-8")
    fresh.replace(file)


def pods_of_the_cluster() -> list[dict[str, Any]]:
    """All that the ServiceAccount may list."""
    server = f"https://{os.environ['KUBERNETES_SERVICE_HOST']}:{os.environ['KUBERNETES_SERVICE_PORT']}"
    token = (_ACCOUNT / "token").read_text("utf-8")
    request = urllib.request.Request(f"{server}/api/v1/pods", headers={"Authorization": f"Bearer {token}"})
    trust = ssl.create_default_context(cafile=str(_ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, timeout=10, context=trust) as answer:
        return list(json.load(answer)["items"])


if __name__ == "__main__":
    while True:
        write_targets(Path(sys.argv[1]), pods_of_the_cluster())
        time.sleep(1)
