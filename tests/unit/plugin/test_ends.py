"""When what was asked for has ended, and how."""

from __future__ import annotations

import pytest

from tests.unit.plugin.samples import ago, condition, resource, summary
from vinymatic_operator.plugin.ends import Ended, Going, object_end, object_state, retraining_end, rollback_end
from vinymatic_operator.plugin.reading import Index, read_index
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import RETRAIN_AT, ROLLBACK_AT

pytestmark = pytest.mark.unit

ASKED = ago(minutes=30)
BEFORE = read_index(resource())
BACK: Json = {"index": summary(activeEpoch=3, previousEpoch=4)}


def index(run: Json, *, spec: Json | None = None, asked: str = ASKED, **status: Json) -> Index:
    was: Json = resource()["status"]["retraining"]  # type: ignore[index,call-overload,assignment]  # JSON
    annotations: Json = {RETRAIN_AT: asked, ROLLBACK_AT: asked}
    return read_index(resource(spec=spec, status={**status, "retraining": {**was, **run}}, annotations=annotations))


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (index({}), Going("not taken up yet")),
        (index({}, spec={"paused": True}), Going("the index is paused: it waits until resumed")),
        (index({"phase": "encode"}), Going("at encode")),
        (index({"phase": "gate", "request": ASKED}), Going("at gate")),
        (index({"request": ASKED, "last": ago(seconds=9), "outcome": "promoted"}), Ended(True, "promoted")),
        (index({"request": ASKED, "outcome": "no space left"}), Ended(False, "no space left")),
        (
            index(
                {
                    "request": ASKED,
                    "last": ago(seconds=9),
                    "gate": {"epoch": 5, "passed": False, "at": ago(seconds=9), "failures": ["recall falls"]},
                }
            ),
            Ended(False, "the gate of epoch 5 failed: recall falls"),
        ),
        (index({}, asked=ago(seconds=1)), Ended(False, "somebody asked again since, in place of this request")),
    ],
)
def test_a_retraining_has_ended_when_it_is_taken_up_and_at_no_step(now: Index, end: Going | Ended) -> None:
    assert retraining_end(BEFORE, now, ASKED) == end


@pytest.mark.parametrize(
    ("now", "end"),
    [
        (index({}), Going("not taken up yet")),
        (index({"rollbackRequest": ASKED}), Going("epoch 3 becomes active")),
        (index({"rollbackRequest": ASKED, "outcome": "no such epoch"}), Ended(False, "no such epoch")),
        (
            index({"rollbackRequest": ASKED}, **BACK, rollout={"reason": "back", "startedAt": ago(minutes=1)}),  # type: ignore[arg-type]
            Going("the API is rolled over: 3/3 pods"),
        ),
        (index({"rollbackRequest": ASKED}, **BACK), Ended(True, "epoch 3 is active again and served by 3/3 pods")),  # type: ignore[arg-type]
        (index({}, asked=ago(seconds=1)), Ended(False, "somebody asked again since, in place of this request")),
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
