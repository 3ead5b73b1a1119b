"""Numbers in words for people."""

from __future__ import annotations


def bytes_in_words(count: int) -> str:
    """`1.5 MB`, in powers of ten."""
    amount = float(count)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} TB"


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 cover`, `2 covers`."""
    return f"{number} {one if number == 1 else many or one + 's'}"
