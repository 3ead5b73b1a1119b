"""Names of Jobs: the same whoever plans them, and never too long for a label."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic_operator.act.jobs import job_name
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import StartJob
from vinymatic_operator.plan.keys import epoch_key, minute_key, slot_key, text_key

pytestmark = pytest.mark.unit

LONGEST_INDEX = "r" * 40
MOMENTS = st.datetimes(datetime(2024, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
KEYS = st.one_of(
    st.integers(0, 9_999_999).map(epoch_key),
    st.text().map(text_key),
    MOMENTS.map(minute_key),
    st.builds(slot_key, MOMENTS, st.integers(1, 525_600)),
)


@given(st.sampled_from(Step), KEYS, st.integers(1, 999))
def test_a_name_is_a_dns_label_also_for_the_longest_index(step: Step, key: str, attempt: int) -> None:
    name = job_name(LONGEST_INDEX, StartJob(step, key, attempt, "because"))
    assert len(name) <= 63
    assert re.fullmatch(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?", name)


@given(MOMENTS, st.integers(1, 10_000))
def test_a_slot_is_one_interval_long(moment: datetime, minutes: int) -> None:
    assert slot_key(moment, minutes) != slot_key(moment + timedelta(minutes=minutes), minutes)


@pytest.mark.parametrize(("second", "same"), [(0, True), (59, True), (60, False)])
def test_a_minute_has_one_key(second: int, same: bool) -> None:
    begin = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert (minute_key(begin + timedelta(seconds=second)) == minute_key(begin)) is same


def test_the_same_moment_has_the_same_key_in_every_zone() -> None:
    begin = datetime(2026, 3, 1, 3, 0, tzinfo=UTC)
    assert minute_key(datetime.fromisoformat("2026-03-01T04:00:00+01:00")) == minute_key(begin)


def test_the_beginning_of_time_has_a_key() -> None:
    assert minute_key(datetime(1970, 1, 1, tzinfo=UTC)) == "t0"
