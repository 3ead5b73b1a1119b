"""The operator's rights are what it declares to use, no more and no less."""

from __future__ import annotations

from typing import cast

import pytest

from vinymatic_operator.kube.rbac import binding, role, rules
from vinymatic_operator.kube.resources import INDEXES, PODS, Resource
from vinymatic_operator.kube.uses import USES, WATCHED, permitted
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit


def test_the_rules_are_exactly_what_is_used() -> None:
    found = set()
    for rule in cast(list[dict[str, list[str]]], rules()):
        assert rule.keys() == {"apiGroups", "resources", "verbs"}
        (group,), (resource,) = rule["apiGroups"], rule["resources"]
        found |= {(group, resource, verb) for verb in rule["verbs"]}
    wanted = {
        (resource.group, f"{resource.plural}{'' if part is None else f'/{part}'}", verb)
        for (resource, part), verbs in USES.items()
        for verb in verbs
    }
    assert found == wanted


def test_nothing_is_allowed_by_a_wildcard_and_no_secret_is_read() -> None:
    text = str(rules())
    assert "*" not in text
    assert "secrets" not in text


@pytest.mark.parametrize("resource", WATCHED)
def test_what_is_watched_may_be_listed_and_watched(resource: Resource) -> None:
    assert {"list", "watch"} <= USES[(resource, None)]


@pytest.mark.parametrize(
    ("verb", "resource", "subresource", "allowed"),
    [
        ("patch", INDEXES, "status", True),
        ("patch", INDEXES, None, True),
        ("delete", INDEXES, None, False),
        ("get", PODS, None, False),
        ("get", PODS, "log", False),
    ],
)
def test_a_call_that_is_not_declared_is_not_permitted(
    verb: str, resource: Resource, subresource: str | None, allowed: bool
) -> None:
    assert permitted(verb, resource, subresource) is allowed


@pytest.mark.parametrize(("namespace", "kind"), [(None, "ClusterRole"), ("records", "Role")])
def test_a_role_is_for_a_namespace_or_for_all(namespace: str | None, kind: str) -> None:
    made, bound = role(namespace), binding(namespace, "system", "runner")
    assert (made["kind"], bound["kind"]) == (kind, f"{kind}Binding")
    assert made["rules"] == rules()
    assert "rules" not in bound
    reference, metadata = cast(Json, bound["roleRef"]), cast(Json, made["metadata"])
    assert (reference["kind"], reference["name"]) == (kind, metadata["name"])
    assert metadata.get("namespace") == namespace
    assert bound["subjects"] == [{"kind": "ServiceAccount", "name": "runner", "namespace": "system"}]
