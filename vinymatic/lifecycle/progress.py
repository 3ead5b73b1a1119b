"""How long work tells how far it is: a callable of (step, done, total)."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[str, int, int], None]


def no_progress(step: str, done: int, total: int) -> None:
    """For whoever does not want to know."""
