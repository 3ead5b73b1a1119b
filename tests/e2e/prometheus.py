"""A Prometheus in the cluster, as k8s/monitoring has it: with its rights, the chart's rules, and what it says.

Debian's cannot ask Kubernetes itself: beside it runs what asks for it, with its rights, and gives it what its discovery would.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.e2e.namespace import Namespace
from tests.e2e.servers import server
from tests.kube.api import Object
from tests.kube.waiting import until
from tests.support.monitoring import targets
from tests.support.monitoring.discovery import write_config

NAME = "prometheus"
PORT = 9090
TARGETS = "/data/targets.json"
# How often all is looked at, and how long an alert waits before it fires.
QUICK = "3s"


@dataclass(frozen=True)
class Prometheus:
    """`url`: of its Service."""

    url: str

    def get(self, path: str) -> Any:
        """`data` of an answer of its HTTP API."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", timeout=30, trust_env=False).raise_for_status()
        return answer.json()["data"]

    def targets(self, namespace: Namespace) -> dict[str, str]:
        """How each target of this namespace is, and why, by the pod's name."""
        found = self.get("targets?state=active")["activeTargets"]
        return {
            target["labels"]["instance"]: ": ".join(filter(None, (target["health"], target["lastError"])))
            for target in found
            if target["labels"]["namespace"] == namespace.name
        }

    def state(self, alert: str, **labels: str) -> str | None:
        """`pending` or `firing`; None of one that is neither."""
        of = labels.items()
        found = [one for one in self.get("alerts")["alerts"] if of <= one["labels"].items()]
        return next((str(one["state"]) for one in found if one["labels"]["alertname"] == alert), None)

    def answers(self) -> bool | None:
        try:
            return httpx.get(f"{self.url}/-/ready", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return None


@contextmanager
def prometheus(namespace: Namespace, folder: Path) -> Iterator[Prometheus]:
    """While it is open, one runs in the namespace, and sees the pods of all of them. `folder`: a new one, for its files."""
    namespace.apply(*_objects(namespace, folder))
    try:
        namespace.kubectl("rollout", "status", f"deployment/{NAME}", "--timeout=180s")
        running = Prometheus(f"http://{namespace.read('service', NAME)['spec']['clusterIP']}:{PORT}")
        until(running.answers, "Prometheus", seconds=60)
        yield running
    finally:
        # The rest goes with the namespace; these belong to none.
        namespace.kubectl("delete", "deployment", NAME)
        namespace.cluster.kubectl("delete", "clusterrole,clusterrolebinding", _cluster_name(namespace))


def _cluster_name(namespace: Namespace) -> str:
    return f"{namespace.name}-{NAME}"


def _objects(namespace: Namespace, folder: Path) -> list[Object]:
    written = write_config(folder, [], QUICK, patience=QUICK).read_text("utf-8")
    discovery = Path(targets.__file__)
    files = {
        NAME: {"prometheus.yml": written.replace("targets.json", TARGETS)},
        f"{NAME}-rules": {file.name: file.read_text("utf-8") for file in (folder / "rules").iterdir()},
        f"{NAME}-discovery": {discovery.name: discovery.read_text("utf-8")},
    }
    maps = [
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}
        for name, data in files.items()
    ]
    asks = {"image": namespace.cluster.image("api"), "command": ["python", f"/discovery/{discovery.name}", TARGETS]}
    places = dict(zip(files, ("/etc/prometheus", "/etc/prometheus/rules", "/discovery"), strict=True))
    return [
        *_rights(namespace),
        *maps,
        *server(
            NAME, namespace.cluster.image(NAME), port=PORT, ready="/-/ready", files=places, account=NAME, sidecar=asks
        ),
    ]


def _rights(namespace: Namespace) -> list[Object]:
    """To see pods, as docs/monitoring.md says."""
    name, of = {"name": _cluster_name(namespace)}, "rbac.authorization.k8s.io"
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]}
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME}},
        {"apiVersion": f"{of}/v1", "kind": "ClusterRole", "metadata": name, "rules": [rule]},
        {
            "apiVersion": f"{of}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": name,
            "roleRef": {"apiGroup": of, "kind": "ClusterRole", **name},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": namespace.name}],
        },
    ]
