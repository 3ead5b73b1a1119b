"""Says in words what each setting is: for error lines, `vinymatic settings`, `--help` and docs/settings.md."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import get_args

import annotated_types
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from vinymatic.settings.table import PYTHONS_OWN, ApiSettings, Common, IngestorSettings, OperatorSettings

_TYPE_WORDS: dict[object, str] = {
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    str: "text",
    Path: "a folder",
    SecretStr: "text (secret)",
}
_PATTERN_WORDS = (
    ("s3://", "s3://bucket/prefix, file:///folder or nothing"),
    ("https?", "an http(s) address or nothing"),
    ("{1,61}", "a bucket's name or nothing"),
    ("[a-z0-9-]+( *,", "names with commas between them, or nothing"),
    ("A-Za-z0-9-", "a region's name, such as us-east-1"),
)


@dataclass(frozen=True)
class SettingDescription:
    """One row of the reference: `defaults` by process, in the order of PROCESSES, only those that read it."""

    name: str
    help: str
    allowed: str
    defaults: dict[str, str]


PROCESSES: dict[str, type[Common]] = {"api": ApiSettings, "ingestor": IngestorSettings, "operator": OperatorSettings}


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr


def allowed_text(field: FieldInfo) -> str:
    """`a whole number from 16 to 128, a multiple of 8`."""
    for constraint in field.metadata:
        pattern = getattr(constraint, "pattern", None)
        if pattern is not None:
            return next(words for part, words in _PATTERN_WORDS if part in pattern)
    kinds = get_args(field.annotation) or (field.annotation,)
    text = _TYPE_WORDS[kinds[0]]
    lowest = next((c.ge for c in field.metadata if isinstance(c, annotated_types.Ge)), None)
    highest = next((c.le for c in field.metadata if isinstance(c, annotated_types.Le)), None)
    if lowest is not None:
        text += f" from {lowest} to {highest}"
    for constraint in field.metadata:
        if isinstance(constraint, annotated_types.MultipleOf):
            text += f", a multiple of {constraint.multiple_of}"
    return f"{text} or nothing" if NoneType in kinds else text


def default_text(field: FieldInfo) -> str:
    if is_secret(field) or field.default is None:
        return ""
    if isinstance(field.default, bool):
        return str(field.default).lower()
    return str(field.default)


def descriptions() -> Iterator[SettingDescription]:
    """Every setting once, in the table's order: what all processes share first."""
    rows: dict[str, SettingDescription] = {}
    for process, kind in PROCESSES.items():
        for name, field in kind.model_fields.items():
            row = rows.setdefault(
                name, SettingDescription(name.upper(), field.description or "", allowed_text(field), {})
            )
            row.defaults[process] = default_text(field)
    yield from rows.values()
    for name, text in PYTHONS_OWN.items():
        yield SettingDescription(name, text, "1 or nothing", {})


def markdown() -> str:
    """docs/settings.md, whole."""
    lines = [
        "# Settings",
        "",
        "Environment variables of the API (`vinymatic serve`), the ingestor (`vinymatic ingest`) and the operator (`vinymatic operate`).",
        "Every value is validated at start: a bad one stops the process with one line that names it. This page is made by",
        "`vinymatic settings --markdown`.",
        "",
        "| variable | meaning | allowed | default: API | default: ingestor | default: operator |",
        "|---|---|---|---|---|---|",
    ]
    for row in descriptions():
        cells = [
            f"`{row.defaults[p]}`" if row.defaults.get(p) else ("empty" if p in row.defaults else "–")
            for p in PROCESSES
        ]
        lines.append(f"| `{row.name}` | {row.help} | {row.allowed} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
