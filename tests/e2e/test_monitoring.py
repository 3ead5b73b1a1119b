"""What watches an installation: `helm test`, and a Prometheus of the cluster, with the chart's rules."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml

from tests.e2e.filling import Filling
from tests.e2e.prometheus import Prometheus, prometheus
from tests.e2e.release import NAME, Release
from tests.e2e.summary import Summary
from tests.kube.api import Object
from tests.support.monitoring.queries import FILES

pytestmark = pytest.mark.e2e

# An API alone, of an index that is nowhere.
UNFILLED: Object = {
    "storage": {"prefix": "is-not-there"},
    "api": {"replicas": 1},
    "ingestor": {"enabled": False, "keda": {"enabled": False}},
    "operator": {"enabled": False},
    "index": {"create": False},
    "edge": {"mode": "none"},
}


@pytest.fixture(scope="module")
def watching(release: Release, filled: Filling, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It has seen every kind of process: an ingestor stays, though there is nothing to do."""
    with (
        release.changed({"ingestor": {"keda": {"minReplicas": 1}}}),
        prometheus(release.namespace, tmp_path_factory.mktemp("prometheus")) as running,
    ):
        yield running


def test_helm_test_passes(release: Release, filled: Filling) -> None:
    said = release.helm("test", NAME)
    assert "Succeeded" in said


def test_every_process_is_scraped(release: Release, watching: Prometheus) -> None:
    def seen() -> bool:
        pods = {pod: "up" for part in ("api", "ingestor", "operator", "edge") for pod in release.pods(part)}
        return len({pod.split("-")[1] for pod in pods}) == 4 and watching.targets(release.namespace) == pods

    release.namespace.until(
        lambda: seen() or None,
        "every pod as a target that is up",
        seconds=120,
        about=lambda: json.dumps(watching.targets(release.namespace), indent=1),
    )


def test_every_rule_is_loaded_and_can_be_evaluated(release: Release, watching: Prometheus) -> None:
    files = [yaml.safe_load(file.read_text("utf-8")) for file in (FILES / "rules").glob("*.yaml")]
    written = {group["name"]: len(group["rules"]) for file in files for group in file["groups"]}

    def loaded() -> list[Object]:
        return list(watching.get("rules")["groups"])

    # Unknown until each was evaluated for the first time.
    release.namespace.until(
        lambda: {rule["health"] for group in loaded() for rule in group["rules"]} == {"ok"} or None,
        "rules that are all evaluated",
        seconds=60,
        about=lambda: str([rule for group in loaded() for rule in group["rules"] if rule["health"] != "ok"]),
    )
    assert {group["name"]: len(group["rules"]) for group in loaded()} == written


def test_an_api_without_an_index_is_alerted_of_until_it_has_one(
    release: Release, watching: Prometheus, summary: Summary
) -> None:
    unfilled = release.beside("unfilled", UNFILLED)
    of = {"namespace": release.namespace.name, "job": f"{unfilled.full_name}-api"}

    def state() -> str:
        return str(watching.state("VinymaticNoIndexServed", **of))

    def await_state(wanted: str) -> None:
        release.namespace.until(
            lambda: state() == wanted or None, f"the alert to be {wanted}", seconds=120, about=state
        )

    unfilled.install()
    try:
        await_state("firing")
        assert watching.state("VinymaticNoIndexServed", job=f"{NAME}-api") is None
        with summary.timed("an alert that fires, until it is resolved"):
            unfilled.upgrade({"storage": {"prefix": release.values["storage"].get("prefix", "index")}})
            await_state("None")
    finally:
        unfilled.uninstall()
