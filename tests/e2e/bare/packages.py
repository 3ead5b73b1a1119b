"""Debian packages that the cluster needs, installed when something is missing."""

from __future__ import annotations

import os
from pathlib import Path

from local.errors import MissingToolError
from tests.e2e.bare.shell import missing, run

BRIDGE_PLUGIN = Path("/usr/lib/cni/bridge")
# A program, and the package that brings it.
PROGRAMS = {
    "runc": "runc",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "mount": "mount",
    "buildah": "buildah",
    "debootstrap": "debootstrap",
}


def lacking() -> list[str]:
    """The packages to install."""
    packages = [PROGRAMS[program] for program in missing(*PROGRAMS)]
    return packages if BRIDGE_PLUGIN.exists() else [*packages, "containernetworking-plugins"]


def install() -> None:
    if packages := lacking():
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        run("apt-get", "update", "-qq", environment=environment)
        run("apt-get", "install", "--yes", "--no-install-recommends", *packages, environment=environment)


def check() -> None:
    """Raises `MissingToolError`."""
    if packages := lacking():
        raise MissingToolError(
            f"the cluster needs Debian's {', '.join(packages)}: `python -m tests.e2e.bare packages` installs them"
        )
