"""Keys: what makes the names of Jobs the same whoever plans them, so that the API server refuses the second."""

from __future__ import annotations

import hashlib
from datetime import datetime

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def epoch_key(epoch: int) -> str:
    return f"e{epoch}"


def slot_key(now: datetime, minutes: int) -> str:
    """Of the interval of so many minutes that `now` falls into."""
    return f"t{_base36(int(now.timestamp()) // 60 // minutes)}"


def minute_key(moment: datetime) -> str:
    return f"t{_base36(int(moment.timestamp()) // 60)}"


def text_key(text: str) -> str:
    """Of any text: a request's value, an object's uid."""
    return f"h{hashlib.sha256(text.encode()).hexdigest()[:8]}"


def _base36(number: int) -> str:
    text = ""
    while number:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text or "0"
