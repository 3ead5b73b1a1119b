"""The tests' control plane: permissions hold, controllers act, and a killed server comes back with its objects."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.kube.control_plane import ControlPlane
from tests.kube.errors import KubectlError
from tests.kube.waiting import until

pytestmark = pytest.mark.cluster


def test_a_service_account_may_do_what_its_role_allows_and_no_more(control_plane: ControlPlane, namespace: str) -> None:
    in_namespace = f"--namespace={namespace}"
    control_plane.kubectl("create", "serviceaccount", "reader", in_namespace)
    control_plane.kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps", in_namespace)
    binding = ["rolebinding", "reader", "--role=reader", f"--serviceaccount={namespace}:reader"]
    control_plane.kubectl("create", *binding, in_namespace)
    reader = control_plane.kubeconfig_for(namespace, "reader")
    until(
        lambda: "kube-root-ca.crt" in control_plane.kubectl("get", "configmaps", kubeconfig=reader), "its own reading"
    )
    for refused in (
        ["get", "secrets"],
        ["get", "configmaps", "--namespace=kube-system"],
        ["create", "configmap", "a"],
    ):
        with pytest.raises(KubectlError, match=r"(?i)forbidden"):
            control_plane.kubectl(*refused, kubeconfig=reader)


def test_objects_of_a_deleted_owner_are_collected(control_plane: ControlPlane, namespace: str) -> None:
    in_namespace = f"--namespace={namespace}"
    control_plane.kubectl("create", "configmap", "owner", in_namespace)
    owner = json.loads(control_plane.kubectl("get", "configmap", "owner", "-o", "json", in_namespace))
    reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner["metadata"]["uid"]}
    owned = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "owned", "namespace": namespace, "ownerReferences": [reference]},
    }
    control_plane.kubectl("create", "-f", "-", input=json.dumps(owned))
    control_plane.kubectl("delete", "configmap", "owner", in_namespace)
    until(
        lambda: "owned" not in control_plane.kubectl("get", "configmaps", "-o", "name", in_namespace), "the collection"
    )


@pytest.mark.parametrize("server", ["apiserver", "etcd"])
def test_a_killed_server_comes_back_with_its_objects(server: str, tmp_path: Path) -> None:
    with ControlPlane(tmp_path) as control_plane:
        control_plane.create_namespace("kept")
        killed = control_plane.servers[server]
        killed.kill()
        with pytest.raises(KubectlError):
            control_plane.kubectl("create", "namespace", "lost", "--request-timeout=2s")
        killed.start()
        until(lambda: "kept" in names(control_plane), "the namespace made before")
        assert "lost" not in names(control_plane)
        control_plane.create_namespace("new")


def names(control_plane: ControlPlane) -> str:
    try:
        return control_plane.kubectl("get", "namespaces", "-o", "name")
    except KubectlError:
        return ""
