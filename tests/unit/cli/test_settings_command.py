"""`vinymatic settings`."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.settings import descriptions, markdown

pytestmark = pytest.mark.unit


def test_every_setting_is_printed_with_what_is_allowed(run: Run) -> None:
    lines = run("settings").stdout.splitlines()
    for row in descriptions():
        assert row.name in lines
        assert any(line.strip().startswith(f"allowed: {row.allowed}") for line in lines)


def test_markdown_is_the_reference_page(run: Run) -> None:
    assert run("settings", "--markdown").stdout == markdown()
