"""Pod Security: what the operator makes, and the operator itself, are admitted where only restricted pods are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cluster.operator.site import Site
from tests.kube.control_plane import ControlPlane

pytestmark = pytest.mark.cluster

OPERATOR = Path(__file__).parents[3] / "k8s" / "operator"
RESTRICTED = "pod-security.kubernetes.io/enforce=restricted"


def test_a_job_runs_where_only_restricted_pods_are_admitted(site: Site) -> None:
    site.kubectl("label", "namespace", site.namespace, RESTRICTED)
    site.install({"backup": {"questions": 0}}, replicas=0)
    site.operator.start()
    site.apply(site.backup("first"))
    site.await_condition("Complete", "True", "BackedUp", "vinylbackup", "first")


def test_the_operator_is_admitted_there_with_its_rights(crds: ControlPlane, namespace: str) -> None:
    crds.kubectl("label", "namespace", namespace, RESTRICTED)
    text = "---\n".join((OPERATOR / name).read_text("utf-8") for name in ("rbac-namespaced.yaml", "deployment.yaml"))
    for body in yaml.safe_load_all(text.replace("namespace: vinymatic\n", f"namespace: {namespace}\n")):
        said = crds.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(body))
        assert "created" in said
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "operator", "namespace": namespace}}
    spec = yaml.safe_load((OPERATOR / "deployment.yaml").read_text("utf-8"))["spec"]["template"]["spec"]
    said = crds.kubectl(
        "create",
        "--dry-run=server",
        "-f",
        "-",
        input=json.dumps({**pod, "spec": {**spec, "serviceAccountName": "default"}}),
    )
    assert "created" in said, "a pod that is not restricted would be refused"
