"""The other things that the operator writes."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import NOW, deployment, observed
from vinymatic_operator.act.objects import backup_object, event_object, finalizer_patch, rollout_patch, status_patch
from vinymatic_operator.plan.actions import CreateBackup, RollOut
from vinymatic_operator.resources.names import FINALIZER

pytestmark = pytest.mark.unit


def test_a_roll_out_changes_the_template_of_the_deployment_as_it_was_seen() -> None:
    assert rollout_patch(deployment(), RollOut(3, 17, "epoch 3 is active"), NOW) == {
        "metadata": {"resourceVersion": "70"},
        "spec": {
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": {
                "metadata": {
                    "annotations": {
                        "vinymatic.io/rolled-for": "epoch 3 is active",
                        "vinymatic.io/rolled-at": "2026-03-01T12:00:00Z",
                    }
                },
                "spec": {
                    "containers": [
                        {
                            "name": "api",
                            "env": [
                                {"name": "INDEX_MIN_MANIFEST", "value": "17"},
                                {"name": "INDEX_EPOCH", "value": "3"},
                            ],
                        }
                    ]
                },
            },
        },
    }


def test_pods_that_follow_the_active_epoch_go_on_doing_so() -> None:
    text = str(rollout_patch(deployment(), RollOut(None, 17, "restore r1"), NOW))
    assert "INDEX_MIN_MANIFEST" in text
    assert "INDEX_EPOCH" not in text


@pytest.mark.parametrize(
    ("there", "present", "wanted"),
    [
        ((), True, [FINALIZER]),
        (("other.io/f",), True, ["other.io/f", FINALIZER]),
        (("other.io/f", FINALIZER), False, ["other.io/f"]),
        ((FINALIZER,), True, [FINALIZER]),
        ((FINALIZER,), False, []),
    ],
)
def test_other_finalizers_stay(there: tuple[str, ...], present: bool, wanted: list[str]) -> None:
    patch = finalizer_patch(observed(finalizers=there), FINALIZER, present=present)
    assert patch == {"metadata": {"finalizers": wanted, "resourceVersion": "99"}}


def test_the_whole_status_of_that_very_object_is_one_request() -> None:
    assert status_patch({"a": 1}, "u") == [
        {"op": "test", "path": "/metadata/uid", "value": "u"},
        {"op": "add", "path": "/status", "value": {"a": 1}},
    ]


def test_a_scheduled_backup_has_no_owner_it_outlives_the_index() -> None:
    body = backup_object(observed(), CreateBackup("vinyl-202603010300", NOW.replace(hour=3), "scheduled"))
    assert body == {
        "apiVersion": "vinymatic.io/v1alpha1",
        "kind": "VinylBackup",
        "metadata": {
            "name": "vinyl-202603010300",
            "namespace": "records",
            "labels": {"vinymatic.io/index": "vinyl", "app.kubernetes.io/managed-by": "vinymatic-operator"},
            "annotations": {"vinymatic.io/scheduled-for": "2026-03-01T03:00:00Z"},
        },
        "spec": {"index": "vinyl"},
    }


def test_an_event_is_about_the_index_and_not_too_long() -> None:
    body = event_object(observed(), "Warning", "TrainFailed", "x" * 2_000, NOW)
    assert body["involvedObject"] == {
        "apiVersion": "vinymatic.io/v1alpha1",
        "kind": "VinylIndex",
        "name": "vinyl",
        "namespace": "records",
        "uid": "uid-vinyl",
    }
    assert (body["type"], body["reason"], body["message"]) == ("Warning", "TrainFailed", "x" * 1_000)
    assert body["firstTimestamp"] == body["lastTimestamp"] == "2026-03-01T12:00:00Z"
