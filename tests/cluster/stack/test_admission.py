"""S3 and SQS for development on a real API server."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.kube.control_plane import ControlPlane
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster

DEV = Path(__file__).parents[3] / "k8s/dev"


def test_its_pod_is_admitted_where_pods_are_restricted(control_plane: ControlPlane) -> None:
    control_plane.kubectl("apply", "--kustomize", str(DEV))
    try:
        pods = ("get", "pods", "--namespace", "vinymatic", "--output", "name")
        until(lambda: "pod/stack-" in control_plane.kubectl(*pods), "the stack's pod is made")
        label = control_plane.kubectl("get", "namespace", "vinymatic", "--output", "jsonpath={.metadata.labels}")
        assert '"pod-security.kubernetes.io/enforce":"restricted"' in label
    finally:
        control_plane.kubectl("delete", "--kustomize", str(DEV), "--wait=false")
