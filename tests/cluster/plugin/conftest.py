"""A VinylIndex on a real API server, and `kubectl vinyl` as people run it."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from local.servers.process import clean_environment
from tests.kube.control_plane import ControlPlane
from vinymatic_operator.resources.base import Json

PROGRAM = "from vinymatic_operator.plugin import main; main()"


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Json:
        found = json.loads(self.out)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True)
class Vinyl:
    """`kubectl vinyl` in one namespace. `folder` holds `kubectl-vinyl`, as a PATH would."""

    control_plane: ControlPlane
    namespace: str
    folder: Path

    def __call__(self, *arguments: str, kubeconfig: Path | None = None) -> Done:
        with self.started(*arguments, kubeconfig=kubeconfig) as process:
            out, err = process.communicate()
        return Done(process.returncode, out, err)

    def started(self, *arguments: str, kubeconfig: Path | None = None) -> subprocess.Popen[str]:
        environment = clean_environment(
            HOME=str(self.folder),
            PATH=str(self.folder),
            KUBECONFIG=str(kubeconfig or self.control_plane.kubeconfig),
            PYTHONPATH=":".join(sys.path),
        )
        place = [] if kubeconfig else ["-n", self.namespace]
        return subprocess.Popen(
            [*self.control_plane.binaries.command("kubectl"), "vinyl", *arguments, *place],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def kubectl(self, *arguments: str, body: Json | None = None) -> str:
        stdin = None if body is None else json.dumps(body)
        return self.control_plane.kubectl("-n", self.namespace, *arguments, input=stdin)

    def make_index(self, name: str, **spec: object) -> None:
        needed = {
            "storage": {"bucket": "vinyl-index"},
            "api": {"deployment": "vinymatic-api"},
            "ingestor": {"deployment": "i"},
        }
        self.make("VinylIndex", name, {**needed, **spec})

    def make(self, kind: str, name: str, spec: Mapping[str, object]) -> None:
        body = {"apiVersion": "vinymatic.io/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        self.kubectl("create", "-f", "-", body=body)  # type: ignore[arg-type]  # JSON, given in parts

    def tell(self, resource: str, status: Mapping[str, object]) -> None:
        """As the operator writes a status: `resource` is such as `vinylindex/records`."""
        self.kubectl("patch", resource, "--subresource=status", "--type=merge", "-p", json.dumps({"status": status}))

    def look(self, resource: str) -> Json:
        found = json.loads(self.kubectl("get", resource, "-o", "json"))
        assert isinstance(found, dict)
        return found


@pytest.fixture
def vinyl(crds: ControlPlane, namespace: str, tmp_path: Path) -> Vinyl:
    """`kubectl vinyl` in a new namespace without a VinylIndex."""
    program = tmp_path / "kubectl-vinyl"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -c {shlex.quote(PROGRAM)} "$@"\n', "utf-8")
    program.chmod(0o755)
    return Vinyl(crds, namespace, tmp_path)
