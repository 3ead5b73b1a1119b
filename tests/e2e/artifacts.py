"""What a failed test leaves to look at: every namespace's objects, events and logs, in a folder of its own."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from tests.e2e.bare.errors import CommandError
from tests.e2e.kubernetes import Cluster

FOLDER = Path(__file__).with_name("artifacts")
_LOG_LINES = 2_000
# Secrets' values are left out.
_KINDS = (
    "pods,deployments,replicasets,statefulsets,jobs,cronjobs,services,endpointslices,configmaps,persistentvolumeclaims"
)
_OURS = "vinylindexes,vinylbackups,vinylrestores,scaledobjects"


def save(cluster: Cluster, test: str) -> Path:
    """Returns the test's folder; one of an earlier run is replaced."""
    folder = FOLDER / re.sub(r"[^\w.-]+", "_", test)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    everywhere = "--all-namespaces"
    for name, command in {
        "nodes.txt": ["describe", "nodes"],
        "pods.txt": ["get", "pods", everywhere, "--output=wide"],
        "events.txt": ["get", "events", everywhere, "--sort-by=.lastTimestamp"],
        "objects.yaml": ["get", _KINDS, everywhere, "--output=yaml"],
        "ours.yaml": ["get", _OURS, everywhere, "--output=yaml"],
    }.items():
        (folder / name).write_text(_said(cluster, *command), "utf-8")
    for line in _said(cluster, "get", "pods", everywhere, "--no-headers").splitlines():
        namespace, pod, *_ = line.split()
        for name, previous in (("log", []), ("previous.log", ["--previous"])):
            how = ["--all-containers", "--prefix", "--timestamps", f"--tail={_LOG_LINES}", *previous]
            text = _said(cluster, "logs", f"--namespace={namespace}", pod, *how)
            # Most pods have no earlier container, and kubectl says so.
            if not (previous and text.startswith("kubectl")):
                (folder / f"{namespace}.{pod}.{name}").write_text(text, "utf-8")
    return folder


def _said(cluster: Cluster, *command: str) -> str:
    """A part that cannot be had must not hide the others."""
    try:
        return cluster.kubectl(*command)
    except CommandError as error:
        return f"kubectl failed: {error}\n"
