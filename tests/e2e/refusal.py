"""A policy of the cluster that refuses some pods: for a roll-out that cannot start."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from tests.e2e.namespace import Namespace

_KIND = {"apiVersion": "admissionregistration.k8s.io/v1"}


@contextmanager
def epoch_refused(namespace: Namespace, epoch: int) -> Iterator[None]:
    """While it is open, no pod of the namespace is admitted that is held to this epoch."""
    name = f"{namespace.name}-refuses-an-epoch"
    holds = f"c.env.exists(e, e.name == 'INDEX_EPOCH' && has(e.value) && e.value == '{epoch}')"
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace.name}},
            "resourceRules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["pods"]}
            ],
        },
        "validations": [
            {
                "expression": f"!object.spec.containers.exists(c, has(c.env) && {holds})",
                "message": f"epoch {epoch} is not wanted here",
            }
        ],
    }
    policy = {**_KIND, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": spec}
    binding = {
        **_KIND,
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": name},
        "spec": {"policyName": name, "validationActions": ["Deny"]},
    }
    namespace.cluster.apply(policy, binding)
    try:
        yield
    finally:
        kinds = "validatingadmissionpolicybindings,validatingadmissionpolicies"
        namespace.cluster.kubectl("delete", kinds, name, "--ignore-not-found")
