"""A release of the chart in a namespace of its own, on a test's bucket and queue."""

from __future__ import annotations

import json
from collections.abc import Mapping

import httpx
from helm_python import Config

from charts.files import CHART, ROOT
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.kube.api import Object
from tests.kube.control_plane import ControlPlane
from tests.kube.waiting import until
from tests.support.chart.flips import merged
from tests.support.servers import Pipeline
from vinymatic_operator.resources.base import Json

NAME = "records-vinymatic"
API = f"{NAME}-api"
# Made before the release: a pod of the small kubelet has no token but what it is given.
OPERATOR_ACCOUNT = "operator"
API_PORT = 5002


class Release:
    """`records` in `namespace`; the operator runs as a pod, with the rights of the chart."""

    def __init__(self, control_plane: ControlPlane, namespace: str, pipeline: Pipeline, bucket: str) -> None:
        self.control_plane = control_plane
        self.namespace = namespace
        self._helm = Config(kubeconfig_path=control_plane.kubeconfig, namespace=namespace)
        self.kubectl("create", "serviceaccount", OPERATOR_ACCOUNT)
        kubeconfig = control_plane.kubeconfig_for(namespace, OPERATOR_ACCOUNT)
        self.kubectl("create", "secret", "generic", "kubeconfig", f"--from-file=config={kubeconfig}")
        self._values: Json = {
            "storage": {"bucket": bucket, "endpoint": pipeline.endpoint},
            "covers": {"bucket": pipeline.bucket},
            "queue": {"url": pipeline.queue_url, "endpoint": pipeline.endpoint},
            "credentials": {"accessKeyId": ACCESS_KEY_ID, "secretAccessKey": SECRET_ACCESS_KEY},
            "api": {"threads": 1, "preStopSeconds": 0, "startupProbe": {"periodSeconds": 1}},
            "ingestor": {"threads": 1, "batchAgeSeconds": 0.2},
            "operator": {
                "serviceAccount": {"create": False, "name": OPERATOR_ACCOUNT},
                "env": {"KUBECONFIG": "/kubeconfig/config"},
                "extraVolumes": [{"name": "kubeconfig", "secret": {"secretName": "kubeconfig"}}],
                "extraVolumeMounts": [{"name": "kubeconfig", "mountPath": "/kubeconfig"}],
                "tickSeconds": 1,
            },
        }

    # ---- Helm

    def install(self) -> None:
        self._helm.install(str(ROOT / CHART), "records", self._values, namespace=self.namespace)

    def upgrade(self, values: Json) -> None:
        self._helm.upgrade(str(ROOT / CHART), "records", merged(self._values, values), namespace=self.namespace)

    def roll_back(self) -> None:
        self._helm.rollback("records")

    def uninstall(self) -> None:
        self._helm.uninstall("records")

    # ---- what there is

    def kubectl(self, *arguments: str) -> str:
        return self.control_plane.kubectl(f"--namespace={self.namespace}", *arguments)

    def read(self, *what: str) -> Object:
        return dict(json.loads(self.kubectl("get", *what, "-o", "json")))

    def roll(self, variables: Mapping[str, str]) -> None:
        """What the operator's roll-outs do to the API."""
        environment = [{"name": name, "value": value} for name, value in variables.items()]
        template = {"spec": {"containers": [{"name": "api", "env": environment}]}}
        self.kubectl("patch", "deployment", API, "--type=strategic", "-p", json.dumps({"spec": {"template": template}}))

    def variables(self) -> dict[str, str]:
        """Of the API's pod template, those that are said outright."""
        container = self.read("deployment", API)["spec"]["template"]["spec"]["containers"][0]
        return {variable["name"]: variable["value"] for variable in container["env"] if "value" in variable}

    def await_rolled_out(self) -> None:
        self.kubectl("rollout", "status", "deployment", API, "--timeout=120s")

    def await_ready(self) -> None:
        """As the operator tells it of the VinylIndex."""
        self.kubectl("wait", "--for=condition=Ready", f"vinylindex/{NAME}", "--timeout=180s")

    def await_covers(self, count: int) -> None:
        """In the answers of every pod of the API."""
        until(lambda: (found := self._covers()) and set(found) == {count}, f"{count} covers", seconds=180)

    def _covers(self) -> list[int]:
        """-1: of one that does not answer, or serves nothing yet."""
        pods = self.read("pods", "-l", "app.kubernetes.io/component=api")["items"]
        addresses = [pod["status"].get("podIP") for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return [_covers_at(str(ip)) for ip in addresses]


def _covers_at(ip: str) -> int:
    try:
        return int(httpx.get(f"http://{ip}:{API_PORT}/readyz", timeout=10).json().get("covers", -1))
    except httpx.HTTPError:
        return -1
