"""Time-tables: daylight saving, leap days, missed runs, and schedules that mean nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic_operator.errors import ScheduleError
from vinymatic_operator.plan.schedule import last_due, missed, next_due
from vinymatic_operator.resources.schedules import Schedule

pytestmark = pytest.mark.unit

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"
SECOND = timedelta(seconds=1)


def table(schedule: str, zone: str = "Etc/UTC", *, suspend: bool = False) -> Schedule:
    return Schedule(schedule=schedule, time_zone=zone, suspend=suspend)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def runs(schedule: Schedule, begin: datetime, end: datetime) -> list[str]:
    """The times of the schedule in (`begin`, `end`], in UTC."""
    found, now = [], begin
    while (due := next_due(schedule, now)) is not None and due <= end:
        found.append(f"{due:%m-%d %H:%M}")
        now = due
    return found


@pytest.mark.parametrize(
    ("zone", "begin", "expected"),
    [
        # Spring: 02:30 does not exist on the day; the run follows right after the gap.
        (BERLIN, "2026-03-28 00:00", ["03-28 01:30", "03-29 01:00", "03-30 00:30"]),
        (NEW_YORK, "2026-03-07 00:00", ["03-07 07:30", "03-08 07:00", "03-09 06:30"]),
        # Autumn: 02:30 is had twice in Berlin (01:30 in New York, below); the run is had once.
        (BERLIN, "2026-10-24 00:00", ["10-24 00:30", "10-25 00:30", "10-26 01:30"]),
        (NEW_YORK, "2026-10-31 00:00", ["10-31 06:30", "11-01 07:30", "11-02 07:30"]),
    ],
)
def test_a_daily_run_is_had_once_on_the_days_when_clocks_change(zone: str, begin: str, expected: list[str]) -> None:
    schedule = table("30 2 * * *", zone)
    assert runs(schedule, at(begin), at(begin) + timedelta(days=3)) == expected


def test_a_run_in_the_hour_that_new_york_has_twice_is_had_once() -> None:
    schedule = table("30 1 * * *", NEW_YORK)
    assert runs(schedule, at("2026-11-01 00:00"), at("2026-11-02 12:00")) == ["11-01 05:30", "11-02 06:30"]


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-10-25"), (NEW_YORK, "2026-11-01")])
@pytest.mark.parametrize("expression", ["30 2 * * *", "30 1 * * *", "0 3 * * *"])
def test_a_run_that_is_due_stays_due_through_the_hour_that_is_had_twice(zone: str, day: str, expression: str) -> None:
    schedule = table(expression, zone)
    due = next_due(schedule, at(f"{day} 00:00"))
    assert due is not None
    for later in range(0, 8 * 60, 5):
        assert last_due(schedule, due + timedelta(minutes=later)) == due


@pytest.mark.parametrize(("zone", "day"), [(BERLIN, "2026-10-25"), (NEW_YORK, "2026-11-01")])
def test_the_next_run_is_never_past_in_the_hour_that_is_had_twice(zone: str, day: str) -> None:
    schedule = table("15 1,2,3 * * *", zone)
    for minutes in range(0, 12 * 60, 5):
        now = at(f"{day} 00:00") + timedelta(minutes=minutes)
        due = next_due(schedule, now)
        assert due is not None
        assert due > now


def test_a_leap_day_comes_every_four_years() -> None:
    schedule = table("0 0 29 2 *")
    assert next_due(schedule, at("2026-01-01 00:00")) == at("2028-02-29 00:00")
    assert last_due(schedule, at("2026-01-01 00:00")) == at("2024-02-29 00:00")


def test_of_many_runs_that_were_missed_only_the_last_is_made_up_for() -> None:
    schedule = table("0 3 * * *")
    due = missed(schedule, at("2026-01-01 03:00"), at("2026-03-01 12:00"))
    assert due == at("2026-03-01 03:00")
    assert missed(schedule, due, at("2026-03-01 12:00")) is None


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-03-01 02:59:59.999999", "2026-02-28 03:00"),
        ("2026-03-01 03:00:00", "2026-03-01 03:00"),
        ("2026-03-01 03:00:00.000001", "2026-03-01 03:00"),
        ("2026-03-01 03:00:01", "2026-03-01 03:00"),
    ],
)
def test_a_run_is_due_from_its_very_second_on(now: str, due: str) -> None:
    assert last_due(table("0 3 * * *"), at(now)) == at(due)


def test_what_was_acted_on_is_not_due_again_in_the_same_second() -> None:
    due = at("2026-03-01 03:00")
    assert missed(table("0 3 * * *"), due, due) is None
    assert missed(table("0 3 * * *"), due - SECOND, due) == due
    assert next_due(table("0 3 * * *"), due) == at("2026-03-02 03:00")


def test_nothing_is_due_while_suspended() -> None:
    schedule = table("* * * * *", suspend=True)
    assert missed(schedule, at("2026-01-01 00:00"), at("2026-03-01 00:00")) is None
    assert next_due(schedule, at("2026-03-01 00:00")) is None


def test_nothing_is_due_without_a_schedule() -> None:
    assert missed(Schedule(), at("2026-01-01 00:00"), at("2026-03-01 00:00")) is None
    assert next_due(Schedule(), at("2026-03-01 00:00")) is None


@pytest.mark.parametrize(
    ("word", "due"),
    [
        ("@hourly", "2026-03-01 12:00"),
        ("@daily", "2026-03-01 00:00"),
        ("@midnight", "2026-03-01 00:00"),
        ("@weekly", "2026-03-01 00:00"),
        ("@monthly", "2026-03-01 00:00"),
        ("@annually", "2026-01-01 00:00"),
        ("@yearly", "2026-01-01 00:00"),
    ],
)
def test_words_stand_for_schedules(word: str, due: str) -> None:
    assert last_due(table(word), at("2026-03-01 12:34")) == at(due)


@pytest.mark.parametrize("expression", ["0 0 30 2 *", "0 0 31 4 *", "61 * * * *", "a b c d e"])
def test_a_schedule_that_means_nothing_is_said_with_its_text(expression: str) -> None:
    for ask in (last_due, next_due):
        with pytest.raises(ScheduleError, match="schedule"):
            ask(table(expression), at("2026-03-01 12:00"))


@pytest.mark.parametrize("zone", ["Europe/Entenhausen", "Europe", "Mars"])
def test_a_zone_that_is_not_known_is_said_by_name(zone: str) -> None:
    with pytest.raises(ScheduleError, match=f"timeZone '{zone}'"):
        next_due(table("0 3 * * *", zone), at("2026-03-01 12:00"))


EXPRESSIONS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 2 * * *", "0 3 * * 1", "15 1,2,3 * * *", "0 0 29 2 *", "0 0 L * *", "@hourly"]
)
ZONES = st.sampled_from(["Etc/UTC", BERLIN, NEW_YORK, "Australia/Lord_Howe", "Asia/Kathmandu"])
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))


@given(EXPRESSIONS, ZONES, MOMENTS, MOMENTS)
def test_what_is_due_is_after_the_last_run_and_not_after_now(
    expression: str, zone: str, one: datetime, other: datetime
) -> None:
    after, now = sorted((one, other))
    due = missed(table(expression, zone), after, now)
    assert due is None or after < due <= now


@given(EXPRESSIONS, ZONES, MOMENTS)
def test_between_the_last_run_and_the_next_there_is_now_and_nothing_else(
    expression: str, zone: str, now: datetime
) -> None:
    schedule = table(expression, zone)
    last, following = last_due(schedule, now), next_due(schedule, now)
    assert last is not None
    assert following is not None
    assert last <= now < following
    assert last_due(schedule, following - SECOND) == last


@given(EXPRESSIONS, ZONES, MOMENTS, st.lists(st.integers(0, 90 * 24 * 3_600), max_size=12))
def test_acting_on_what_is_due_never_repeats_a_time(
    expression: str, zone: str, begin: datetime, pauses: list[int]
) -> None:
    schedule, acted, now, done = table(expression, zone), begin, begin, [begin]
    for pause in pauses:
        now += timedelta(seconds=pause)
        for _ in range(2):
            if (due := missed(schedule, acted, now)) is not None:
                acted = due
                done.append(due)
    assert done == sorted(set(done))
