"""Time-tables: when is a run due, and when is the next. Pure.

Daylight saving is followed as Debian's cron does (cronsim): what falls into the hour that is skipped runs right after it, what falls into
the hour that is had twice runs once.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from vinymatic_operator.errors import ScheduleError
from vinymatic_operator.resources.schedules import Schedule

_WORDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@annually": "0 0 1 1 *",
    "@yearly": "0 0 1 1 *",
}
# No clock is put back by more.
_LONGEST_REPEAT = timedelta(hours=3)


def last_due(schedule: Schedule, now: datetime) -> datetime | None:
    """The newest time of the schedule that is not after `now`, in UTC; None: there never was one. Raises `ScheduleError`."""
    # Backwards it begins with what lies before the given second, and a run that is due this very second is due.
    return _next(schedule, now.replace(microsecond=999_999), reverse=True)


def next_due(schedule: Schedule, now: datetime) -> datetime | None:
    """The first time of the schedule after `now`, in UTC; None: there will never be one, or it is suspended. Raises `ScheduleError`."""
    return None if schedule.suspend else _next(schedule, now, reverse=False)


def missed(schedule: Schedule, after: datetime, now: datetime) -> datetime | None:
    """The run that is due: the newest time of the schedule in (`after`, `now`]. Of several that were missed, only the last is made up for.

    Raises `ScheduleError`.
    """
    if schedule.suspend:
        return None
    due = last_due(schedule, now)
    return due if due is not None and due > after else None


def _next(schedule: Schedule, moment: datetime, *, reverse: bool) -> datetime | None:
    if schedule.schedule is None:
        return None
    expression = _WORDS.get(schedule.schedule, schedule.schedule)
    zone = _zone(schedule.time_zone)
    # In an hour that is had for the second time, cronsim begins as if it were the first: it passes over what lay later in that one when it
    # goes back, and finds what is past when it goes on. So it begins after that hour when it goes back, and what does not fit is left out.
    begin = moment + _LONGEST_REPEAT if reverse and moment.astimezone(zone).fold else moment
    try:
        for found in CronSim(expression, begin.astimezone(zone), reverse=reverse):
            if found <= moment if reverse else found > moment:
                return found.astimezone(UTC)
    except CronSimError as error:
        raise ScheduleError(f"schedule {schedule.schedule!r}: {error}") from None
    return None


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # ZoneInfoNotFoundError is a KeyError; a directory's name is an OSError
        raise ScheduleError(f"timeZone {name!r} is not known") from None
