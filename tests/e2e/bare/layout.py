"""Where the cluster's files are: `vinymatic/bare` in the user's cache (XDG_CACHE_HOME)."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.kube.binaries import cache_root


@dataclass(frozen=True)
class Layout:
    """`run` lives as long as the cluster; the rest is kept: what was built, and the images that a node's containerd has unpacked."""

    root: Path

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def logs(self) -> Path:
        return self.run / "log"

    @property
    def pki(self) -> Path:
        return self.run / "pki"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.run / "admin.kubeconfig"

    @property
    def bin(self) -> Path:
        """kubectl and ctr, for a shell's PATH."""
        return self.root / "bin"

    @property
    def buildah(self) -> Path:
        return self.root / "buildah"

    def node(self, number: int) -> Path:
        """What a node's disk holds while the cluster runs."""
        return self.run / f"node-{number}"

    def containerd(self, number: int) -> Path:
        return self.root / "containerd" / f"node-{number}"


def layout() -> Layout:
    return Layout(cache_root(os.environ) / "bare")
