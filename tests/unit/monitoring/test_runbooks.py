"""Each alert has a runbook, whose queries and commands exist."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.support.monitoring.faults import fault
from tests.support.monitoring.queries import alerts
from vinymatic.cli.program import vinymatic
from vinymatic_operator.plugin.program import vinyl

pytestmark = pytest.mark.unit

DOCS = Path(__file__).parents[3] / "docs"
RUNBOOKS = sorted((DOCS / "runbooks").glob("*.md"))


def test_each_alert_says_what_it_is_and_where_its_runbook_lies() -> None:
    for alert in alerts():
        name = alert["alert"]
        assert alert["labels"]["severity"] in ("critical", "warning"), name
        assert set(alert["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert alert["annotations"]["runbook_url"] == f"docs/runbooks/{name}.md"
    assert {path.stem for path in RUNBOOKS} == {alert["alert"] for alert in alerts()}


def test_the_page_lists_each_alert_with_its_severity() -> None:
    rows = re.findall(
        r"^\| \[(\w+)\]\(runbooks/\1\.md\) \| ([\w, ]+) \|", (DOCS / "monitoring.md").read_text("utf-8"), re.MULTILINE
    )
    found: dict[str, set[str]] = {}
    for alert in alerts():
        found.setdefault(alert["alert"], set()).add(alert["labels"]["severity"])
    assert {name: set(severities.split(", ")) for name, severities in rows} == found


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.stem)
def test_a_runbook_has_its_parts_and_its_queries_and_commands_exist(path: Path) -> None:
    text = path.read_text("utf-8")
    assert re.findall(r"^#+ (.*)$", text, re.MULTILINE) == [path.stem, "Meaning", "Impact", "Diagnosis", "Mitigation"]
    found = re.findall(r"^```promql\n(.*?)\n```$", text, re.MULTILINE | re.DOTALL)
    assert found
    assert [problem for query in found if (problem := fault(query)) is not None] == []
    for group, words in ((vinyl, r"kubectl vinyl (\w+)"), (vinymatic, r"`vinymatic (\w+)")):
        assert set(re.findall(words, text)) <= set(group.list_commands(click.Context(group))), path.stem
