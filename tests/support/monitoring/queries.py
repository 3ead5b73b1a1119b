"""Every query of the rules and dashboards, and what it reads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

FILES = Path(__file__).parents[3] / "charts" / "vinymatic" / "files"
RULES = sorted((FILES / "rules").glob("*.yaml"))
DASHBOARDS = sorted((FILES / "dashboards").glob("*.json"))


@dataclass(frozen=True)
class Read:
    """One selector: a series' name and its matchers, by label."""

    name: str
    matchers: dict[str, promql.Matcher]

    def takes(self, labels: dict[str, str]) -> bool:
        """Whether a series with these labels may be read; labels that it lacks are the scrape's to give."""
        return all(_matches(matcher, labels[name]) for name, matcher in self.matchers.items() if name in labels)


def rules() -> list[dict[str, Any]]:
    found = [yaml.safe_load(path.read_text("utf-8"))["groups"] for path in RULES]
    return [rule for groups in found for group in groups for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def dashboards() -> dict[str, dict[str, Any]]:
    return {path.stem: json.loads(path.read_text("utf-8")) for path in DASHBOARDS}


def panels(board: dict[str, Any]) -> list[dict[str, Any]]:
    """Those that show something."""
    return [panel for panel in board["panels"] if panel["type"] != "row"]


def queries() -> dict[str, str]:
    """By where they are."""
    found = {f"{rule.get('alert', rule.get('record'))} {n}": rule["expr"] for n, rule in enumerate(rules())}
    for name, board in dashboards().items():
        for panel in panels(board):
            for target in panel["targets"]:
                found[f"{name}: {panel['title']} {target['refId']}"] = target["expr"]
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                series, _ = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["query"]["query"]).groups()  # type: ignore[union-attr]
                found[f"{name}: ${variable['name']}"] = series
    return found


def parsed(query: str) -> promql.Expr:
    """Raises `ValueError` for what is no PromQL. The dashboards' own variables get a value."""
    return promql.parse(query.replace("$__rate_interval", "5m"))


def reads(expression: promql.Expr) -> list[Read]:
    return [
        Read(node.name or "", {matcher.name: matcher for matcher in node.matchers.matchers})
        for node in _nodes(expression)
        if isinstance(node, promql.VectorSelector)
    ]


def groupings(expression: promql.Expr) -> Iterator[tuple[frozenset[str], promql.Expr]]:
    """Labels that something is summed up by, or matched on, each with the expression that must have them."""
    for node in _nodes(expression):
        if isinstance(node, promql.AggregateExpr) and node.modifier is not None:
            yield frozenset(node.modifier.labels), node.expr
        if isinstance(node, promql.BinaryExpr) and node.modifier is not None:
            if node.modifier.matching is not None:
                yield frozenset(node.modifier.matching.labels), node.lhs
                yield frozenset(node.modifier.matching.labels), node.rhs
            yield frozenset(node.modifier.group_labels or ()), node.rhs


def _nodes(expression: promql.Expr) -> list[promql.Expr]:
    found: list[promql.Expr] = []
    promql.walk(expression, found.append)
    return found


def _matches(matcher: promql.Matcher, value: str) -> bool:
    pattern = matcher.value.replace("$namespace", ".*").replace("$index", ".*").replace("$job", ".*")
    if matcher.op in (promql.MatchOp.Equal, promql.MatchOp.NotEqual):
        return bool((value == pattern) == (matcher.op == promql.MatchOp.Equal))
    return bool((re.fullmatch(pattern, value) is not None) == (matcher.op == promql.MatchOp.Re))
