"""The operator's rights, made from what it declares to use: a Role for a namespace, or a ClusterRole. Pure."""

from __future__ import annotations

from pydantic import JsonValue

from vinymatic_operator.kube.uses import USES
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import OPERATOR_NAME


def rules() -> list[JsonValue]:
    return [
        {
            "apiGroups": [resource.group],
            "resources": [resource.plural if subresource is None else f"{resource.plural}/{subresource}"],
            "verbs": [*sorted(verbs)],
        }
        for (resource, subresource), verbs in USES.items()
    ]


def role(namespace: str | None) -> Json:
    """A ClusterRole where `namespace` is None."""
    metadata: Json = {"name": OPERATOR_NAME}
    if namespace is not None:
        metadata["namespace"] = namespace
    kind = "ClusterRole" if namespace is None else "Role"
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": metadata, "rules": rules()}


def binding(namespace: str | None, account_namespace: str, name: str = OPERATOR_NAME) -> Json:
    """Gives the role to the ServiceAccount `name`."""
    made = role(namespace)
    del made["rules"]
    kind = "ClusterRole" if namespace is None else "Role"
    return {
        **made,
        "kind": f"{kind}Binding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": OPERATOR_NAME},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": account_namespace}],
    }


def account(namespace: str, name: str = OPERATOR_NAME) -> Json:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": namespace}}
