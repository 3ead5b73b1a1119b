"""What the metrics show of one index."""

from __future__ import annotations

from vinymatic_operator.metrics import Metrics
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources.conditions import ConditionType
from vinymatic_operator.resources.index_status import IndexStatus


def show(metrics: Metrics, observed: Observed, status: IndexStatus) -> None:
    place = (observed.namespace, observed.name)
    for condition in status.conditions:
        metrics.condition.labels(*place, condition.type).set(condition.status == "True")
    phase = next((c for c in status.conditions if c.type == ConditionType.RECONCILING), None)
    before = next((c for c in observed.status.conditions if c.type == ConditionType.RECONCILING), None)
    if phase is not None and (before is None or before.reason != phase.reason):
        if before is not None:
            metrics.phase_since.remove_by_labels({"namespace": place[0], "index": place[1], "phase": before.reason})
        metrics.phase_since.labels(*place, phase.reason).set_to_current_time()
    if status.index is not None:
        metrics.covers.labels(*place).set(status.index.covers)
        metrics.manifest.labels(*place).set(status.index.manifest)
    for gauge, at in ((metrics.backup_at, status.backup.last), (metrics.drill_at, status.drill.last)):
        if (found := moment(at)) is not None:
            gauge.labels(*place).set(found.timestamp())


def forget(metrics: Metrics, namespace: str, index: str) -> None:
    """Of an index that is gone."""
    for gauge in (
        metrics.condition,
        metrics.phase_since,
        metrics.covers,
        metrics.manifest,
        metrics.backup_at,
        metrics.drill_at,
    ):
        gauge.remove_by_labels({"namespace": namespace, "index": index})
