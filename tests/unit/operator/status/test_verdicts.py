"""The conditions of a VinylIndex: what each reason stands for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.operator.seen import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Columns,
    deployment,
    failed,
    good,
    job,
    observed,
    replica,
    summary,
)
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Plan, Problem
from vinymatic_operator.resources.conditions import ConditionType, Truth
from vinymatic_operator.resources.index_status import BackupRun, DrillRun, GateFigures, IndexStatus, RetrainingRun
from vinymatic_operator.status.conditions import stamp
from vinymatic_operator.status.verdicts import Verdict, verdicts

pytestmark = pytest.mark.unit

QUIET = Plan()
STUCK = Plan(problems=(Problem("RolloutStuck", "stuck"), Problem("CompactFailed", "full")))
BAD_TABLE = Plan(problems=(Problem("BadSchedule", "schedule '61 * * * *': Bad minute"),))
BACKED: Columns = {"backup": {"drill": {"schedule": "@weekly", "maxAgeDays": 10}}}
PROVEN: Columns = {
    "job": "d",
    "outcome": "passed",
    "right": 16,
    "questions": 16,
    "manifest": 5,
    "last": stamp(NOW - DAY),
}


def verdict(kind: ConditionType, seen: Columns, told: IndexStatus | None = None, planned: Plan = QUIET) -> Verdict:
    made = observed(**seen)
    return verdicts(made, told or IndexStatus(), planned, newest_view(made), NOW)[kind]


def down(code: str) -> Columns:
    return {"replicas": (replica("api-0", ready=False, answer=None, problem=(code, "said so")),)}


@pytest.mark.parametrize(
    ("seen", "planned", "status", "reason"),
    [
        ({}, QUIET, "True", "Serving"),
        ({"deleting": True}, QUIET, "False", "Deleting"),
        ({"api": None}, QUIET, "False", "DeploymentMissing"),
        ({}, STUCK, "False", "RolloutStuck"),
        ({"spec": {"paused": True}}, QUIET, "True", "Serving"),
    ],
)
def test_ready(seen: Columns, planned: Plan, status: Truth, reason: str) -> None:
    found = verdict(ConditionType.READY, seen, planned=planned)
    assert (found.status, found.reason) == (status, reason)
    assert ("paused" in found.message) is ("spec" in seen)


@pytest.mark.parametrize(
    ("seen", "planned", "expected"),
    [
        ({}, QUIET, Verdict("False", "Settled", "nothing is under way")),
        ({"spec": {"paused": True}}, QUIET, Verdict("False", "Paused", "spec.paused is true")),
        ({}, Plan(phase="Training", next="train: because"), Verdict("True", "Training", "train: because")),
    ],
)
def test_reconciling(seen: Columns, planned: Plan, expected: Verdict) -> None:
    assert verdict(ConditionType.RECONCILING, seen, planned=planned) == expected


@pytest.mark.parametrize(
    ("planned", "expected"),
    [
        (QUIET, Verdict("False", "NoProblem")),
        (STUCK, Verdict("True", "RolloutStuck", "stuck; full")),
    ],
)
def test_stalled(planned: Plan, expected: Verdict) -> None:
    assert verdict(ConditionType.STALLED, {}, planned=planned) == expected


@pytest.mark.parametrize(
    ("seen", "status", "reason", "message"),
    [
        ({}, "True", "AllServing", "2 of 2 pods serve manifest 5"),
        (
            {"replicas": (replica("a"), replica("b", answer=None))},
            "True",
            "SomeServing",
            "1 of 2 pods serve manifest 5",
        ),
        (
            {"replicas": (replica("a", summary(manifest=9)), replica("b", summary(manifest=11)))},
            "True",
            "AllServing",
            "2 of 2 pods serve manifest 11, 9",
        ),
        ({"api": None}, "False", "DeploymentMissing", "there is no Deployment api that fits"),
        ({"api": deployment(wanted=0), "replicas": ()}, "False", "ScaledToZero", "Deployment api has 0 replicas"),
        (down("no_index"), "False", "NoIndex", "api-0: said so"),
        (down("unreachable"), "False", "NoReplicaReady", "api-0: said so"),
        ({"replicas": ()}, "False", "NoReplicaReady", "no pod is ready"),
        (
            {"api": deployment(refused="exceeded quota: small"), "replicas": ()},
            "False",
            "NoReplicaReady",
            "exceeded quota: small",
        ),
        ({"replicas": (replica("a", ready=False),)}, "False", "NoReplicaReady", "no pod is ready"),
    ],
)
def test_serving(seen: Columns, status: Truth, reason: str, message: str) -> None:
    assert verdict(ConditionType.SERVING, seen) == Verdict(status, reason, message)


@pytest.mark.parametrize(
    ("seen", "status", "reason", "message"),
    [
        ({}, "True", "Fresh", "every pod has read the manifest log within 60 s"),
        ({"replicas": ()}, "Unknown", "NothingServed", "no pod says what it serves"),
        (
            {"replicas": (replica("a"), replica("b", staleness_seconds=61.0, last_error="403"))},
            "False",
            "Stale",
            "b has not read the manifest log for over 60 s (403)",
        ),
        (
            {"replicas": (replica("a", summary(manifest=9)), replica("b", summary(manifest=7)))},
            "False",
            "Stale",
            "b serves manifest 7, 9 is over 60 s old",
        ),
        (
            {"replicas": (replica("a", summary(manifest=9, created_at=stamp(NOW - MINUTE))), replica("b"))},
            "True",
            "Fresh",
            "every pod has read the manifest log within 60 s",
        ),
    ],
)
def test_fresh(seen: Columns, status: Truth, reason: str, message: str) -> None:
    assert verdict(ConditionType.FRESH, seen) == Verdict(status, reason, message)


REFUSED = GateFigures(epoch=1, passed=False, at=stamp(NOW), failures=["recall fell", "too slow"])


@pytest.mark.parametrize(
    ("seen", "run", "status", "reason", "message"),
    [
        ({"replicas": ()}, {}, "Unknown", "NothingServed", "no pod says what the index is"),
        ({}, {}, "True", "Untrained", "epoch 0 is the one that came with the software"),
        (
            {"view": summary(trained_at="2026-02-01T00:00:00Z")},
            {},
            "True",
            "Current",
            "epoch 0 is served; the last training began at 2026-02-01T00:00:00Z",
        ),
        ({}, {"gate": REFUSED}, "False", "GateFailed", "epoch 1 did not pass: recall fell; too slow"),
        ({"view": summary(active_epoch=1)}, {"gate": REFUSED}, "True", "Untrained", None),
        ({}, {"refused_epoch": 1}, "False", "RolledBack", "epoch 1 was rolled back"),
        (
            {"jobs": (good(job(Step.ROLLBACK, "h1", reason="it was slow")),)},
            {"refused_epoch": 1},
            "False",
            "RolledBack",
            "epoch 1 was rolled back: it was slow",
        ),
        # Pods tell of the rollback before its Job is over, and why it was begun is known.
        (
            {"jobs": (job(Step.ROLLBACK, "h1", reason="it was slow"),)},
            {"refused_epoch": 1},
            "False",
            "RolledBack",
            "epoch 1 was rolled back: it was slow",
        ),
        (
            {"jobs": (failed(job(Step.TRAIN, "e1"), "no memory"),)},
            {},
            "False",
            "TrainingFailed",
            "vinyl-train-e1-1 failed: no memory",
        ),
    ],
)
def test_trained(seen: Columns, run: Columns, status: Truth, reason: str, message: str | None) -> None:
    found = verdict(ConditionType.TRAINED, seen, IndexStatus(retraining=RetrainingRun(**run)))
    assert (found.status, found.reason) == (status, reason)
    assert message in (None, found.message)


@pytest.mark.parametrize(
    ("seen", "run", "planned", "status", "reason"),
    [
        ({}, {}, QUIET, "Unknown", "NotConfigured"),
        ({"spec": BACKED}, {}, QUIET, "False", "NoBackup"),
        ({"spec": BACKED}, {"last": stamp(NOW), "manifest": 5}, QUIET, "True", "BackedUp"),
        ({"spec": BACKED}, {"last": stamp(NOW), "manifest": 5}, BAD_TABLE, "False", "BadSchedule"),
        (
            {"spec": BACKED, "jobs": (failed(job(Step.BACKUP, "h1")),)},
            {"last": stamp(NOW)},
            QUIET,
            "False",
            "BackupFailed",
        ),
    ],
)
def test_backed_up(seen: Columns, run: Columns, planned: Plan, status: Truth, reason: str) -> None:
    found = verdict(ConditionType.BACKED_UP, seen, IndexStatus(backup=BackupRun(**run)), planned)
    assert (found.status, found.reason) == (status, reason)


@pytest.mark.parametrize(
    ("spec", "run", "status", "reason"),
    [
        ({}, {}, "Unknown", "NotConfigured"),
        ({"backup": {}}, {}, "Unknown", "NotConfigured"),
        (BACKED, {}, "Unknown", "NeverDrilled"),
        (BACKED, PROVEN, "True", "Proven"),
        (BACKED, {**PROVEN, "outcome": "did not pass", "right": 3}, "False", "DrillFailed"),
        (BACKED, {"job": "d", "outcome": "failed: the store is closed"}, "False", "DrillFailed"),
        (BACKED, {**PROVEN, "last": stamp(NOW - 10 * DAY)}, "True", "Proven"),
        (BACKED, {**PROVEN, "last": stamp(NOW - 10 * DAY - timedelta(seconds=1))}, "False", "TooOld"),
        ({"backup": {"drill": {}}}, {**PROVEN, "last": stamp(NOW - 999 * DAY)}, "True", "Proven"),
    ],
)
def test_restore_proven(spec: Columns, run: Columns, status: Truth, reason: str) -> None:
    found = verdict(ConditionType.RESTORE_PROVEN, {"spec": spec}, IndexStatus(drill=DrillRun(**run)))
    assert (found.status, found.reason) == (status, reason)


def test_every_condition_is_told_always() -> None:
    for seen in ({}, {"api": None, "replicas": ()}, {"deleting": True}):
        made = observed(**seen)
        assert set(verdicts(made, IndexStatus(), QUIET, newest_view(made), NOW + HOUR)) == set(ConditionType)
