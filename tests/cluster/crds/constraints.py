"""For every constraint of a schema a value that breaks it, and words of what the API server says then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cluster.crds.bodies import ABSENT
from vinymatic_operator.crds.reference import Field

# By a part of the pattern: text that does not match it.
_BAD_TEXT = {
    "(Ki|Mi|Gi|Ti|k|M|G|T)?$": "20 GB",
    "^s3://": "/photos/golden",
    "^https?": "s3.example.com",
    "^(@(hourly": "every night",
    "_+/-": "+01:00",
    "[a-z0-9.-]{1,61}": "Vinyl_Index",
    "[-a-z0-9]{0,61}": "vinymatic_api",
    "(/[^/]+)*$": "/index/",
    "[A-Za-z0-9-]+": "eu central",
}


@dataclass(frozen=True)
class Violation:
    path: str
    value: object
    words: str

    def __str__(self) -> str:
        return f"{self.path}={str(self.value)[:20]}"


def violations(field: Field) -> Iterator[Violation]:
    """Each breaks one constraint of `field`."""
    schema: Any = field.schema
    path = field.path
    shown = path.replace("[]", "[0]")
    if field.required:
        yield Violation(path, ABSENT, f"{shown}: Required value")
    if "enum" in schema:
        allowed = ", ".join(f'"{value}"' for value in schema["enum"])
        yield Violation(path, "Perhaps", f'{shown}: Unsupported value: "Perhaps": supported values: {allowed}')
    if "minimum" in schema:
        words = f"{shown} in body should be greater than or equal to {schema['minimum']}"
        yield Violation(path, schema["minimum"] - 1, words)
    if "maximum" in schema:
        words = f"{shown} in body should be less than or equal to {schema['maximum']}"
        yield Violation(path, schema["maximum"] + 1, words)
    if "multipleOf" in schema:
        words = f"{shown} in body should be a multiple of {schema['multipleOf']}"
        yield Violation(path, schema["minimum"] + 1, words)
    if "maxLength" in schema:
        yield Violation(path, "a" * (schema["maxLength"] + 1), f"{shown}: Too long: may not be more than")
    if "minLength" in schema:
        words = f"{shown} in body should be at least {schema['minLength']} chars long"
        yield Violation(path, "a" * (schema["minLength"] - 1), words)
    if "maxItems" in schema:
        item = "registry" if schema["items"]["type"] == "string" else {"operator": "Exists"}
        words = f"{shown}: Too many: {schema['maxItems'] + 1}: must have at most {schema['maxItems']} items"
        yield Violation(path, [item] * (schema["maxItems"] + 1), words)
    if "pattern" in schema:
        bad = next(text for part, text in _BAD_TEXT.items() if part in schema["pattern"])
        yield Violation(path, bad, f"{shown} in body should match '")
    if schema.get("format") == "date-time":
        yield Violation(path, "yesterday", f'{shown} in body must be of type date-time: "yesterday"')
        yield Violation(path, 7, f'{shown} in body must be of type date-time: "int64"')
    elif schema["type"] in {"integer", "number", "boolean", "object", "array"}:
        yield Violation(path, "text", f'{shown} in body must be of type {schema["type"]}: "string"')
    else:
        yield Violation(path, 7, f'{shown} in body must be of type string: "integer"')
