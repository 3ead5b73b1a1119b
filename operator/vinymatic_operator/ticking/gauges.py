"""What the metrics show of one index."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import Gauge

from vinymatic_operator.metrics import PROVING, Metrics
from vinymatic_operator.observe.result import parse_result
from vinymatic_operator.observe.seen import JobSeen, Observed
from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources.conditions import Condition, ConditionType
from vinymatic_operator.resources.index_status import DrillRun, GateFigures, IndexStatus, Summary

Place = tuple[str, str]


def show(metrics: Metrics, observed: Observed, status: IndexStatus) -> None:
    place = (observed.namespace, observed.name)
    for condition in status.conditions:
        _condition(metrics, place, condition)
    _phase(metrics, place, observed.status, status)
    if status.index is not None:
        _summary(metrics, place, status.index)
    if status.retraining.gate is not None:
        _gate(metrics, place, status.retraining.gate)
    metrics.backups.labels(*place).set(status.backup.backups)
    _time(metrics.backup_at, place, status.backup.last)
    _drill(metrics, place, status.drill)


def count_job(metrics: Metrics, job: JobSeen, result: str, now: datetime) -> None:
    """Of a Job whose result was recorded."""
    parsed = parse_result(result)
    refused = job.step in PROVING and not parsed.flag("passed")
    outcome = "failed" if parsed.outcome is None else "refused" if refused else "succeeded"
    metrics.jobs.labels(job.step.value, outcome).inc()
    metrics.job_seconds.labels(job.step.value).observe(((job.finished or now) - job.created).total_seconds())


def forget(metrics: Metrics, namespace: str, index: str) -> None:
    """Of an index that is gone."""
    for gauge in metrics.of_an_index:
        gauge.remove_by_labels({"namespace": namespace, "index": index})
    for kind in ConditionType:
        metrics.reasons.pop((namespace, index, kind.value), None)


def _condition(metrics: Metrics, place: Place, condition: Condition) -> None:
    """One reason at a time. What is remembered is what is shown: the status that was written last may be another."""
    key = (*place, condition.type)
    before = metrics.reasons.pop(key, None)
    if condition.status != "Unknown":
        metrics.reasons[key] = condition.reason
        metrics.condition.labels(*key, condition.reason).set(condition.status == "True")
    if before is not None and before != metrics.reasons.get(key):
        metrics.condition.remove(*key, before)


def _phase(metrics: Metrics, place: Place, before: IndexStatus, status: IndexStatus) -> None:
    was, now = (
        next((c.reason for c in found.conditions if c.type == ConditionType.RECONCILING), None)
        for found in (before, status)
    )
    if now is None or now == was:
        return
    if was is not None:
        metrics.phase_since.remove(*place, was)
    metrics.phase_since.labels(*place, now).set_to_current_time()


def _summary(metrics: Metrics, place: Place, index: Summary) -> None:
    metrics.covers.labels(*place).set(index.covers)
    metrics.segments.labels(*place).set(index.segments)
    metrics.bytes.labels(*place).set(index.bytes)
    metrics.manifest.labels(*place).set(index.manifest)
    metrics.images_since_training.labels(*place).set(index.images_since_training)
    _time(metrics.committed_at, place, index.created_at)
    _time(metrics.trained_at, place, index.trained_at)
    _value(metrics.epoch, (*place, "active"), index.active_epoch)
    _value(metrics.epoch, (*place, "candidate"), index.candidate_epoch)
    _value(metrics.epoch, (*place, "previous"), index.previous_epoch)


def _gate(metrics: Metrics, place: Place, gate: GateFigures) -> None:
    metrics.gate_passed.labels(*place).set(gate.passed)
    _time(metrics.gate_at, place, gate.at)
    _value(metrics.gate_recall, (*place, "active"), gate.recall_active)
    _value(metrics.gate_recall, (*place, "candidate"), gate.recall_candidate)
    _value(metrics.gate_false_accepts, (*place, "active"), gate.false_accepts_active)
    _value(metrics.gate_false_accepts, (*place, "candidate"), gate.false_accepts_candidate)


def _drill(metrics: Metrics, place: Place, drill: DrillRun) -> None:
    _time(metrics.drill_at, place, drill.last)
    if drill.right is not None and drill.questions:
        metrics.drill_right.labels(*place).set(drill.right / drill.questions)


def _time(gauge: Gauge, labels: Place, at: str | None) -> None:
    """Nothing while it is not known: 0 would read as 1970."""
    found = moment(at)
    _value(gauge, labels, None if found is None else found.timestamp())


def _value(gauge: Gauge, labels: tuple[str, ...], value: float | None) -> None:
    if value is None:
        gauge.remove(*labels)
    else:
        gauge.labels(*labels).set(value)
