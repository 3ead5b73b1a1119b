"""Rules and dashboards ask for what the processes export, and for nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.monitoring.faults import fault
from tests.support.monitoring.queries import parsed, queries, reads
from vinymatic_operator.resources.conditions import ConditionType

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
QUERIES = queries()


@pytest.mark.parametrize("place", QUERIES)
def test_a_query_asks_for_what_is_exported(place: str) -> None:
    assert fault(QUERIES[place]) is None


@pytest.mark.parametrize(
    "query",
    [
        "vinymatic_request_total",
        'rate(vinymatic_requests_total{code="200"}[5m])',
        'rate(vinymatic_requests_total{route="/searched"}[5m])',
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
