"""The edge: what each mode makes, and what cannot be meant."""

from __future__ import annotations

import re
from collections import Counter
from typing import cast

import pytest
from helm_python import HelmError
from pydantic import JsonValue

from charts.render import objects, rendered
from tests.support.chart.flips import merged
from tests.support.chart.validation import faults
from tests.support.chart.values import MINIMAL
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

HOSTS: list[JsonValue] = ["covers.example.com"]
MODES: dict[str, Json] = {
    "internal": {},
    "secret": {"tls": {"source": "secret", "secretName": "covers"}},
    "cert-manager": {"hosts": HOSTS, "tls": {"source": "certManager", "issuer": {"name": "letsencrypt"}}},
    "acme": {"hosts": HOSTS, "tls": {"source": "acme"}, "replicas": 1},
    "plain": {"tls": {"source": "none"}},
    "ingress": {"mode": "ingress", "hosts": HOSTS, "tls": {"secretName": "covers"}, "ingress": {"className": "nginx"}},
    "ingress for any host": {"mode": "ingress"},
    "gateway": {"mode": "gateway", "hosts": HOSTS, "tls": {"secretName": "covers"}, "gateway": {"className": "envoy"}},
    "route": {"mode": "gateway", "gateway": {"parentRefs": [{"name": "shared", "namespace": "gateways"}]}},
    "none": {"mode": "none"},
}


def made(edge: Json, **more: Json) -> list[Json]:
    return objects(merged(MINIMAL, {"edge": edge, **more}))


def kinds(edge: Json) -> Counter[str]:
    """What the mode makes beside what is made without any."""
    return Counter(str(body["kind"]) for body in made(edge)) - Counter(
        str(body["kind"]) for body in made({"mode": "none"})
    )


@pytest.mark.parametrize("edge", MODES.values(), ids=MODES)
@pytest.mark.parametrize("policies", [False, True])
def test_every_mode_is_what_the_api_server_takes(edge: Json, policies: bool) -> None:
    who: Json = {"enabled": policies, "edgeFrom": [{"namespaceSelector": {}}]}
    said = {str(body["kind"]): faults(body) for body in made(edge, networkPolicies=who)}
    assert {kind: found for kind, found in said.items() if found} == {}


@pytest.mark.parametrize(
    ("mode", "more"),
    [
        ("internal", {"Secret"}),
        ("secret", set()),
        ("cert-manager", {"Certificate"}),
        ("acme", {"PersistentVolumeClaim"}),
        ("plain", set()),
    ],
)
def test_caddy_has_the_certificate_that_its_source_says(mode: str, more: set[str]) -> None:
    pods = {"ConfigMap", "Deployment", "PodDisruptionBudget", "ServiceAccount", "Service"}
    assert set(kinds(MODES[mode])) == pods | more


@pytest.mark.parametrize(
    ("mode", "more"),
    [("ingress", {"Ingress"}), ("gateway", {"Gateway", "HTTPRoute"}), ("route", {"HTTPRoute"}), ("none", set())],
)
def test_the_other_modes_make_nothing_but_a_route(mode: str, more: set[str]) -> None:
    assert set(kinds(MODES[mode])) == more


def test_another_configuration_starts_new_pods() -> None:
    def checksum(edge: Json) -> object:
        (text,) = (
            text for path, text in rendered(merged(MINIMAL, {"edge": edge})).items() if "edge/deployment" in path
        )
        return re.findall(r"checksum/config: (\w+)", text)

    assert checksum({}) == checksum({"replicas": 3})
    assert checksum({}) != checksum({"blockedPaths": []})


@pytest.mark.parametrize(
    ("edge", "said"),
    [
        ({**MODES["acme"], "replicas": 2}, "goes with edge.replicas=1"),
        ({"tls": {"source": "acme"}, "replicas": 1}, "edge.hosts is empty"),
        ({"hosts": HOSTS, "tls": {"source": "certManager"}}, "edge.tls.issuer.name is missing"),
        ({"tls": {"source": "secret"}}, "edge.tls.secretName is missing"),
        ({"retry": {"answerSeconds": 60}}, "must be more than edge.retry.answerSeconds"),
        ({"retry": {"ejectSeconds": 20, "totalSeconds": 15}}, "must be more than edge.retry.ejectSeconds"),
        ({"preStopSeconds": 60}, "edge.terminationGracePeriodSeconds must be at least"),
        ({"mode": "gateway"}, "edge.gateway needs parentRefs"),
        ({"blockedPaths": ["/a b"]}, "at '/edge/blockedPaths/0'"),
        ({"hosts": ["a b"]}, "at '/edge/hosts/0'"),
        ({"mode": "nginx"}, "at '/edge/mode'"),
    ],
)
def test_what_contradicts_itself_is_refused(edge: Json, said: str) -> None:
    with pytest.raises(HelmError, match=re.escape(said)):
        made(edge)


def test_a_policy_that_would_let_no_one_in_is_refused() -> None:
    with pytest.raises(HelmError, match=r"networkPolicies\.edgeFrom is empty"):
        made({"mode": "ingress"}, networkPolicies={"enabled": True})


def test_the_api_is_open_to_the_edge_the_operator_prometheus_and_helm_test_alone() -> None:
    bodies = made({}, networkPolicies={"enabled": True, "metricsFrom": []})
    policies = {
        str(cast(Json, body["metadata"])["name"]).rpartition("-")[2]: cast(Json, body["spec"])
        for body in bodies
        if body["kind"] == "NetworkPolicy"
    }
    assert set(policies) == {"api", "edge", "ingestor", "operator"}
    (rule,) = cast(list[Json], policies["api"]["ingress"])
    peers = [cast(Json, cast(Json, peer["podSelector"])["matchLabels"]) for peer in cast(list[Json], rule["from"])]
    assert [peer["app.kubernetes.io/component"] for peer in peers] == ["edge", "operator", "test"]
    assert rule["ports"] == [{"port": 5002, "protocol": "TCP"}]


@pytest.mark.parametrize(
    ("edge", "asked"),
    [
        ({}, "https://records-vinymatic-edge.vinyl.svc:443/readyz"),
        ({"tls": {"source": "none"}}, "http://records-vinymatic-edge.vinyl.svc:80/readyz"),
        ({"hosts": HOSTS, "tls": {"source": "acme"}, "replicas": 1}, None),
        ({"mode": "none"}, None),
    ],
)
def test_helm_test_asks_the_api_and_caddy_where_it_knows_its_services_name(edge: Json, asked: str | None) -> None:
    (pod,) = (body for body in made(edge) if body["kind"] == "Pod")
    (container,) = cast(list[Json], cast(Json, pod["spec"])["containers"])
    _, *addresses = cast(list[str], container["args"])
    assert addresses == ["http://records-vinymatic-api:5002/readyz", *([asked] if asked else [])]
    assert cast(Json, cast(Json, pod["metadata"])["labels"])["app.kubernetes.io/component"] == "test"
