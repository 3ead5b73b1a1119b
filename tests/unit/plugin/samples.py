"""VinylIndexes as the API server gives them, at one moment: each says what differs from a healthy one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pydantic import JsonValue

from vinymatic_operator.plugin.facts import Facts, Ingestor, Problem, facts
from vinymatic_operator.plugin.reading import read_index
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT

NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)


def ago(**passed: float) -> str:
    return (NOW - timedelta(**passed)).strftime("%Y-%m-%dT%H:%M:%SZ")


def later(**to_come: float) -> str:
    return (NOW + timedelta(**to_come)).strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(kind: str, status: str, reason: str, message: str = "", since: str = ago(days=3, hours=2)) -> Json:
    return {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": since}


def conditions(*different: Json) -> list[JsonValue]:
    """Those of a healthy index, but for `different`."""
    well = [
        condition("Ready", "True", "Serving", "3 of 3 pods serve manifest 812", ago(hours=3, minutes=12)),
        condition("Reconciling", "False", "Settled"),
        condition("Stalled", "False", "NoProblem"),
        condition("Serving", "True", "AllServing"),
        condition("Fresh", "True", "Fresh"),
        condition("Trained", "True", "Current"),
        condition("BackedUp", "True", "BackedUp"),
        condition("RestoreProven", "True", "Proven"),
    ]
    named = {each["type"]: each for each in different}
    return [named.get(each["type"], each) for each in well]


def resource(*, spec: Json | None = None, status: Json | None = None, annotations: Json | None = None) -> Json:
    """A healthy index with the fields of `spec` and `status` in the place of its own."""
    healthy_spec: Json = {
        "storage": {"bucket": "vinyl-index"},
        "api": {"deployment": "vinymatic-api"},
        "ingestor": {"deployment": "vinymatic-ingestor"},
        "retraining": {"keepPrevious": True},
        "backup": {"bucket": "vinyl-backup", "schedule": "0 3 * * *", "drill": {"schedule": "@weekly"}},
    }
    return {
        "metadata": {
            "name": "records",
            "namespace": "shop",
            "generation": 4,
            "creationTimestamp": ago(days=40),
            "annotations": annotations or {},
        },
        "spec": {**healthy_spec, **(spec or {})},
        "status": {**_healthy_status(), **(status or {})},
    }


def healthy() -> Json:
    return resource()


def brand_new() -> Json:
    found = resource(spec={"backup": None, "ingestor": None})
    found["status"] = {}
    found["metadata"] = {"name": "records", "namespace": "shop", "generation": 1, "creationTimestamp": ago(seconds=40)}
    return found


def retraining() -> Json:
    return resource(
        annotations={RETRAIN_AT: ago(minutes=31)},
        status={
            "conditions": conditions(
                condition("Reconciling", "True", "Encoding", "epoch 5 is encoded", ago(minutes=31))
            ),
            "index": summary(candidateEpoch=5),
            "retraining": {
                "request": ago(minutes=31),
                "last": ago(days=12),
                "phase": "Encoding",
                "reason": f"asked for at {ago(minutes=31)}",
                "job": "records-encode-5",
            },
            "jobs": ["records-encode-5"],
            "nextAction": "waiting for records-encode-5",
        },
    )


def gate_failed() -> Json:
    return resource(
        annotations={RETRAIN_AT: ago(seconds=12)},
        status={
            "conditions": conditions(
                condition(
                    "Trained",
                    "False",
                    "GateFailed",
                    "epoch 5 did not pass: recall falls by 0.019, allowed is 0.010",
                    ago(minutes=6),
                )
            ),
            "retraining": {
                "request": ago(hours=1),
                "last": ago(days=12),
                "job": "records-discard-5",
                "outcome": "done",
                "gate": {
                    "epoch": 5,
                    "passed": False,
                    "at": ago(minutes=6, seconds=10),
                    "recallActive": 0.981,
                    "recallCandidate": 0.962,
                    "falseAcceptsActive": 0.01,
                    "falseAcceptsCandidate": 0.01,
                    "photos": 200,
                    "failures": ["recall falls by 0.019, allowed is 0.010"],
                },
            },
        },
    )


def rolled_back() -> Json:
    stuck = "pod vinymatic-api-7d9-x2 did not serve epoch 5 within 600 s: its image cannot be pulled"
    return resource(
        status={
            "conditions": conditions(
                condition("Ready", "False", "RolloutStuck", stuck, ago(minutes=4)),
                condition("Stalled", "True", "RolloutStuck", stuck, ago(minutes=4)),
                condition(
                    "Fresh",
                    "False",
                    "Stale",
                    "vinymatic-api-5c4-aa has not read the manifest log for over 60 s (timed out)",
                    ago(minutes=3),
                ),
            ),
            "serving": "2/3",
            "served": [{"manifest": 805, "epoch": 4, "pods": 1}, {"manifest": 812, "epoch": 4, "pods": 2}],
            "rollout": {"reason": "back to epoch 4", "startedAt": ago(seconds=95), "epoch": 4},
            "retraining": {
                "last": ago(days=1),
                "refusedEpoch": 5,
                "phase": "RollingOut",
                "job": "records-rollback-5",
                "outcome": "done",
            },
            "nextAction": "waiting for the API's pods to serve epoch 4",
        },
    )


def never_backed_up() -> Json:
    return resource(
        spec={"backup": {"suspend": True}},
        status={
            "conditions": conditions(
                condition("BackedUp", "False", "NoBackup", "there is no backup yet"),
                condition("RestoreProven", "Unknown", "NotConfigured"),
            ),
            "backup": {"backups": 0, "outcome": "failed: access to vinyl-backup was denied", "job": "records-backup-1"},
            "drill": {},
        },
    )


def paused() -> Json:
    return resource(spec={"paused": True}, status={"observedGeneration": 3, "nextAction": "paused: nothing is started"})


def summary(**different: JsonValue) -> JsonValue:
    whole: Json = {
        "manifest": 812,
        "createdAt": ago(minutes=4, seconds=10),
        "covers": 12340,
        "segments": 7,
        "bytes": 1_234_567_890,
        "activeEpoch": 4,
        "previousEpoch": 3,
        "imagesSinceTraining": 2412,
        "trainedAt": ago(days=12),
    }
    return {**whole, **different}


def facts_of(sample: Json) -> Facts:
    """With an idle ingestor and, where the index is stalled, a warning about it."""
    index = read_index(sample)
    stalled = any(each.type == "Stalled" and each.status == "True" for each in index.status.conditions)
    warning = Problem(at=ago(minutes=4), reason="RolloutStuck", message="epoch 5 is rolled back", times=2)
    named = index.spec.ingestor
    ingestor = None if named is None else Ingestor(deployment=named.deployment, wanted=0, ready=0)
    return facts(index, ingestor, [warning] if stalled else [])


def _healthy_status() -> Json:
    return {
        "observedGeneration": 4,
        "conditions": conditions(),
        "index": summary(),
        "serving": "3/3",
        "served": [{"manifest": 812, "epoch": 4, "pods": 3}],
        "rollout": {
            "reason": "epoch 4 became active",
            "startedAt": ago(days=12),
            "completedAt": ago(days=11, hours=23, minutes=57),
            "epoch": 4,
        },
        "retraining": {
            "last": ago(days=12),
            "job": "records-retire-3",
            "outcome": "done",
            "reason": "10011 images since the last training, limit 10000",
            "gate": {
                "epoch": 4,
                "passed": True,
                "at": ago(days=12),
                "recallActive": 0.978,
                "recallCandidate": 0.981,
                "falseAcceptsActive": 0.01,
                "falseAcceptsCandidate": 0.01,
                "photos": 200,
            },
        },
        "backup": {
            "last": ago(hours=17),
            "job": "records-backup-805",
            "outcome": "done",
            "next": later(hours=7),
            "manifest": 805,
            "backups": 30,
        },
        "drill": {
            "last": ago(days=2, hours=20),
            "outcome": "passed",
            "job": "records-drill-790",
            "next": later(days=4),
            "right": 16,
            "questions": 16,
            "manifest": 790,
        },
        "compaction": {"last": ago(minutes=42), "outcome": "done", "next": later(minutes=3)},
        "collection": {"last": ago(hours=20), "outcome": "done", "next": later(hours=4)},
        "nextAction": "retraining after 7588 more images; backup at 2026-11-25 03:00 UTC",
    }
