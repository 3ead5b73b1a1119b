"""The rules as Prometheus's own tool judges them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import yaml

from local.servers.prometheus import prometheus_tool
from tests.support.monitoring.discovery import write_config
from tests.support.monitoring.queries import FILES, RULES, alerts

pytestmark = pytest.mark.component

TESTS = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run([prometheus_tool("promtool"), *arguments], capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_rules_are_good() -> None:
    promtool("check", "rules", *RULES)


def test_the_configuration_is_good(tmp_path: Path) -> None:
    promtool("check", "config", write_config(tmp_path, [], "15s"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.stem)
def test_an_alert_fires_when_it_should_and_only_then(path: Path) -> None:
    promtool("test", "rules", path)


def test_each_alert_is_tested_both_ways() -> None:
    assert {path.stem for path in TESTS} == {alert["alert"] for alert in alerts()}
    for path in TESTS:
        checks = [
            check for test in yaml.safe_load(path.read_text("utf-8"))["tests"] for check in test["alert_rule_test"]
        ]
        severities = {f["exp_labels"]["severity"] for check in checks for f in check["exp_alerts"]}
        assert severities == {a["labels"]["severity"] for a in alerts() if a["alert"] == path.stem}, path.name
        assert any(not check["exp_alerts"] for check in checks), path.name


def test_there_are_rules() -> None:
    assert len(RULES) > 10
    assert (FILES / "rules" / "recording.yaml") in RULES
