"""containerd, CoreDNS, Helm, KEDA and the pause program, built with Go and kept in the user's cache."""

from __future__ import annotations

import hashlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.e2e.bare import versions
from tests.e2e.bare.shell import run
from tests.kube.binaries import built, cache_root, locked, with_go

_STRIPPED = "-s -w"


def kube() -> Path:
    """The binary that holds every Kubernetes program."""
    return built(os.environ) / "kube"


def containerd() -> Path:
    """The folder with containerd, its shim and ctr."""
    command = "github.com/containerd/containerd/v2/cmd"
    names = ("containerd", "containerd-shim-runc-v2", "ctr")
    return _kept(
        f"containerd-{versions.CONTAINERD}",
        lambda to: _install(to, *(f"{command}/{name}" for name in names), at=versions.CONTAINERD),
    )


def coredns() -> Path:
    return _kept(
        f"coredns-{versions.COREDNS}", lambda to: _install(to, "github.com/coredns/coredns", at=versions.COREDNS)
    )


def helm() -> Path:
    """The folder with helm. The program and not a package of Python's: a chart's users have it, and it is the one that must work."""
    version = f"-X helm.sh/helm/v4/internal/version.version={versions.HELM}"
    return _kept(
        f"helm-{versions.HELM}",
        lambda to: _install(to, "helm.sh/helm/v4/cmd/helm", at=versions.HELM, flags=f"{_STRIPPED} {version}"),
    )


def pause() -> Path:
    module = versions.PAUSE_MODULE
    return _kept(f"pause-{_digest(module)}", lambda to: _build(module, to / "pause", "."))


def keda() -> Path:
    """The folder with KEDA's three programs, and its own manifests as one file, keda.yaml."""
    module = versions.KEDA_MODULE
    source = "github.com/kedacore/keda/v2"
    programs = {"operator": "keda", "adapter": "keda-adapter", "webhooks": "keda-admission-webhooks"}

    def make(to: Path) -> None:
        for command, name in programs.items():
            _build(module, to / name, f"{source}/cmd/{command}")
        manifests = _go("list", "-m", "-f", "{{.Dir}}", source, folder=module).strip()
        (to / "keda.yaml").write_text(run(kube(), "kubectl", "kustomize", f"{manifests}/config/default"), "utf-8")

    return _kept(f"keda-{versions.keda_version()}-{_digest(module)}", make)


def _kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name in the cache; `make` fills it the first time."""
    folder = cache_root(os.environ) / name
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / ".done"
    with locked(folder / ".lock"):
        # Written last: a build that is cut off leaves nothing that looks whole.
        if not done.exists():
            print(f"building {name} with Go, once ({folder})", file=sys.stderr, flush=True)
            began = time.monotonic()
            make(folder)
            done.touch()
            print(f"built {name} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return folder


def _install(to: Path, *packages: str, at: str, flags: str = _STRIPPED) -> None:
    _go(
        "install",
        "-trimpath",
        "-buildvcs=false",
        "-ldflags",
        flags,
        *(f"{package}@{at}" for package in packages),
        gobin=to,
    )


def _build(module: Path, output: Path, package: str) -> None:
    _go("build", "-trimpath", "-buildvcs=false", "-ldflags", _STRIPPED, "-o", output, package, folder=module)


def _go(*arguments: str | Path, folder: Path | None = None, gobin: Path | None = None) -> str:
    environment = {**with_go(os.environ, cache_root(os.environ)), "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    return run("go", *arguments, environment=environment | ({"GOBIN": str(gobin)} if gobin else {}), folder=folder)


def _digest(module: Path) -> str:
    digest = hashlib.sha256()
    for file in sorted(module.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()[:12]
