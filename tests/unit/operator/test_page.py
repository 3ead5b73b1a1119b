"""docs/operator.md says what the operator tells: every condition with its reasons, every Event, name, setting and right."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from vinymatic.settings import OperatorSettings
from vinymatic_operator.kube.rbac import rules
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan import backups, deletion, epochs, features, planning, records, restores, upkeep, waiting
from vinymatic_operator.resources import names
from vinymatic_operator.resources.conditions import ConditionType
from vinymatic_operator.status import events, verdicts
from vinymatic_operator.ticking import orphans, tick

pytestmark = pytest.mark.unit

PAGE = (Path(__file__).parents[3] / "docs" / "operator.md").read_text("utf-8")
LANES = (backups, deletion, epochs, features, planning, restores, upkeep, waiting)
# Given up after three attempts, so they do not stall: the VinylBackup, VinylRestore or RestoreProven says so.
GIVEN_UP = {Step.BACKUP, Step.DRILL, Step.RESTORE}


def rows(heading: str) -> list[list[str]]:
    """The cells of the tables under a heading, without their heads."""
    section = re.split(r"^## ", PAGE.split(f"\n## {heading}\n")[1], flags=re.MULTILINE)[0]
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return [
        cells for cells in found if not set(cells[0]) <= {"-"} and cells[0] not in ("condition", "reason", "resource")
    ]


def words(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def told(of: set[str]) -> set[tuple[str, str, str]]:
    """(condition, status, reason) of the page's rows on these conditions."""
    found = set()
    for kinds, statuses, reasons, *_ in rows("Conditions"):
        for kind, status in zip(kinds.split(", "), statuses.split(", "), strict=True):
            found |= {(kind, status, reason) for reason in words(reasons) if kind in of}
    return found


def calls(module: ModuleType, name: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of a function in a module, each with the function that it stands in."""
    for function in ast.walk(ast.parse(inspect.getsource(module))):
        if isinstance(function, ast.FunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == name:
                    yield function.name, call


def texts(node: ast.AST) -> set[str]:
    """The strings that an argument may be; none for what is computed."""
    if isinstance(node, ast.IfExp):
        return texts(node.body) | texts(node.orelse)
    return {node.value} if isinstance(node, ast.Constant) and isinstance(node.value, str) else set()


def phases() -> set[str]:
    """Whatever a lane of the plan may say that is under way."""
    places = [(call, 4) for module in LANES for _, call in calls(module, "attempt")]
    places += [(call, 1) for module in LANES for _, call in calls(module, "Lane")]
    return set(epochs.PHASES.values()).union(*(texts(call.args[n]) for call, n in places if len(call.args) > n))


def problems() -> set[str]:
    found = set().union(*(texts(call.args[0]) for module in LANES for _, call in calls(module, "Problem")))
    found = found.union(*(texts(call.args[0]) for _, call in calls(tick, "Problem")))
    return found | {f"{step.value.capitalize()}Failed" for step in set(Step) - GIVEN_UP}


def verdict_reasons() -> set[tuple[str, str, str]]:
    """What the conditions of a VinylIndex may say, but for Ready's borrowed reasons."""
    by_function = {f"_{kind.name.lower()}": kind.value for kind in ConditionType}
    found = {
        (by_function[function], status, reason)
        for function, call in calls(verdicts, "Verdict")
        for status in texts(call.args[0])
        for reason in texts(call.args[1])
    }
    found |= {("Reconciling", "True", phase) for phase in phases()}
    return found | {("Stalled", "True", reason) for reason in problems()}


def test_every_condition_of_a_vinylindex_is_told_with_every_reason() -> None:
    assert told({kind.value for kind in ConditionType}) == verdict_reasons()


def test_what_is_compared_is_not_empty() -> None:
    reasons = verdict_reasons()
    assert {kind for kind, _, _ in reasons} == {kind.value for kind in ConditionType}
    assert ("Serving", "False", "NoIndex") in reasons
    assert {"Training", "Soaking", "Restoring", "Erasing"} <= phases()


def test_every_reason_of_vinylbackups_and_vinylrestores_is_told() -> None:
    places = [
        (call, n)
        for name, n in (("_complete", 4), ("_failed", 3), ("set_condition", 3))
        for _, call in calls(records, name)
    ]
    found = set().union(*(texts(call.args[n]) for call, n in places if len(call.args) > n))
    for node in ast.walk(ast.parse(inspect.getsource(records._under_way))):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            found |= texts(node.value.elts[0])
    assert {reason for _, _, reason in told({"Complete", "Failed", "Restored"})} == found | {orphans.REASON}
    assert {"Waiting", "Running", "Retrying", "Refused"} <= found


def test_every_event_is_told() -> None:
    found = {f"{step.value.capitalize()}{end}" for step in Step for end in ("Started", "Failed")}
    for _, call in calls(events, "Event"):
        found |= texts(call.args[1])
    found |= set(events.DONE.values())
    assert {reason for cells in rows("Events") for reason in words(cells[0])} == found
    assert "RollOutStarted" in found


def test_every_label_annotation_and_finalizer_is_told() -> None:
    ours = [value for value in vars(names).values() if isinstance(value, str) and value.startswith(f"{names.GROUP}/")]
    section = PAGE.split("## Labels and annotations")[1].split("\n## ")[0]
    assert len(ours) > 10
    assert [name for name in ours if f"`{name}`" not in section] == [names.API_VERSION]


def test_every_setting_is_named() -> None:
    section = PAGE.split("\n## Settings\n")[1].split("\n## ")[0]
    own = set(OperatorSettings.model_fields) - {"debug"}
    assert {word for word in words(section) if word.isupper()} >= {name.upper() for name in own}


def test_every_right_is_told_and_no_other() -> None:
    found = {words(cells[0])[0]: cells[1].split(", ") for cells in rows("Rights")}
    assert found == {rule["resources"][0]: rule["verbs"] for rule in rules()}  # type: ignore[call-overload,index]
