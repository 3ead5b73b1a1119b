"""Ages and times in words."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.unit.plugin.samples import NOW, ago, later
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plugin.words import age, duration_in_words, until

pytestmark = pytest.mark.unit


# As k8s.io/apimachinery's duration.HumanDuration has them.
@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0s"),
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (250, "4m10s"),
        (600, "10m"),
        (659, "10m"),
        (3 * 3600 - 1, "179m"),
        (3 * 3600, "3h"),
        (3 * 3600 + 12 * 60, "3h12m"),
        (8 * 3600 + 120, "8h"),
        (47 * 3600, "47h"),
        (2 * 86400, "2d"),
        (2 * 86400 + 20 * 3600, "2d20h"),
        (8 * 86400 + 3600, "8d"),
        (700 * 86400, "700d"),
        (2 * 365 * 86400, "2y"),
        (3 * 365 * 86400 + 5 * 86400, "3y5d"),
        (9 * 365 * 86400 + 5 * 86400, "9y"),
    ],
)
def test_a_duration_reads_as_in_kubectl(seconds: int, words: str) -> None:
    assert duration_in_words(timedelta(seconds=seconds)) == words


def test_an_age_that_is_not_known_is_a_question_mark() -> None:
    assert [age(text, NOW) for text in (None, "soon", ago(hours=5))] == ["?", "?", "5h"]


def test_what_is_to_come_is_told_by_how_long_it_takes_and_then_due() -> None:
    assert [until(text, NOW) for text in (later(minutes=42), ago(seconds=1), "soon")] == ["in 42m", "due", "soon"]


def test_a_time_without_a_zone_is_utc() -> None:
    assert moment("2026-11-24T20:00") == NOW == moment("2026-11-24T21:00:00+01:00") == moment("2026-11-24T20:00:00Z")
