"""Waiting for a condition, never for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, *, seconds: float = 60, pause: float = 0.05) -> T:
    """The first true value of `condition`, looked at every `pause` seconds. Raises `TimeoutError` naming `what`, and the last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what} (last: {value!r})")
        time.sleep(pause)
    return value
