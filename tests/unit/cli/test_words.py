"""Numbers in words."""

from __future__ import annotations

import pytest

from vinymatic.cli.words import bytes_in_words, counted

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_500_000, "1.5 MB"),
        (2 * 10**9, "2.0 GB"),
        (5 * 10**15, "5000.0 TB"),
    ],
)
def test_bytes_are_told_in_powers_of_ten(count: int, words: str) -> None:
    assert bytes_in_words(count) == words


def test_one_is_singular() -> None:
    assert counted(1, "cover") == "1 cover"
    assert counted(0, "cover") == "0 covers"
    assert counted(2, "box", "boxes") == "2 boxes"
