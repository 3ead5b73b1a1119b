"""Ages and times in words, as kubectl has them."""

from __future__ import annotations

from datetime import datetime, timedelta

from vinymatic_operator.observe.view import moment

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_YEAR = 365 * _DAY


def duration_in_words(passed: timedelta) -> str:
    """`90s`, `4m10s`, `42m`, `3h12m`, `31h`, `5d4h`, `40d`, `2y12d`: two units while the second one matters, as in `kubectl get`."""
    seconds = max(0, int(passed.total_seconds()))
    if seconds < 2 * _MINUTE:
        return f"{seconds}s"
    for below, unit, word, smaller, smaller_word in (
        (10 * _MINUTE, _MINUTE, "m", 1, "s"),
        (3 * _HOUR, _MINUTE, "m", 0, ""),
        (8 * _HOUR, _HOUR, "h", _MINUTE, "m"),
        (2 * _DAY, _HOUR, "h", 0, ""),
        (8 * _DAY, _DAY, "d", _HOUR, "h"),
        (2 * _YEAR, _DAY, "d", 0, ""),
        (8 * _YEAR, _YEAR, "y", _DAY, "d"),
    ):
        if seconds < below:
            rest = seconds % unit // smaller if smaller else 0
            return f"{seconds // unit}{word}{f'{rest}{smaller_word}' if rest else ''}"
    return f"{seconds // _YEAR}y"


def age(text: str | None, now: datetime) -> str:
    """How long ago: `3h12m`. `?` where there is no such time."""
    then = moment(text)
    return "?" if then is None else duration_in_words(now - then)


def until(text: str, now: datetime) -> str:
    """`in 42m`; `due` once it has come."""
    then = moment(text)
    if then is None:
        return text
    return f"in {duration_in_words(then - now)}" if then > now else "due"


def number(count: int) -> str:
    """`12,340`."""
    return f"{count:,}"
