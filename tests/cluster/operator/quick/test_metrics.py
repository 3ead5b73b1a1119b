"""What Prometheus sees of a real operator over an index's life: through k8s/monitoring/prometheus.yaml, by the names that the rules use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from local.servers.ports import HOST, free_ports
from local.servers.prometheus import Prometheus
from tests.cluster.operator.quick.conftest import NewSite
from tests.cluster.operator.quick.site import NAME
from tests.kube.waiting import until
from tests.support.monitoring.discovery import write_config

pytestmark = pytest.mark.cluster

_BACKUP = {"schedule": "@yearly", "drill": {"schedule": "@yearly"}}
_ENOUGH = 180.0


def pod(port: int) -> dict[str, Any]:
    """The operator's, as k8s/operator/deployment.yaml makes it, in a namespace of its own."""
    return {
        "metadata": {
            "name": "vinymatic-operator-7c9d5b6f4-k2m8q",
            "namespace": "vinymatic",
            "labels": {"app.kubernetes.io/name": "vinymatic-operator"},
            "ownerReferences": [{"name": "vinymatic-operator-7c9d5b6f4", "controller": True}],
        },
        "spec": {"containers": [{"ports": [{"name": "metrics", "containerPort": port}]}]},
        "status": {"phase": "Running", "podIP": HOST},
    }


def test_an_index_is_seen_in_its_own_namespace_with_its_conditions_jobs_and_figures(
    new_site: NewSite, tmp_path: Path
) -> None:
    site = new_site()
    site.install({"backup": _BACKUP}, retrain=True)
    port, *_ = free_ports(1)
    operator = site.operator_process("operator", site.proxy, METRICS_PORT=str(port))
    config = write_config(tmp_path / "prometheus", [pod(port)], "500ms", patience="1s")
    with operator, Prometheus(tmp_path / "prometheus", config) as prometheus:

        def series(query: str) -> list[dict[str, Any]]:
            answer = httpx.get(f"{prometheus.url}/api/v1/query", params={"query": query}, timeout=60)
            return list(answer.raise_for_status().json()["data"]["result"])

        def holds(query: str) -> bool:
            return bool(series(query))

        of_it = f'namespace="{site.namespace}",index="{NAME}"'
        for condition, reason in (("Trained", "Current"), ("BackedUp", "BackedUp"), ("RestoreProven", "Proven")):
            good = f'vinymatic_operator_index_condition{{{of_it},condition="{condition}",reason="{reason}"}} == 1'
            until(lambda good=good: holds(good), good, seconds=_ENOUGH)  # type: ignore[misc]
        for figure in (
            f'vinymatic_operator_index_epoch{{{of_it},role="active"}} == 1',
            f"vinymatic_operator_index_gate_passed{{{of_it}}} == 1",
            f"vinymatic_operator_index_backups{{{of_it}}} == 1",
            f"vinymatic_operator_index_drill_right_ratio{{{of_it}}} == 1",
            f"time() - vinymatic_operator_index_backup_timestamp_seconds{{{of_it}}} < 3600",
            'vinymatic_operator_jobs_total{step="gate",outcome="succeeded"} == 1',
            'vinymatic_operator_job_seconds_count{step="drill"} == 1',
            # Of the operator itself, hence in its own namespace.
            'vinymatic_operator_indexes{namespace="vinymatic",job="vinymatic-operator"} == 1',
        ):
            until(lambda figure=figure: holds(figure), figure)  # type: ignore[misc]
        until(lambda: not holds('ALERTS{alertstate="firing"}'), "no alert")
