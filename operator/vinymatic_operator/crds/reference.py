"""docs/resources.md: every field of every kind, from the same schemas as the CRDs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast

from pydantic import JsonValue

from vinymatic_operator.crds.definitions import KINDS, Kind, schema_of
from vinymatic_operator.crds.schema import mapping
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.names import API_VERSION

_HEAD = f"""# Resources

The custom resources of `{API_VERSION}`: every field, as the API server knows it; `kubectl explain vinylindex.spec` says the same.
This page is made by `make docs`.

`[]` stands for an item of a list, `{{}}` for a value of a map. A field without a default may be left out unless it is required. Examples
lie in `k8s/samples/`.
"""
_PATTERN_WORDS = {
    "(Ki|Mi|Gi|Ti|k|M|G|T)?$": "bytes, such as `20Gi`",
    "numkMGTPE": "a quantity, such as `500m` or `4Gi`",
    "s3://": "`s3://bucket/prefix`",
    "https?": "an http(s) address",
    "@(hourly": "five fields, or `@hourly`, `@daily`, `@midnight`, `@weekly`, `@monthly`, `@annually`, `@yearly`",
    "_+/-": "a name of the time zone database",
    "[a-z0-9.-]{1,61}": "a bucket's name",
    "[-a-z0-9]{0,61}": "lower-case letters, digits and `-`",
    "(/[^/]+)*$": "names with `/` between them, none at the ends",
    "[A-Za-z0-9-]+": "letters, digits and `-`",
}
# Least, most, and of what.
_BOUNDS = (
    ("minimum", "maximum", ""),
    ("minLength", "maxLength", " characters"),
    ("minItems", "maxItems", " items"),
)


@dataclass(frozen=True)
class Field:
    """A field by its path in the resource, such as `spec.jobTemplate.tolerations[].key`."""

    path: str
    schema: Json
    required: bool


def fields_of(schema: Json, path: str) -> Iterator[Field]:
    """Every field under `path`, each before those inside it."""
    required = cast(list[str], schema.get("required", []))
    for name, field in mapping(schema, "properties").items():
        inner = f"{path}.{name}"
        yield Field(inner, field, name in required)
        yield from fields_of(field, inner)
        if isinstance(items := field.get("items"), dict):
            yield from fields_of(items, f"{inner}[]")


def markdown() -> str:
    """docs/resources.md, whole."""
    return "\n".join([_HEAD, *(_section(kind) for kind in KINDS)])


def _section(kind: Kind) -> str:
    schema = schema_of(kind)
    spec, status = (mapping(schema, "properties")[part] for part in ("spec", "status"))
    names = ", ".join(f"`{name}`" for name in kind.short_names)
    lines = [f"## {kind.resource.kind}", "", f"{kind.description} Short: {names}.", ""]
    if found := list(_rules(schema, "")):
        lines += ["Beyond what a single field allows:", "", *found, ""]
    lines += ["### " + f"Spec of a {kind.resource.kind}", "", *_table(spec, "spec"), ""]
    lines += ["### " + f"Status of a {kind.resource.kind}", "", *_table(status, "status"), ""]
    return "\n".join(lines)


def _table(schema: Json, path: str) -> Iterator[str]:
    yield "| field | type | default | allowed | meaning |"
    yield "|---|---|---|---|---|"
    for field in fields_of(schema, path):
        default = "required" if field.required else _default_text(field.schema)
        cells = [f"`{field.path}`", _type_text(field.schema), default, _allowed_text(field.schema)]
        cells.append(str(field.schema.get("description", "")))
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _rules(schema: Json, path: str) -> Iterator[str]:
    for found in cast(list[Mapping[str, str]], schema.get("x-kubernetes-validations", [])):
        where = f"`{path.removeprefix('.')}`: " if path else ""
        yield f"- {where}{found['message']}."
    for name, field in mapping(schema, "properties").items():
        yield from _rules(field, f"{path}.{name}")


def _type_text(schema: Mapping[str, object]) -> str:
    if schema.get("x-kubernetes-int-or-string"):
        return "text or integer"
    if isinstance(items := schema.get("items"), dict):
        return f"list of {_type_text(items)}"
    if isinstance(values := schema.get("additionalProperties"), dict):
        return f"map to {_type_text(values)}"
    if schema.get("format") == "date-time":
        return "time"
    return {"string": "text", "boolean": "true or false"}.get(str(schema["type"]), str(schema["type"]))


def _default_text(schema: Json) -> str:
    if "default" not in schema:
        return ""
    default = schema["default"]
    if default == {} and "properties" in schema:
        return "those of its fields"
    return f"`{default if isinstance(default, str) else json.dumps(default)}`"


def _allowed_text(schema: Json) -> str:
    """`16 to 128, a multiple of 8`"""
    words: list[str] = []
    if isinstance(values := schema.get("enum"), list):
        words.append(", ".join(f"`{value}`" for value in values))
    if schema.get("format") == "date-time":
        words.append("as `2026-01-31T03:00:00Z`")
    inner = schema.get("additionalProperties")
    if pattern := schema.get("pattern") or (inner.get("pattern") if isinstance(inner, dict) else None):
        words.append(next(text for part, text in _PATTERN_WORDS.items() if part in str(pattern)))
    words += [
        _range_text(schema.get(least), schema.get(most)) + unit
        for least, most, unit in _BOUNDS
        if {least, most} & {*schema}
    ]
    if "multipleOf" in schema:
        words.append(f"a multiple of {schema['multipleOf']}")
    return ", ".join(words)


def _range_text(least: JsonValue, most: JsonValue) -> str:
    """`16 to 128`, `at least 16` or `at most 128`."""
    if least is None:
        return f"at most {most:,}"
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"
