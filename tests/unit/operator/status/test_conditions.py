"""How a condition is set."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from tests.support.operator.seen import DAY, NOW, condition
from vinymatic_operator.resources.conditions import Truth
from vinymatic_operator.status.conditions import set_condition, stamp

pytestmark = pytest.mark.unit

BEFORE = [condition("Ready", "True", "Serving", at=NOW - DAY), condition("Fresh", "True", "Fresh", at=NOW - DAY)]


@pytest.mark.parametrize(
    ("status", "reason", "since"),
    [
        ("True", "Serving", NOW - DAY),
        ("True", "Another", NOW - DAY),
        ("False", "Serving", NOW),
        ("Unknown", "Serving", NOW),
    ],
)
def test_the_time_moves_only_with_the_status(status: Truth, reason: str, since: datetime) -> None:
    found = set_condition(BEFORE, "Ready", status, reason, "said", 4, NOW)
    assert [made.type for made in found] == ["Ready", "Fresh"]
    assert (found[0].status, found[0].reason, found[0].message) == (status, reason, "said")
    assert (found[0].last_transition_time, found[0].observed_generation) == (stamp(since), 4)
    assert found[1] == BEFORE[1]


def test_a_new_condition_comes_last() -> None:
    found = set_condition(BEFORE, "Trained", "True", "Current", "", 4, NOW)
    assert [made.type for made in found] == ["Ready", "Fresh", "Trained"]
    assert found[2].last_transition_time == stamp(NOW)


def test_a_long_message_is_cut() -> None:
    assert len(set_condition([], "Ready", "True", "Serving", "x" * 9_000, 1, NOW)[0].message) == 1_000


def test_a_time_is_written_as_kubernetes_writes_it() -> None:
    moment = datetime(2026, 3, 1, 14, 30, 15, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert stamp(moment) == "2026-03-01T12:30:15Z"
