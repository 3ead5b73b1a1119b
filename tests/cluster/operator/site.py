"""An installation in one namespace: an index on real S3, the real API as a Deployment, a VinylIndex, and the operator as a process under
the rights that it declares."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from local.servers.answers import answers_http
from local.servers.ports import HOST, free_ports
from local.servers.process import ServerProcess, clean_environment
from tests.kube.api import Object
from tests.kube.control_plane import ControlPlane
from tests.kube.waiting import until
from tests.support.index import SPEC, add_covers
from vinymatic.storage.port import ObjectStore
from vinymatic_operator.kube.rbac import account, binding, role
from vinymatic_operator.resources.names import OPERATOR_NAME

NAME = "records"
API_PORT = 5002
KEYS = {"S3_ACCESS_KEY_ID": "test", "S3_SECRET_ACCESS_KEY": "test"}


class Site:
    """`endpoint`: of S3. `store`: of the index, in a bucket of its own under `index`; its backups go under `backup`."""

    def __init__(
        self, control_plane: ControlPlane, namespace: str, folder: Path, store: ObjectStore, *, endpoint: str
    ) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self.store = store
        self.bucket = store.url.removeprefix("s3://").partition("/")[0]
        self.covers = 1_000
        self.endpoint = endpoint
        self.folder = folder
        self.metrics_port, *_ = free_ports(1)
        self.operator = self._operator("operator", self.metrics_port)

    # ---- what is installed

    def install(
        self, spec: Mapping[str, object] | None = None, *, replicas: int = 2, dies_with_epoch: int | None = None
    ) -> None:
        """Secret, Deployments and the VinylIndex. `dies_with_epoch`: a pod of the API that is held to this epoch ends at once."""
        api = self._api(replicas, dies_with_epoch)
        self.apply(self.secret(), api, self._ingestor(), self.index(spec or {}))

    def secret(self) -> Object:
        return {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": "s3"}, "stringData": KEYS}

    def index(self, spec: Mapping[str, object], name: str = NAME) -> Object:
        storage = {"bucket": self.bucket, "endpoint": self.endpoint, "secretName": "s3"}
        wished = {"storage": storage, "api": {"deployment": "api"}, "ingestor": {"deployment": "ingestor"}, **spec}
        return {
            "apiVersion": "vinymatic.io/v1alpha1",
            "kind": "VinylIndex",
            "metadata": {"name": name},
            "spec": {**wished, "features": {"dimensions": SPEC.dimensions}},
        }

    def _environment(self) -> list[Object]:
        values = {
            "INDEX_URL": f"s3://{self.bucket}/index",
            "S3_ENDPOINT_URL": self.endpoint,
            "SIFT_DIMENSIONS": str(SPEC.dimensions),
            "BACKUP_FOLDER": "/data",
            "REFRESH_INTERVAL": "0.3",
            "SEARCH_THREADS": "1",
            **KEYS,
        }
        return [{"name": name, "value": value} for name, value in values.items()]

    def backup(self, name: str) -> Object:
        return {
            "apiVersion": "vinymatic.io/v1alpha1",
            "kind": "VinylBackup",
            "metadata": {"name": name},
            "spec": {"index": NAME},
        }

    def restore(self, name: str, **spec: object) -> Object:
        return {**self.backup(name), "kind": "VinylRestore", "spec": {"index": NAME, **spec}}

    def add_cover(self) -> None:
        """One more cover, as an ingestor would commit it."""
        self.covers += 1
        add_covers(self.store, self.folder / "adding", [self.covers])

    def _api(self, replicas: int, dies_with_epoch: int | None) -> Object:
        serve = ["vinymatic", "serve"]
        if dies_with_epoch is not None:
            script = f'test "$INDEX_EPOCH" = {dies_with_epoch} && exit 1; exec {sys.executable} -m vinymatic serve'
            serve = ["sh", "-c", script]
        container = {
            "name": "api",
            "image": "vinymatic:test",
            "command": serve,
            "env": self._environment(),
            "readinessProbe": {"httpGet": {"path": "/readyz", "port": API_PORT}},
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
        }
        return _deployment("api", container, replicas)

    def _ingestor(self) -> Object:
        """Scaled to zero, as KEDA leaves it: only its image matters here."""
        return _deployment(
            "ingestor", {"name": "ingestor", "image": "vinymatic:test", "command": ["vinymatic", "ingest"]}, 0
        )

    # ---- the operator

    def _operator(self, name: str, port: int, **environment: str) -> ServerProcess:
        here = self.namespace
        self.apply(*map(dict, (account(here, name), role(here), binding(here, here, name))))
        kubeconfig = self.control_plane.kubeconfig_for(here, name)
        settings = {
            "WATCH_NAMESPACES": self.namespace,
            "TICK_SECONDS": "1",
            "RESYNC_SECONDS": "20",
            "BACKOFF_SECONDS": "1",
            "METRICS_HOST": HOST,
            "METRICS_PORT": str(port),
            "KUBECONFIG": str(kubeconfig),
            **environment,
        }
        return ServerProcess(
            OPERATOR_NAME,
            [sys.executable, "-m", "vinymatic", "operate"],
            log=self.folder / f"{name}.log",
            ready=lambda: answers_http(port, "/readyz"),
            environment=clean_environment(**settings),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.operator.stop()

    # ---- what people and tests do

    def apply(self, *manifests: Object) -> None:
        items = {"apiVersion": "v1", "kind": "List", "items": list(manifests)}
        self.control_plane.kubectl("apply", f"--namespace={self.namespace}", "-f", "-", input=json.dumps(items))

    def kubectl(self, *arguments: str) -> str:
        return self.control_plane.kubectl(f"--namespace={self.namespace}", *arguments)

    def read(self, *what: str) -> Object:
        return dict(json.loads(self.kubectl("get", *what, "-o", "json")))

    def status(self) -> Object:
        return dict(self.read("vinylindex", NAME).get("status", {}))

    def conditions(self, *what: str) -> dict[str, tuple[str, str]]:
        """(status, reason) by type."""
        found = self.read(*(what or ("vinylindex", NAME))).get("status", {}).get("conditions", [])
        return {c["type"]: (c["status"], c["reason"]) for c in found}

    def await_condition(
        self, kind: str, status: str, reason: str | None = None, *what: str, seconds: float = 120
    ) -> None:
        def there() -> bool | None:
            found = self.conditions(*what).get(kind)
            return True if found is not None and found[0] == status and reason in (None, found[1]) else None

        try:
            until(there, f"condition {kind}={status} {reason or ''}", seconds=seconds)
        except Exception as error:
            error.add_note(f"conditions: {self.conditions(*what)}\n{self.operator.log.read_text()[-4_000:]}")
            raise

    def await_status(self, path: str, value: object, *, seconds: float = 120) -> None:
        def there() -> bool | None:
            found: object = self.status()
            for name in path.split("."):
                found = found.get(name) if isinstance(found, dict) else None
            return True if found == value else None

        until(there, f"status.{path}={value!r}", seconds=seconds)

    def jobs(self) -> list[str]:
        """Names of the index's Jobs, without the index's name."""
        return sorted(job["metadata"]["name"].removeprefix(f"{NAME}-") for job in self.read("jobs")["items"])

    def pods(self) -> list[str]:
        """Of the API."""
        return sorted(pod["metadata"]["name"] for pod in self.read("pods", "-l", "app=api")["items"])

    def answers(self) -> list[int]:
        """How many covers each ready pod of the API serves."""
        addresses = [pod["status"]["podIP"] for pod in self.read("pods", "-l", "app=api")["items"]]
        return [httpx.get(f"http://{ip}:{API_PORT}/readyz").json()["covers"] for ip in addresses]

    def columns(self, name: str) -> list[str]:
        """Ready, covers, manifest, epoch and serving, as `kubectl get` shows them."""
        return self.kubectl("get", "vinylindex", name, "--no-headers").split()[1:6]

    def events(self) -> list[str]:
        """Reasons of what was told about the index."""
        found = self.read("events")["items"]
        return [event["reason"] for event in found if event["involvedObject"]["kind"] == "VinylIndex"]


def _deployment(name: str, container: Object, replicas: int) -> Object:
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "volumes": [{"name": "data", "emptyDir": {}}]},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }
