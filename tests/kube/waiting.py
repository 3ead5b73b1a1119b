"""Waiting for a condition, never for the clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T | None], what: str, *, seconds: float = 60) -> T:
    """The first true value of `condition`. Raises `TimeoutError` naming `what`, and the last value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what} (last: {value!r})")
        time.sleep(0.05)
    return value
