"""The CRDs and the operator's rights as YAML files."""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from vinymatic_operator.crds.definitions import KINDS, definition
from vinymatic_operator.kube.rbac import account, binding, role
from vinymatic_operator.resources.base import Json

_HEADER = "# Generated from the models in operator/vinymatic_operator/resources by `make docs`; do not edit.\n"
_RIGHTS_HEADER = "# Generated from operator/vinymatic_operator/kube/uses.py by `make docs`; do not edit.\n"
# Of k8s/operator: where the operator is installed by hand.
NAMESPACE = "vinymatic"


class _Dumper(yaml.SafeDumper):
    """Lists stand in from their key, as people write them; what occurs twice is written twice."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002
        return True


def crd_files() -> Mapping[str, str]:
    """The text of each file by its name, such as `vinylindexes.yaml`."""
    return {f"{kind.resource.plural}.yaml": _HEADER + as_yaml(definition(kind)) for kind in KINDS}


def rights_files() -> Mapping[str, str]:
    """The operator's ServiceAccount with its rights: in every namespace, and in its own alone."""
    files = {}
    for name, namespace in (("rbac.yaml", None), ("rbac-namespaced.yaml", NAMESPACE)):
        bodies = (account(NAMESPACE), role(namespace), binding(namespace, NAMESPACE))
        files[name] = _RIGHTS_HEADER + "---\n".join(map(as_yaml, bodies))
    return files


def as_yaml(body: Json) -> str:
    return yaml.dump(body, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
