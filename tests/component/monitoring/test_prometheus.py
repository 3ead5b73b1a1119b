"""A real Prometheus scrapes a real API and a real ingestor: what they export, what the rules make of it, alerts that come and go."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from local.servers.ports import HOST
from local.servers.process import ServerProcess
from local.servers.prometheus import Prometheus
from monitoring.exported import exported, registries
from tests.component.api.running import RunningApi
from tests.component.ingestor.harness import environment, eventually, process
from tests.support.index import cover, photo_of
from tests.support.monitoring.discovery import write_config
from tests.support.monitoring.queries import queries, rules
from tests.support.servers import Pipeline

pytestmark = pytest.mark.component

# As the dashboards' variables, when everything is chosen.
CHOSEN = {"$__rate_interval": "10s", "$namespace": ".*", "$job": ".*", "$index": ".*"}


def pod(component: str, port_name: str, port: int) -> dict[str, Any]:
    """What the API server would tell of a pod of a Deployment `records-<component>`."""
    return {
        "metadata": {
            "name": f"records-{component}-5d4f8c7b9-x2x4z",
            "namespace": "shop",
            "labels": {"app.kubernetes.io/name": "vinymatic", "app.kubernetes.io/component": component},
            "ownerReferences": [{"name": f"records-{component}-5d4f8c7b9", "controller": True}],
        },
        "spec": {"containers": [{"ports": [{"name": port_name, "containerPort": port}]}]},
        "status": {"phase": "Running", "podIP": HOST},
    }


def target(component: str) -> dict[str, str]:
    """The labels that the scrape gives such a pod's series."""
    name = f"records-{component}"
    return {"namespace": "shop", "job": name, "instance": f"{name}-5d4f8c7b9-x2x4z"}


@dataclass(frozen=True)
class Watched:
    """An API whose index is not there before `ingest`, and the Prometheus that watches both."""

    prometheus: Prometheus
    api: RunningApi
    ingestor: ServerProcess
    metrics_port: int
    pipeline: Pipeline
    template: Path
    folder: Path

    def get(self, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"{self.prometheus.url}/api/v1/{path}", params=parameters, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def value(self, expression: str) -> float | None:
        """Of the one series; None while there is none."""
        found = self.get("query", query=expression)["result"]
        return float(found[0]["value"][1]) if found else None

    def firing(self, name: str) -> list[dict[str, str]]:
        alerts = self.get("alerts")["alerts"]
        return [a["labels"] for a in alerts if a["state"] == "firing" and a["labels"]["alertname"] == name]

    def ingest(self) -> None:
        shutil.copytree(self.template, self.folder / "index")
        self.ingestor.start()

    def families(self, component: str) -> dict[str, frozenset[str]]:
        """What a process exports, as the page calls it, with the labels that are on any of its series."""
        port = {"api": self.api.port, "ingestor": self.metrics_port}[component]
        text = httpx.get(f"http://{HOST}:{port}/metrics", timeout=60).text
        return {
            f"{family.name}_total" if family.type == "counter" else family.name: frozenset(
                label for sample in family.samples for label in sample.labels if label != "le"
            )
            for family in text_string_to_metric_families(text)
        }


@pytest.fixture
def watched(pipeline: Pipeline, index_template: Path, tmp_path: Path) -> Iterator[Watched]:
    folder = tmp_path / "data"
    folder.mkdir()
    variables = environment(pipeline, folder)
    port = int(variables["METRICS_PORT"])
    ingestor = process(variables, tmp_path)
    with RunningApi(folder) as api:
        pods = [pod("api", "http", api.port), pod("ingestor", "metrics", port), pod("edge", "http", 1)]
        config = write_config(tmp_path / "prometheus", pods, "500ms", patience="1s")
        try:
            with Prometheus(tmp_path / "prometheus", config) as prometheus:
                yield Watched(prometheus, api, ingestor, port, pipeline, index_template, folder)
        finally:
            ingestor.stop()


def wait(condition: Callable[[], object], what: str) -> None:
    eventually(lambda: bool(condition()), what, seconds=120)


def test_an_alert_fires_while_no_index_is_served_and_is_over_once_one_is(watched: Watched) -> None:
    wait(lambda: watched.firing("VinymaticNoIndexServed"), "the alert fires")
    (labels,) = watched.firing("VinymaticNoIndexServed")
    assert labels.items() >= {"namespace": "shop", "job": "records-api", "severity": "critical"}.items()
    watched.ingest()
    watched.api.wait_ready()
    wait(lambda: not watched.firing("VinymaticNoIndexServed"), "the alert is over")
    # The other way: nothing is heard of the API at all any more.
    assert not watched.firing("VinymaticProcessAbsent")
    watched.api.process.kill()
    wait(lambda: watched.firing("VinymaticProcessAbsent"), "the API is missed")
    watched.api.process.start()
    wait(lambda: not watched.firing("VinymaticProcessAbsent"), "the API is back")


def test_rules_and_dashboards_work_on_what_real_processes_export(watched: Watched) -> None:
    watched.ingest()
    watched.pipeline.s3.put_object(Bucket=watched.pipeline.bucket, Key="0.jpg", Body=cover(0).jpeg())
    watched.pipeline.s3.put_object(Bucket=watched.pipeline.bucket, Key="bad.jpg", Body=b"no image")
    watched.api.wait_ready(manifest=2)
    wait(lambda: watched.value("vinymatic_ingestor_rejects_total") == 1, "the bad scan is counted")

    def searched() -> bool:
        watched.api.search(photo_of(0))
        return (watched.value("sum(rate(vinymatic_search_score_count[10s]))") or 0) > 0

    wait(searched, "searches are counted")
    for component in ("api", "ingestor"):
        (of_it,) = watched.get("query", query=f'vinymatic_build_info{{component="{component}"}}')["result"]
        assert of_it["metric"].items() >= target(component).items()
        promised = {m.name: frozenset(m.labels) for m in exported(registries()[component])}
        found = watched.families(component)
        assert found.keys() == promised.keys()
        assert [name for name, labels in found.items() if not labels <= promised[name]] == []
    # The third pod has a port of that name too, and is no API.
    assert {t["labels"]["job"] for t in watched.get("targets")["activeTargets"]} == {"records-api", "records-ingestor"}

    def evaluated() -> list[dict[str, Any]]:
        found = [rule for group in watched.get("rules")["groups"] for rule in group["rules"]]
        return [rule for rule in found if rule["health"] != "unknown"]

    wait(lambda: len(evaluated()) == len(rules()), "every rule was evaluated")
    assert [(rule["name"], rule.get("lastError")) for rule in evaluated() if rule["health"] != "ok"] == []
    for query in queries().values():
        for name, value in CHOSEN.items():
            query = query.replace(name, value)
        watched.get("query", query=query)
    assert watched.value("vinymatic:search_errors:ratio_rate5m") is not None
    assert (watched.value("vinymatic_search_score_sum / vinymatic_search_score_count") or 0) > 0.5
    assert watched.value('vinymatic_ingestor_covers_committed_total{change="added"}') == 1
    assert watched.value("vinymatic_ingestor_ingest_lag_seconds_count") == 1
