"""The cluster that tests run on, through kubectl and helm."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from local.servers.process import clean_environment
from tests.e2e.bare.cluster import BareCluster
from tests.e2e.bare.shell import run
from tests.kube.api import Object

# What `images` builds and loads; another cluster has them under the same names, or VINYMATIC_E2E_IMAGES says where.
IMAGES = "localhost/vinymatic/{name}:e2e"


@dataclass(frozen=True)
class Cluster:
    """`bare` when it is our own: only then can a node's power be cut."""

    kubeconfig: Path
    kubectl_command: tuple[str | Path, ...]
    helm_command: tuple[str | Path, ...]
    images: str = IMAGES
    bare: BareCluster | None = None

    def image(self, name: str) -> str:
        return self.images.format(name=name)

    def kubectl(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What kubectl prints. Raises `CommandError` with what it says."""
        return run(*self.kubectl_command, *arguments, environment=self._environment(), stdin=stdin)

    def helm(self, *arguments: str | Path, stdin: str | None = None) -> str:
        """What helm prints. Raises `CommandError` with what it says."""
        return run(*self.helm_command, *arguments, environment=self._environment(), stdin=stdin)

    def get(self, *arguments: str) -> Object:
        """`kubectl get` as an object; a list has `items`."""
        answer: Object = json.loads(self.kubectl("get", *arguments, "--output=json"))
        return answer

    def apply(self, *objects: Object) -> None:
        items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
        self.kubectl("apply", "--filename=-", stdin=json.dumps(items))

    def _environment(self) -> dict[str, str]:
        return clean_environment(KUBECONFIG=str(self.kubeconfig))
