"""When what was asked for has ended, and how."""

from __future__ import annotations

import pytest
from pydantic import JsonValue

from tests.unit.plugin.samples import ago, condition, conditions, resource, summary
from vinymatic_operator.plugin.ends import Ended, Going, object_end, object_state, retraining_end, rollback_end
from vinymatic_operator.plugin.reading import Index, read_index
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT, ROLLBACK_AT

pytestmark = pytest.mark.unit

ASKED = ago(minutes=30)
BEFORE = read_index(resource())
BACK = summary(activeEpoch=3, previousEpoch=4)


def index(run: Json, *, spec: Json | None = None, asked: str = ASKED, **status: JsonValue) -> Index:
    was: Json = resource()["status"]["retraining"]  # type: ignore[index,call-overload,assignment]  # JSON
    annotations: Json = {RETRAIN_AT: asked, ROLLBACK_AT: asked}
    return read_index(resource(spec=spec, status={**status, "retraining": {**was, **run}}, annotations=annotations))


TAKEN: Json = {"request": ASKED}
BACK_TAKEN: Json = {"rollbackRequest": ASKED}
FAILED_GATE: Json = {"epoch": 5, "passed": False, "at": ago(seconds=9), "failures": ["recall falls"]}
OVERTAKEN = Ended(False, "somebody asked again since, in place of this request")
PAUSED = Going("the index is paused: it waits until resumed")


def stalled(reason: str) -> list[JsonValue]:
    return conditions(condition("Stalled", "True", reason, "records-train-5-3 failed: no space"))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (index({}), Going("not taken up yet: retraining after 7588 more images; backup at 2026-11-25 03:00 UTC")),
        (index({}, spec={"paused": True}), PAUSED),
        (index({}, asked=ago(seconds=1)), OVERTAKEN),
        (index({**TAKEN, "phase": "Training"}), Going("at Training")),
        (index({**TAKEN, "phase": "Soaking"}, index=summary(activeEpoch=5)), Going("at Soaking")),
        (index({**TAKEN, "phase": "Restoring"}), Going("at Restoring")),
        # Pauses and pods that do not answer leave no phase, with a candidate there or not.
        (index(TAKEN, spec={"paused": True}), PAUSED),
        (index(TAKEN, index=summary(candidateEpoch=5)), Going("epoch 5 is prepared")),
        (index(TAKEN, index=summary(activeEpoch=5)), Ended(True, "epoch 5 is active")),
        (index({**TAKEN, "gate": FAILED_GATE}), Ended(False, "epoch 5 did not pass its gate: recall falls")),
        (index({**TAKEN, "refusedEpoch": 5}), Ended(False, "epoch 5 was rolled back")),
        (index(TAKEN), Ended(False, "epoch 4 is still active and there is no candidate: it was discarded")),
        (
            index({**TAKEN, "phase": "Training"}, conditions=stalled("TrainFailed")),
            Ended(False, "records-train-5-3 failed: no space"),
        ),
        (index({**TAKEN, "phase": "Training"}, conditions=stalled("BackupFailed")), Going("at Training")),
    ],
)
def test_a_retraining_has_ended_when_another_epoch_is_active_or_none_will_be(now: Index, end: Going | Ended) -> None:
    assert retraining_end(BEFORE, now, ASKED) == end


def test_what_was_stalled_before_does_not_end_the_waiting() -> None:
    before = index({}, conditions=stalled("RetireFailed"))
    now = index({**TAKEN, "phase": "Training"}, conditions=stalled("RetireFailed"))
    assert retraining_end(before, now, ASKED) == Going("at Training")


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (index({}, spec={"paused": True}), PAUSED),
        (index({}, asked=ago(seconds=1)), OVERTAKEN),
        (index({**BACK_TAKEN, "phase": "RollingBack"}), Going("epoch 3 becomes active")),
        (index({**BACK_TAKEN, "phase": "RollingOut"}, index=BACK), Going("the API is rolled over to epoch 3")),
        (
            index(BACK_TAKEN, index=BACK, rollout={"reason": "back", "startedAt": ago(minutes=1)}),
            Going("the API is rolled over to epoch 3"),
        ),
        (index({**BACK_TAKEN, "phase": "Soaking"}, index=BACK), Ended(True, "epoch 3 is active again")),
        (
            index({**BACK_TAKEN, "phase": "RollingBack"}, conditions=stalled("RollbackFailed")),
            Ended(False, "records-train-5-3 failed: no space"),
        ),
    ],
)
def test_a_rollback_has_ended_when_the_epoch_before_is_served(now: Index, end: Going | Ended) -> None:
    assert rollback_end(BEFORE, now, ASKED) == end


@pytest.mark.parametrize(
    ("status", "end", "state"),
    [
        ({}, Going("waiting to begin"), "waiting"),
        ({"startedAt": ago(minutes=1)}, Going("running"), "running"),
        (
            {"startedAt": ago(minutes=1), "conditions": [condition("Complete", "False", "Running")]},
            Going("running"),
            "running",
        ),
        ({"conditions": [condition("Complete", "True", "Done", "12 files")]}, Ended(True, "12 files"), "Complete"),
        ({"conditions": [condition("Failed", "True", "Denied")]}, Ended(False, "Denied"), "Failed (Denied)"),
    ],
)
def test_a_backup_has_ended_by_its_conditions(status: Json, end: Going | Ended, state: str) -> None:
    assert object_end({"status": status}) == end
    assert object_state({"status": status}) == state
