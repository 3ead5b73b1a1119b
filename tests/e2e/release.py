"""One release of the real chart: installed, waited for, changed, rolled back, uninstalled."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import trustme

from tests.e2e.index import Index
from tests.e2e.load import Edge
from tests.e2e.namespace import Namespace
from tests.e2e.stack import Stack
from tests.e2e.values import EDGE_NAME, TLS_SECRET, merged, values
from tests.kube.api import Object

CHART = Path(__file__).parents[2] / "charts" / "vinymatic"
# As in k8s/samples, whose Deployments have the names of this release.
NAME = "vinymatic"
API, INGESTOR, OPERATOR, EDGE = (f"deployment/{NAME}-{part}" for part in ("api", "ingestor", "operator", "edge"))
_READY_SECONDS = 300


class Release:
    """`folder` holds the values that it was installed with."""

    def __init__(self, namespace: Namespace, stack: Stack, folder: Path, *, name: str = NAME) -> None:
        self.namespace = namespace
        self.stack = stack
        self.name = name
        # As the chart makes its names.
        self.full_name = name if NAME in name else f"{name}-{NAME}"
        self.index = Index(namespace, self.full_name)
        self.values = values(namespace.cluster, stack)
        self._folder = folder
        self._authority = trustme.CA()

    def beside(self, name: str, over: Object) -> Release:
        """Another one in the same namespace, of its own name, still to be installed."""
        made = Release(self.namespace, self.stack, self._folder, name=name)
        made.values = merged(made.values, over)
        # They share the edge's Secret: with an authority of its own it would make the first one's edge a stranger to its clients.
        made._authority = self._authority
        return made

    # ---- Helm

    def install(self, over: Object | None = None, *, chart: Path = CHART) -> None:
        """Returns once Helm has sent it; `await_ready` waits."""
        self.namespace.apply(self._certificate())
        self.helm("install", self.name, str(chart), *self._with(over))

    def upgrade(self, over: Object | None = None, *, chart: Path = CHART) -> None:
        """With the values of the installation, and `over` over them."""
        self.helm("upgrade", self.name, str(chart), *self._with(over))

    @contextmanager
    def changed(self, over: Object) -> Iterator[None]:
        """While it is open, the release has these values too. Nothing is changed behind Helm's back."""
        self.upgrade(over)
        try:
            yield
        finally:
            self.upgrade()

    def uninstall(self) -> None:
        self.helm("uninstall", self.name, "--ignore-not-found", "--wait", "--timeout=180s")

    def listed(self) -> list[Object]:
        """What Helm knows of the namespace's releases: name, chart, status."""
        return list(json.loads(self.helm("list", "--output=json")))

    def revision(self) -> int:
        return int(json.loads(self.helm("status", self.name, "--output=json"))["version"])

    def helm(self, *arguments: str) -> str:
        return self.namespace.helm(*arguments)

    def _with(self, over: Object | None) -> list[str]:
        file = self._folder / f"{self.namespace.name}-{self.name}-values.json"
        file.write_text(json.dumps(merged(self.values, over or {}), indent=1), "utf-8")
        return ["--values", str(file)]

    # ---- waiting

    def await_rolled(self, *deployments: str, seconds: int = _READY_SECONDS) -> None:
        for deployment in deployments:
            self.namespace.kubectl("rollout", "status", deployment, f"--timeout={seconds}s")

    def await_ready(self) -> None:
        """The API serves an index, the operator says so, the edge runs."""
        self.await_rolled(OPERATOR, EDGE)
        self.index.wait("Ready", "True", seconds=_READY_SECONDS)
        self.await_rolled(API)

    # ---- pods and edge

    def replicas(self, deployment: str) -> int:
        """As many pods as there are, ready or not."""
        return int(self.namespace.read(deployment).get("status", {}).get("replicas", 0))

    def pods(self, component: str) -> list[str]:
        """Names of the pods of `api`, `ingestor`, `operator` or `edge`."""
        chosen = f"-lapp.kubernetes.io/instance={self.name},app.kubernetes.io/component={component}"
        return sorted(pod["metadata"]["name"] for pod in self.namespace.items("pods", chosen))

    def next_epoch(self) -> int:
        """The number that the next candidate gets; the edge does not let this question in."""
        address = self._address(API)
        answer = httpx.get(f"http://{address}:5002/v1/index", timeout=30, trust_env=False)
        return int(answer.raise_for_status().json()["index"]["next_epoch"])

    def edge(self) -> Edge:
        trust = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        # The test's own authority, and nothing else.
        self._authority.configure_trust(trust)
        return Edge(self._address(EDGE), EDGE_NAME, trust)

    def _address(self, component: str) -> str:
        """That of its Service: cluster DNS is not this machine's."""
        return str(self.namespace.read("service", component.partition("/")[2])["spec"]["clusterIP"])

    def _certificate(self) -> Object:
        issued = self._authority.issue_cert(EDGE_NAME)
        chain = b"".join(part.bytes() for part in issued.cert_chain_pems)
        data = {"tls.crt": chain.decode(), "tls.key": issued.private_key_pem.bytes().decode()}
        return {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": TLS_SECRET},
            "type": "kubernetes.io/tls",
            "stringData": data,
        }
