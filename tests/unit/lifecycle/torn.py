"""What may happen to a file's bytes."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from vinymatic.errors import CorruptFileError, UnsupportedFormatError

# Up to here every place is tried, beyond it so many.
SMALL = 1_024
SAMPLE = 120
_EDGE = 16


def header_of(data: bytes) -> int:
    """Bytes of the header: of a safetensors file all that is JSON; of any other kind some."""
    length = 8 + int.from_bytes(data[:8], "little")
    return length if length < len(data) and data[8:9] == b"{" else 64


def damaged(data: bytes, seed: int, sample: int = SAMPLE) -> Iterator[tuple[str, bytes]]:
    """`data` with one byte changed, with a range overwritten, and cut; each with a word for it, and none as it was.

    A small file is changed and cut at every place; a large one in its header, near its ends and at `sample` places more.
    """
    chance = random.Random(seed)
    print(f"damaged(seed={seed})")  # noqa: T201 - pytest shows it when the test fails
    size = len(data)
    places = set(range(size))
    if size > SMALL or sample < SAMPLE:
        edges = {*range(min(header_of(data), 4 * sample)), *range(_EDGE), *range(size - _EDGE, size)}
        places = {place for place in edges if 0 <= place < size} | set(chance.choices(range(size), k=sample))
    for place in sorted(places):
        yield f"flipped at {place}", data[:place] + bytes([data[place] ^ chance.randrange(1, 256)]) + data[place + 1 :]
    for _ in range(sample // 8):
        begin, end = sorted(chance.choices(range(size + 1), k=2))
        filled = data[:begin] + chance.choice([b"\0", b"\xff"]) * (end - begin) + data[end:]
        if filled != data:
            yield f"overwritten from {begin} to {end}", filled
    for length in sorted({0, 1, size // 2, size - 1, *chance.choices(range(size), k=sample // 2)}):
        yield f"cut to {length}", data[:length]


def refuses(act: Callable[[], object], what: str) -> None:
    """Fails, with `what` was damaged, unless `act` refuses it as a damaged file."""
    try:
        act()
    except (CorruptFileError, UnsupportedFormatError):
        return
    pytest.fail(f"{what}: it went through")
