"""What the metrics show of one index, over its life."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import NOW, condition, job, observed
from vinymatic_operator.metrics import Metrics
from vinymatic_operator.observe.result import failure_text
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.resources.conditions import Condition
from vinymatic_operator.resources.index_status import BackupRun, DrillRun, GateFigures, IndexStatus, RetrainingRun
from vinymatic_operator.ticking.gauges import count_job, forget, show

pytestmark = pytest.mark.unit


def series(metrics: Metrics, name: str) -> dict[tuple[str, ...], float]:
    """By the labels beside namespace and index."""
    return {
        tuple(value for label, value in sample.labels.items() if label not in ("namespace", "index")): sample.value
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.name == f"vinymatic_operator_{name}"
    }


def shown(metrics: Metrics, *conditions: Condition) -> dict[tuple[str, ...], float]:
    show(metrics, observed(), IndexStatus(conditions=list(conditions)))
    return series(metrics, "index_condition")


def test_a_condition_is_shown_with_the_reason_that_it_has_now() -> None:
    metrics = Metrics()
    assert shown(metrics, condition("Ready", "True", "Serving")) == {("Ready", "Serving"): 1}
    assert shown(metrics, condition("Ready", "False", "NoIndex")) == {("Ready", "NoIndex"): 0}
    # Nothing of this was ever written, so the status before says another reason: what is shown is what counts.
    assert shown(metrics, condition("Ready", "True", "Serving")) == {("Ready", "Serving"): 1}


def test_an_unknown_condition_is_not_shown_as_false() -> None:
    metrics = Metrics()
    assert shown(metrics, condition("BackedUp", "False", "NoBackup")) == {("BackedUp", "NoBackup"): 0}
    assert shown(metrics, condition("BackedUp", "Unknown", "NotConfigured")) == {}


def test_figures_that_are_not_known_are_not_shown() -> None:
    metrics = Metrics()
    gate = GateFigures(epoch=1, passed=False, at="2026-03-01T12:00:00Z", recall_active=0.9, recall_candidate=0.8)
    drill = DrillRun(right=15, questions=16)
    show(
        metrics, observed(), IndexStatus(retraining=RetrainingRun(gate=gate), drill=drill, backup=BackupRun(backups=2))
    )
    assert series(metrics, "index_gate_recall_ratio") == {("active",): 0.9, ("candidate",): 0.8}
    assert series(metrics, "index_gate_false_accept_ratio") == {}
    assert series(metrics, "index_gate_passed") == {(): 0}
    assert series(metrics, "index_drill_right_ratio") == {(): 15 / 16}
    assert series(metrics, "index_drill_timestamp_seconds") == {}, "0 would read as 1970"
    assert series(metrics, "index_backups") == {(): 2}


def test_an_index_that_is_gone_leaves_nothing() -> None:
    metrics = Metrics()
    shown(metrics, condition("Ready", "True", "Serving"), condition("Reconciling", "False", "Settled"))
    seen = observed()
    forget(metrics, seen.namespace, seen.name)
    assert [family.name for gauge in metrics.of_an_index for family in gauge.collect() if family.samples] == []
    assert metrics.reasons == {}


@pytest.mark.parametrize(
    ("step", "text", "outcome"),
    [
        (Step.COMPACT, '{"outcome": {}}', "succeeded"),
        (Step.GATE, '{"outcome": {"passed": true}}', "succeeded"),
        (Step.GATE, '{"outcome": {"passed": false}}', "refused"),
        (Step.DRILL, '{"outcome": {"passed": false}}', "refused"),
        (Step.DRILL, failure_text("storage_unavailable", "gone"), "failed"),
    ],
)
def test_a_job_is_counted_by_step_and_outcome_with_its_time(step: Step, text: str, outcome: str) -> None:
    metrics = Metrics()
    count_job(metrics, job(step, "a"), text, NOW)
    counted = {labels: value for labels, value in series(metrics, "jobs_total").items() if value}
    assert counted == {(step.value, outcome): 1}
    assert series(metrics, "job_seconds_sum")[step.value,] == 60
