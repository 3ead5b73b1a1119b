"""Log lines that a user's key cannot break."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.logs import line

pytestmark = pytest.mark.unit


def test_plain_values_stand_bare_and_others_are_quoted() -> None:
    written = line("commit", manifest=12, seconds=0.12345, key="Blue Note/1.jpg", path="a/b.jpg", empty="", none=None)
    assert written == 'event=commit manifest=12 seconds=0.123 key="Blue Note/1.jpg" path=a/b.jpg empty=""'


@given(st.text())
def test_no_key_starts_a_line_or_a_pair_of_its_own(key: str) -> None:
    written = line("look", key=key, code="ok")
    assert len(written.splitlines()) == 1
    start, end = "event=look key=", " code=ok"
    assert written.startswith(start)
    assert written.endswith(end)
    value = written[len(start) : -len(end)]
    assert (json.loads(value) if value.startswith('"') else value) == key
    assert value.startswith('"') or " " not in value
