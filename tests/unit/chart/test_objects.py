"""What is rendered: valid, restricted, and what the operator needs of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

import pytest

from charts.render import example, example_files, objects
from tests.support.chart.flips import merged
from tests.support.chart.validation import faults
from tests.support.chart.values import EVERYTHING, MINIMAL
from vinymatic.settings import ApiSettings, IngestorSettings
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

EXAMPLES = {path.stem: example(path) for path in example_files()}
CASES = {**EXAMPLES, "everything": EVERYTHING}
OPERATORS_OWN = {"INDEX_EPOCH", "INDEX_MIN_MANIFEST", "RESULT_FILE"}
UPKEEP = {
    f"RETRAINING_{limit}" for limit in ("INTERVAL", "DAYS", "GROWTH", "DRIFT")
} | {"COMPACTION_INTERVAL", "COLLECTION_INTERVAL", "BACKUP_INTERVAL"}  # fmt: skip

cases = pytest.mark.parametrize("values", CASES.values(), ids=CASES)


def named(bodies: list[Json], kind: str, component: str) -> Json:
    return next(body for body in bodies if body["kind"] == kind and _name(body).endswith(f"-{component}"))


def _name(body: Json) -> str:
    return str(cast(Json, body["metadata"])["name"])


def pod_specs(bodies: list[Json]) -> Iterator[tuple[str, Json]]:
    for body in bodies:
        if body["kind"] == "Pod":
            yield _name(body), cast(Json, body["spec"])
        if body["kind"] == "Deployment":
            yield _name(body), cast(Json, cast(Json, cast(Json, body["spec"])["template"])["spec"])


def environment(deployment: Json) -> dict[str, Json]:
    ((_, spec),) = pod_specs([deployment])
    container = cast(list[Json], spec["containers"])[0]
    return {str(variable["name"]): variable for variable in cast(list[Json], container["env"])}


@cases
def test_every_object_is_one_that_the_api_server_takes(values: Json) -> None:
    said = {_name(body): faults(body) for body in objects(values)}
    assert {name: found for name, found in said.items() if found} == {}


def test_a_field_that_no_api_server_knows_would_be_noticed() -> None:
    bodies = objects(EVERYTHING)
    for kind, field in (
        ("Deployment", "spec"),
        ("ScaledObject", "spec"),
        ("VinylIndex", "spec"),
        ("PodMonitor", "spec"),
    ):
        body = next(body for body in bodies if body["kind"] == kind)
        assert faults({**body, field: {**cast(Json, body[field]), "replica": 1}})


@cases
def test_every_pod_meets_the_restricted_standard(values: Json) -> None:
    for name, spec in pod_specs(objects(values)):
        security = cast(Json, spec["securityContext"])
        assert (security["runAsNonRoot"], security["runAsUser"]) == (True, 10001), name
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert spec["automountServiceAccountToken"] is name.endswith("-operator"), name
        # The official images of the edge do not start without; the standard allows it.
        added = {"add": ["NET_BIND_SERVICE"]} if name.endswith("-edge") else {}
        containers = cast(list[Json], spec["containers"]) + cast(list[Json], spec.get("initContainers", []))
        for container in containers:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"], **added},
            }, name
            assert container["resources"], name


@cases
def test_why_a_container_ended_is_read_from_its_log(values: Json) -> None:
    for name, spec in pod_specs(objects(values)):
        containers = cast(list[Json], spec["containers"]) + cast(list[Json], spec.get("initContainers", []))
        assert {str(one.get("terminationMessagePolicy")) for one in containers} == {"FallbackToLogsOnError"}, name


@cases
def test_no_variable_is_named_twice_and_none_of_the_operators_is_named(values: Json) -> None:
    for name, spec in pod_specs(objects(values)):
        for container in cast(list[Json], spec["containers"]):
            names = [str(variable["name"]) for variable in cast(list[Json], container.get("env", []))]
            assert [variable for variable, times in Counter(names).items() if times > 1] == [], name
            assert OPERATORS_OWN & set(names) == set(), name


@cases
def test_a_selector_holds_what_never_changes_and_its_pods_have_it(values: Json) -> None:
    for body in objects(values):
        if body["kind"] == "Deployment":
            spec = cast(Json, body["spec"])
            selector = cast(Json, cast(Json, spec["selector"])["matchLabels"])
            labels = cast(Json, cast(Json, cast(Json, spec["template"])["metadata"])["labels"])
            assert set(selector) == {f"app.kubernetes.io/{part}" for part in ("name", "instance", "component")}
            assert selector.items() <= labels.items()
            assert "helm.sh/chart" not in labels


@pytest.mark.parametrize(("component", "settings"), [("api", ApiSettings), ("ingestor", IngestorSettings)])
def test_the_processes_know_every_variable_and_take_its_value(
    component: str, settings: type[ApiSettings] | type[IngestorSettings]
) -> None:
    given = environment(named(objects(MINIMAL), "Deployment", component))
    del given["PYTHONUNBUFFERED"]
    settings(**{name.lower(): variable["value"] for name, variable in given.items()})  # type: ignore[arg-type]


def test_the_ingestor_leaves_to_the_operator_what_it_does() -> None:
    told = environment(named(objects(MINIMAL), "Deployment", "ingestor"))
    assert {name: told[name]["value"] for name in UPKEEP} == dict.fromkeys(UPKEEP, "0")


def test_the_ingestor_does_it_where_there_is_no_index_resource() -> None:
    values = merged(MINIMAL, {"index": {"create": False}, "ingestor": {"upkeep": {"retrainingInterval": 20_000_000}}})
    told = environment(named(objects(values), "Deployment", "ingestor"))
    assert told["RETRAINING_INTERVAL"]["value"] == "20000000"
    assert told["COMPACTION_INTERVAL"]["value"] == "60"


def test_a_users_variable_takes_the_place_of_the_charts() -> None:
    values = merged(
        MINIMAL,
        {
            "env": {"DEBUG": "true", "S3_BUCKET": "all"},
            "api": {"env": {"S3_BUCKET": "one"}, "extraEnv": [{"name": "TOP_N", "valueFrom": {"fieldRef": {}}}]},
        },
    )
    told = environment(named(objects(values), "Deployment", "api"))
    assert [told[name].get("value") for name in ("DEBUG", "S3_BUCKET", "TOP_N")] == ["true", "one", None]


@pytest.mark.parametrize(
    ("values", "component"),
    [
        ({"api": {"autoscaling": {"enabled": True}}}, "api"),
        ({"ingestor": {"keda": {"enabled": True}}}, "ingestor"),
    ],
)
def test_a_deployment_that_is_scaled_by_others_says_no_number(values: Json, component: str) -> None:
    assert "replicas" in cast(Json, named(objects(MINIMAL), "Deployment", component)["spec"])
    assert "replicas" not in cast(Json, named(objects(merged(MINIMAL, values)), "Deployment", component)["spec"])


def test_the_index_names_the_deployments_and_what_they_serve() -> None:
    bodies = objects(EVERYTHING)
    spec = cast(Json, next(body for body in bodies if body["kind"] == "VinylIndex")["spec"])
    storage = cast(Json, spec["storage"])
    for component in ("api", "ingestor"):
        deployment = named(bodies, "Deployment", component)
        assert cast(Json, spec[component])["deployment"] == _name(deployment)
        told = environment(deployment)
        assert told["INDEX_URL"]["value"] == f"s3://{storage['bucket']}/{storage['prefix']}"
        assert told["S3_REGION"]["value"] == storage["region"]
        assert told["SIFT_DIMENSIONS"]["value"] == str(cast(Json, spec["features"])["dimensions"])


def test_two_releases_share_no_object() -> None:
    for one, other in ((("a", "x"), ("b", "x")), (("a", "x"), ("a", "y"))):
        found = []
        for release, namespace in (one, other):
            values = merged(EVERYTHING, {"operator": {"scope": "Cluster"}})
            found += [
                (body["kind"], cast(Json, body["metadata"]).get("namespace"), _name(body))
                for body in objects(values, release=release, namespace=namespace)
            ]
        assert len(found) == len(set(found))


def test_pods_are_spread_over_nodes_that_have_no_zone_too() -> None:
    """A node without the label of one constraint is scored by none of them."""
    for component in ("api", "edge"):
        ((_, spec),) = pod_specs([named(objects(MINIMAL), "Deployment", component)])
        constraints = cast(list[Json], spec["topologySpreadConstraints"])
        terms = cast(dict[str, dict[str, list[dict[str, Json]]]], spec["affinity"])["podAntiAffinity"]
        (preferred,) = terms["preferredDuringSchedulingIgnoredDuringExecution"]
        assert [constraint["topologyKey"] for constraint in constraints] == ["kubernetes.io/hostname"]
        assert preferred["podAffinityTerm"]["topologyKey"] == "topology.kubernetes.io/zone"
        assert preferred["podAffinityTerm"]["labelSelector"] == constraints[0]["labelSelector"]
