"""Progress bars follow what the work tells."""

from __future__ import annotations

import io
import sys

import pytest

from vinymatic.cli.progress import bars

pytestmark = pytest.mark.unit


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_each_step_has_its_own_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    with bars() as progress:
        progress("train", 0, 1)
        progress("train", 1, 1)
        progress("encode", 2, 8)
        progress("encode", 8, 8)
    shown = screen.getvalue()
    assert "train: 100%" in shown
    assert "encode: 100%" in shown
    assert "8/8" in shown


def test_nothing_is_drawn_where_no_terminal_is(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.StringIO()
    monkeypatch.setattr(sys, "stderr", screen)
    with bars() as progress:
        progress("train", 1, 1)
    assert screen.getvalue() == ""
