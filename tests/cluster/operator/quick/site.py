"""An installation whose commands and API pods are quick stand-ins (`tests/support/operator/quick.py`): Kubernetes, the operator and its
rights are real, so that a whole retraining takes seconds and can be had a hundred times. The operator speaks through a proxy."""

from __future__ import annotations

import secrets
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from local.servers.answers import answers_http
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from tests.kube.proxy import ApiProxy
from tests.support.operator.index import Index
from tests.support.operator.service import Service
from vinymatic_operator.kube.rbac import binding, role
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, RESTORES, Resource
from vinymatic_operator.resources.names import API_VERSION, OPERATOR_NAME, RETRAIN_AT

NAME = "records"
_RIGHTS = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}"


class QuickSite:
    """One namespace. `client` is an administrator's. The operator is launched, not waited for: many may start side by side."""

    def __init__(self, plane: ControlPlane, service: Service, client: httpx.Client, folder: Path) -> None:
        self.plane = plane
        self.client = client
        self.namespace = f"quick-{secrets.token_hex(4)}"
        self.index: Index = service.index(f"s3://{self.namespace}/index")
        self.lock = service.lock
        self.gate = service.gate(f"s3://{self.namespace}/index")
        self._folder = folder
        plane.create_namespace(self.namespace)
        self.proxy = ApiProxy(self.account("operator"))
        self.operator = self.operator_process("operator", self.proxy)

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.operator.kill()
        self.proxy.__exit__(kind, error, trace)
        self.client.delete(f"/api/v1/namespaces/{self.namespace}")

    # ---- what is installed

    def account(self, name: str) -> Path:
        """A kubeconfig of a new ServiceAccount with the operator's rights in this namespace."""
        body = {"metadata": {"name": name}}
        checked(self.client.post(f"/api/v1/namespaces/{self.namespace}/serviceaccounts", json=body))
        self.client.post(_RIGHTS.format(self.namespace, "roles"), json=role(self.namespace))
        bound = dict(binding(self.namespace, self.namespace, name))
        bound["metadata"] = {"name": name}
        checked(self.client.post(_RIGHTS.format(self.namespace, "rolebindings"), json=bound))
        return self.plane.kubeconfig_for(self.namespace, name)

    def operator_process(self, name: str, proxy: ApiProxy, **environment: str) -> ServerProcess:
        port = int(environment.get("METRICS_PORT") or free_ports(1)[0])
        settings = {
            "WATCH_NAMESPACES": self.namespace,
            "TICK_SECONDS": "1",
            "RESYNC_SECONDS": "10",
            "BACKOFF_SECONDS": "1",
            "METRICS_HOST": HOST,
            "METRICS_PORT": str(port),
            "KUBECONFIG": str(proxy.kubeconfig),
            **environment,
        }
        return ServerProcess(
            OPERATOR_NAME,
            [sys.executable, "-m", "vinymatic", "operate"],
            log=self._folder / f"{self.namespace}-{name}.log",
            ready=lambda: answers_http(port, "/readyz"),
            environment=clean_environment(**settings),
        )

    def install(self, spec: Mapping[str, object] | None = None, *, retrain: bool = False) -> None:
        """The Deployments, one pod of the API, and the VinylIndex. `retrain`: a retraining is asked for from the beginning."""
        for name, replicas in (("api", 1), ("ingestor", 0)):
            self.create(DEPLOYMENTS, _deployment(name, replicas, f"s3://{self.namespace}/index"))
        body: Object = {
            "metadata": {"name": NAME, "annotations": {RETRAIN_AT: "now"} if retrain else {}},
            "spec": {
                "storage": {"bucket": self.namespace},
                "api": {"deployment": "api"},
                "ingestor": {"deployment": "ingestor"},
                "rollout": {"soakSeconds": 0},
                **(spec or {}),
            },
        }
        self.create(INDEXES, body)

    def launch_operator(self) -> None:
        """A new process, on a port of its own: somebody else's may have taken that of one that died."""
        self.operator = self.operator_process("operator", self.proxy)
        self.operator.launch()

    # ---- objects

    def create(self, resource: Resource, body: Object) -> Object:
        whole = {"apiVersion": resource.api_version, "kind": resource.kind, **body}
        return checked(self.client.post(resource.path(self.namespace), json=whole))

    def read(self, resource: Resource, name: str) -> Object:
        return checked(self.client.get(resource.path(self.namespace, name)))

    def list(self, resource: Resource) -> list[Object]:
        return list(checked(self.client.get(resource.path(self.namespace)))["items"])

    def annotate(self, annotations: Mapping[str, str]) -> None:
        """The VinylIndex."""
        patch = {"metadata": {"annotations": annotations}}
        headers = {"Content-Type": "application/merge-patch+json"}
        checked(self.client.patch(INDEXES.path(self.namespace, NAME), json=patch, headers=headers))

    def delete(self, resource: Resource, name: str) -> None:
        """By a person, in the background; nothing there is no error."""
        options = {"propagationPolicy": "Background"}
        self.client.request("DELETE", resource.path(self.namespace, name), json=options)

    def restore(self, name: str = "back") -> None:
        body = {"apiVersion": API_VERSION, "metadata": {"name": name}, "spec": {"index": NAME}}
        self.create(RESTORES, body)

    # ---- what came of it

    def outcome(self) -> Object:
        """All that must be the same however often the operator died."""
        with self.lock:
            state = self.index.state
            ran = sorted(self.index.ran)
        template = self.read(DEPLOYMENTS, "api")["spec"]["template"]["spec"]["containers"][0]
        held = {item["name"]: item["value"] for item in template["env"]}
        indexes = {body["metadata"]["name"]: _conditions(body) for body in self.list(INDEXES)}
        return {
            "ran": ran,
            "epochs": (state.active_epoch, state.previous_epoch, state.candidate_epoch, state.next_epoch),
            "template": (held.get("INDEX_EPOCH"), held.get("INDEX_MIN_MANIFEST")),
            "indexes": indexes,
            "backups": [_conditions(body) for body in self.list(BACKUPS)],
            "restores": [_conditions(body) for body in self.list(RESTORES)],
            "jobs": sorted(_ended(job) for job in self.list(JOBS)),
        }

    def kill_operator(self) -> None:
        """From any thread; nobody waits for it."""
        self.operator.send_signal(signal.SIGKILL)


def _conditions(body: Object) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in body.get("status", {}).get("conditions", [])}


def _ended(job: Object) -> str:
    labels = job["metadata"]["labels"]
    ends = [c["type"] for c in job.get("status", {}).get("conditions", []) if c["type"] in ("Complete", "Failed")]
    return f"{labels['vinymatic.io/step']} {labels['vinymatic.io/attempt']} {ends}"


def _deployment(name: str, replicas: int, url: str) -> Object:
    container = {
        "name": name,
        "image": "vinymatic:test",
        "command": ["vinymatic", "serve"],
        "env": [{"name": "INDEX_URL", "value": url}],
        "readinessProbe": {"httpGet": {"path": "/readyz", "port": 5002}},
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
    }
    return {
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }
