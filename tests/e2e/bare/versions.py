"""What the cluster is made of. Kubernetes itself: tests/kube/server/go.mod."""

from __future__ import annotations

import re
from pathlib import Path

CONTAINERD = "v2.4.2"
COREDNS = "v1.15.0"
HELM = "v4.3.1"

KEDA_MODULE = Path(__file__).parent / "keda"
PAUSE_MODULE = Path(__file__).parent / "pause"


def keda_version() -> str:
    """What its module requires, such as `v2.21.0`: its many replaced dependencies need a go.mod of their own."""
    match = re.search(r"github\.com/kedacore/keda/v2 (v\S+)", (KEDA_MODULE / "go.mod").read_text("utf-8"))
    assert match is not None, "keda/go.mod requires no KEDA"
    return match[1]
