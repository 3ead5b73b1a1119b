"""Rules and dashboards ask for what the processes export, and for nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from monitoring.exported import Exported, exported, registries
from tests.support.monitoring.queries import groupings, parsed, queries, reads, rules
from vinymatic.settings import IngestorSettings
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.jobs import Jobs, jobs_of
from vinymatic_ingestor.metrics import Metrics as IngestorMetrics
from vinymatic_operator.resources.conditions import ConditionType

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
# Of the scrape, whatever Prometheus it is: job and instance are always there, namespace where Kubernetes is.
TARGET = frozenset({"job", "instance", "namespace"})
QUERIES = queries()


def processes() -> list[CollectorRegistry]:
    """As they are once the processes have started."""
    ingestor = IngestorMetrics()
    Jobs(jobs_of(IngestorSettings()), {}, Health(), ingestor)
    return [*({**registries(), "ingestor": ingestor.registry}).values()]


def known() -> dict[str, frozenset[str]]:
    """Labels by series, the recorded ones included: those keep what they are summed up by."""
    metrics: list[Exported] = [metric for registry in registries().values() for metric in exported(registry)]
    series = {name: labels | TARGET for metric in metrics for name, labels in metric.series.items()}
    return series | {rule["record"]: frozenset({"namespace", "job"}) for rule in rules() if "record" in rule}


KNOWN = known()


def fault(query: str) -> str | None:
    """What it asks for that nobody has."""
    expression = parsed(query)
    for read in reads(expression):
        if read.name not in KNOWN:
            return f"nobody exports {read.name}"
        if unknown := set(read.matchers) - KNOWN[read.name]:
            return f"{read.name} has no label {unknown}"
        samples = [s for registry in processes() for f in registry.collect() for s in f.samples if s.name == read.name]
        if samples and not any(read.takes(sample.labels) for sample in samples):
            return f"no series of {read.name} has such values"
    for labels, part in groupings(expression):
        if missing := labels - frozenset().union(*(KNOWN[read.name] for read in reads(part))):
            return f"{part.prettify()} has no label {set(missing)}"
    return None


@pytest.mark.parametrize("place", QUERIES)
def test_a_query_asks_for_what_is_exported(place: str) -> None:
    assert fault(QUERIES[place]) is None


@pytest.mark.parametrize(
    "query",
    [
        "vinymatic_request_total",
        'rate(vinymatic_requests_total{code="200"}[5m])',
        'rate(vinymatic_requests_total{route="/serch"}[5m])',
        'vinymatic_ingestor_jobs_total{outcome="success"}',
        "sum by (reason) (rate(vinymatic_requests_total[5m]))",
        "sum by (le) (rate(vinymatic_search_seconds_sum[5m]))",
        "up * on (instance) group_left (version) vinymatic_build_info",
        "vinymatic_snapshot_covers * on (instance) group_left (colour) vinymatic_build_info",
        "kube_pod_info",
    ],
)
def test_a_query_for_what_is_not_there_would_be_noticed(query: str) -> None:
    assert fault(query) is not None


def test_conditions_and_reasons_are_those_of_the_operator() -> None:
    told = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "operator.md").read_text("utf-8")))
    for query in QUERIES.values():
        for read in reads(parsed(query)):
            if read.name == "vinymatic_operator_index_condition":
                words = {name: matcher.value.split("|") for name, matcher in read.matchers.items()}
                assert set(words.get("condition", [])) <= {kind.value for kind in ConditionType}
                assert set(words.get("reason", [])) <= told


def test_there_is_something_to_check() -> None:
    assert len(QUERIES) > 80
    assert {"vinymatic_requests_total", "vinymatic:search_errors:ratio_rate1h"} <= {
        read.name for query in QUERIES.values() for read in reads(parsed(query))
    }
