"""The operator's ServiceAccount may do what the operator declares to do, and nothing else."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.cluster.operator.quick.conftest import NewSite
from tests.cluster.operator.quick.flows import RETRAIN
from tests.cluster.operator.quick.site import QuickSite
from tests.kube.api import Object, checked
from tests.kube.control_plane import ControlPlane
from tests.kube.errors import KubectlError
from tests.kube.proxy import ApiProxy
from tests.kube.waiting import until
from vinymatic_operator.kube.rbac import binding, role
from vinymatic_operator.kube.uses import USES
from vinymatic_operator.resources.names import OPERATOR_NAME

pytestmark = pytest.mark.cluster

_REVIEW = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_CLUSTER_RIGHTS = "/apis/rbac.authorization.k8s.io/v1/{}"
_DECLARED = {
    (verb, resource.group, resource.plural if subresource is None else f"{resource.plural}/{subresource}")
    for (resource, subresource), verbs in USES.items()
    for verb in verbs
}
# What Kubernetes lets everybody ask: about oneself.
_ABOUT_ONESELF = {
    ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),
    ("create", "authorization.k8s.io", "selfsubjectrulesreviews"),
    ("create", "authentication.k8s.io", "selfsubjectreviews"),
}


def _rights(plane: ControlPlane, kubeconfig: Path, namespace: str) -> set[tuple[str, str, str]]:
    """(verb, group, resource) of all that may be done in the namespace."""
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": namespace}}
    with plane.client(kubeconfig) as client:
        rules = checked(client.post(_REVIEW, json=body))["status"]["resourceRules"]
    return {
        (verb, group, resource)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
    }


def _await_rights(plane: ControlPlane, kubeconfig: Path, namespace: str) -> None:
    """Exactly those that are declared: the API server hears of a role a moment after it was made."""
    wanted = _DECLARED | _ABOUT_ONESELF
    try:
        until(lambda: _rights(plane, kubeconfig, namespace) == wanted, "the rights", seconds=20)
    except TimeoutError as error:
        error.add_note(f"differ: {_rights(plane, kubeconfig, namespace) ^ wanted}")
        raise


def _can(plane: ControlPlane, kubeconfig: Path, *what: str) -> bool:
    try:
        return plane.kubectl("auth", "can-i", *what, kubeconfig=kubeconfig).strip() == "yes"
    except KubectlError:  # its exit code says no
        return False


def test_under_the_role_it_may_do_what_it_declares_in_its_namespace_and_nothing_else_or_elsewhere(
    quick_plane: ControlPlane, new_site: NewSite
) -> None:
    site, other = new_site(), new_site()
    kubeconfig = site.account("looked-at")
    _await_rights(quick_plane, kubeconfig, site.namespace)
    assert _rights(quick_plane, kubeconfig, other.namespace) == _ABOUT_ONESELF


@pytest.mark.parametrize(
    "what",
    [
        ("get", "secrets"),
        ("list", "secrets"),
        ("create", "pods"),
        ("create", "pods/exec"),
        ("get", "configmaps"),
        ("delete", "deployments"),
        ("delete", "vinylindexes"),
        ("create", "rolebindings"),
        ("list", "nodes"),
        ("list", "namespaces"),
    ],
    ids=" ".join,
)
def test_it_may_not(quick_plane: ControlPlane, new_site: NewSite, what: tuple[str, str]) -> None:
    site = new_site()
    kubeconfig = site.account("looked-at")
    _await_rights(quick_plane, kubeconfig, site.namespace)
    assert not _can(quick_plane, kubeconfig, *what, "-n", site.namespace)


def test_under_the_cluster_role_one_operator_serves_two_namespaces_and_may_do_nothing_else_in_either(
    quick_plane: ControlPlane, admin: httpx.Client, new_site: NewSite
) -> None:
    one, two = new_site(), new_site()
    kubeconfig = _cluster_wide(quick_plane, admin, one)
    try:
        for site in (one, two):
            _await_rights(quick_plane, kubeconfig, site.namespace)
            assert not _can(quick_plane, kubeconfig, "get", "secrets", "-n", site.namespace)
        with ApiProxy(kubeconfig) as proxy:
            operator = one.operator_process("cluster-wide", proxy, WATCH_NAMESPACES="")
            for site in (one, two):
                RETRAIN.begin(site)
            operator.launch()
            try:
                for site in (one, two):
                    RETRAIN.settled(site)
            finally:
                operator.stop()
    finally:
        for kind in ("clusterrolebindings", "clusterroles"):
            admin.delete(f"{_CLUSTER_RIGHTS.format(kind)}/{OPERATOR_NAME}")


def _cluster_wide(plane: ControlPlane, admin: httpx.Client, site: QuickSite) -> Path:
    """A kubeconfig of a ServiceAccount with the ClusterRole."""
    account = "cluster-wide"
    place = f"/api/v1/namespaces/{site.namespace}/serviceaccounts"
    checked(admin.post(place, json={"metadata": {"name": account}}))
    rights: list[tuple[str, Object]] = [
        ("clusterroles", dict(role(None))),
        ("clusterrolebindings", dict(binding(None, site.namespace, account))),
    ]
    for kind, body in rights:
        checked(admin.post(_CLUSTER_RIGHTS.format(kind), json=body))
    return plane.kubeconfig_for(site.namespace, account)
