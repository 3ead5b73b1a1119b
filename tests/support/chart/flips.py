"""Another value for any leaf of the chart's values, made from its schema."""

from __future__ import annotations

import re
from typing import cast

from pydantic import JsonValue

from vinymatic_operator.crds.schema import mapping
from vinymatic_operator.resources.base import Json

# The first one that a schema allows is taken.
_TEXTS = (
    "example",
    "other",
    "/other",
    "192.0.2.0/24",
    "https://example.com/other",
    "s3://other/prefix",
    "arn:aws:iam::123456789012:role/other",
    "sha256:" + "a" * 64,
    "7Gi",
    "7s",
    "7%",
    "@weekly",
    "Europe/Berlin",
)


def flipped(schema: Json, now: JsonValue = None) -> JsonValue:
    """Another value than `now`. Raises `ValueError` where none can be thought of."""
    for value in _candidates(schema):
        if value != now:
            return value
    raise ValueError(f"no other value than {now!r} for {schema}")


def value_at(path: str, values: Json, default: JsonValue) -> JsonValue:
    """What `values` say at the path `a.b`, or `default`."""
    found: JsonValue = values
    for name in path.split("."):
        if not isinstance(found, dict) or name not in found:
            return default
        found = found[name]
    return found


def _candidates(schema: Json) -> list[JsonValue]:
    if isinstance(values := schema.get("enum"), list):
        return values
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return [value for kind in kinds for value in _of_kind(str(kind), schema)]


def _of_kind(kind: str, schema: Json) -> list[JsonValue]:
    if kind == "boolean":
        return [True, False]
    if kind in {"integer", "number"}:
        least = cast(float, schema.get("minimum", 0))
        most = cast(float, schema.get("maximum", least + 8))
        step = cast(int, schema.get("multipleOf", 1))
        return [value for value in (int(least) + step * n for n in range(1, 9)) if least <= value <= most]
    if kind == "string":
        pattern = re.compile(str(schema.get("pattern", "")))
        return [text for text in _TEXTS if pattern.search(text)]
    if kind == "array":
        return [[flipped(cast(Json, schema["items"]))]]
    if kind == "object":
        return [_object(schema)]
    return []


def _object(schema: Json) -> JsonValue:
    """What is required of it, or else its first field."""
    fields = mapping(schema, "properties")
    if fields:
        names = cast(list[str], schema.get("required", [])) or [next(iter(fields))]
        return {name: flipped(fields[name]) for name in names}
    inner = schema.get("additionalProperties")
    return {"EXAMPLE": flipped(inner) if isinstance(inner, dict) and inner else "example"}


def nested(path: str, value: JsonValue) -> Json:
    """`{"a": {"b": value}}` of the path `a.b`."""
    for name in reversed(path.split(".")):
        value = {name: value}
    return cast(Json, value)


def merged(one: Json, other: Json) -> Json:
    """Values as Helm puts them together: the later one wins, objects are merged."""
    result = dict(one)
    for name, value in other.items():
        before = result.get(name)
        result[name] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return result
