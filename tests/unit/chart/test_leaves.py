"""Every value does something: changed, it changes what is rendered."""

from __future__ import annotations

import functools
from collections.abc import Mapping

import pytest

from charts.render import rendered
from charts.source import Value, leaves, values_schema
from tests.support.chart.flips import flipped, merged, nested, value_at
from tests.support.chart.values import EVERYTHING
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

# What no rendering can show, and why.
UNSEEN: Mapping[str, str] = {
    "global": "Helm's own",
    "crds.global": "Helm's own",
    "crds.enabled": "Helm applies the folder crds/ without rendering it: tests/cluster/chart",
}
# Values that show only beside others.
BESIDE: Mapping[str, Json] = {
    "api.replicas": {"api": {"autoscaling": {"enabled": False}}},
    "ingestor.enabled": {"ingestor": {"keda": {"enabled": False}}},
    "ingestor.replicas": {"ingestor": {"keda": {"enabled": False}}},
    "ingestor.upkeep": {"index": {"create": False}},
    "credentials.accessKeyId": {"credentials": {"accessKeyId": "before", "secretAccessKey": "before"}},
    "credentials.secretAccessKey": {"credentials": {"accessKeyId": "before", "secretAccessKey": "before"}},
    "operator.watchNamespaces": {"index": {"create": False}},
    "api.terminationGracePeriodSeconds": {"api": {"preStopSeconds": 0}},
    "edge.replicas": {"edge": {"tls": {"source": "secret", "secretName": "before"}}},
    "edge.tls.source": {"edge": {"tls": {"secretName": "before"}}},
    "edge.tls.secretName": {"edge": {"tls": {"source": "secret", "secretName": "before"}}},
    "edge.tls.issuer": {"edge": {"tls": {"source": "certManager", "issuer": {"name": "before"}}}},
    "edge.ingress": {"edge": {"mode": "ingress"}, "networkPolicies": {"enabled": False}},
    "edge.gateway": {
        "edge": {"mode": "gateway", "gateway": {"className": "before"}},
        "networkPolicies": {"enabled": False},
    },
    "edge.mode": {"networkPolicies": {"enabled": False}},
    "edge.retry.totalSeconds": {"edge": {"retry": {"answerSeconds": 1, "ejectSeconds": 1}}},
    "edge.preStopSeconds": {"edge": {"terminationGracePeriodSeconds": 300}},
    "edge.graceSeconds": {"edge": {"terminationGracePeriodSeconds": 300}},
    "edge.terminationGracePeriodSeconds": {"edge": {"preStopSeconds": 0, "graceSeconds": 1}},
}
VALUES = {value.path: value for value in leaves(values_schema())}


@functools.cache
def _before(beside: str) -> tuple[Json, Mapping[str, str]]:
    """The values that are changed, and what they render."""
    values = merged(EVERYTHING, BESIDE.get(beside, {}))
    return values, _manifests(values)


def _manifests(values: Json) -> Mapping[str, str]:
    """Without the notes: a value that is only spoken of does nothing."""
    return {path: text for path, text in rendered(values).items() if path.endswith(".yaml")}


@pytest.mark.parametrize("value", [v for p, v in VALUES.items() if p not in UNSEEN], ids=lambda value: value.path)
def test_a_value_that_is_changed_changes_what_is_rendered(value: Value) -> None:
    values, manifests = _before(_place(value.path))
    now = value_at(value.path, values, value.default)
    assert _manifests(merged(values, nested(value.path, flipped(value.schema, now)))) != manifests


def _place(path: str) -> str:
    """The entry of `BESIDE` for this value or for what it lies in; else nothing."""
    return next((known for known in BESIDE if path == known or path.startswith(f"{known}.")), "")


def test_what_is_said_of_values_is_said_of_values_that_there_are() -> None:
    assert set(UNSEEN) <= set(VALUES)
    assert all(any(path == name or path.startswith(f"{name}.") for path in VALUES) for name in BESIDE)
