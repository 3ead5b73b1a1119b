"""`charts/schema/*.yaml` as one JSON Schema of the chart's values, with a default at every leaf.

The files are JSON Schema but for four words: `use: NAME` puts in a definition (a component's own fields come before those of `pod`),
`defaults: {dotted.path: value}` changes defaults in it, `resource: [FIELD]` takes over fields of the VinylIndex's spec, and no object
allows what it does not name, unless it says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from pydantic import JsonValue

from vinymatic_operator.crds.definitions import KINDS, schema_of
from vinymatic_operator.crds.schema import mapping
from vinymatic_operator.resources.base import Json

FOLDER = Path(__file__).parent / "schema"
DEFINITIONS = "definitions.yaml"
# The order of values.yaml: what must be filled in stands first. Files that are not named follow by name.
_FIRST = ("release.yaml", "api.yaml", "ingestor.yaml", "operator.yaml", "index.yaml")
# What a values schema cannot hold of the resource's: rules of the API server, and defaults that it alone adds.
_DROPPED = ("default", "format")


@dataclass(frozen=True)
class Value:
    """A leaf: `api.image.tag`. `default` is what values.yaml says."""

    path: str
    schema: Json

    @property
    def default(self) -> JsonValue:
        return self.schema["default"]


def values_schema(folder: Path = FOLDER) -> Json:
    """The properties of all files, resolved. Raises `ValueError` for a leaf without a default or a description."""
    definitions = _read(folder / DEFINITIONS)
    properties: Json = {}
    for path in _files(folder):
        for name, part in _read(path).items():
            properties[name] = _resolved(part, definitions)
    schema: Json = {"type": "object", "additionalProperties": False, "properties": properties}
    for value in leaves(schema):
        if missing := [word for word in ("default", "description") if word not in value.schema]:
            raise ValueError(f"{value.path} has no {' and no '.join(missing)}")
    return schema


def leaves(schema: Json, path: str = "") -> Iterator[Value]:
    """Every value that values.yaml spells out, in its order."""
    for name, part in mapping(schema, "properties").items():
        inner = f"{path}.{name}" if path else name
        if is_branch(part):
            yield from leaves(part, inner)
        else:
            yield Value(inner, part)


def is_branch(schema: Json) -> bool:
    """Whether its fields have defaults, and not it as a whole."""
    return "properties" in schema and "default" not in schema


def _files(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.glob("*.yaml") if path.name != DEFINITIONS)
    order = {name: number for number, name in enumerate(_FIRST)}
    return sorted(found, key=lambda path: order.get(path.name, len(order)))


def _read(path: Path) -> dict[str, Json]:
    return cast(dict[str, Json], yaml.safe_load(path.read_text("utf-8")))


def _resolved(part: Json, definitions: Mapping[str, Json]) -> Json:
    part = dict(part)
    if "use" in part:
        used = definitions[str(part.pop("use"))]
        properties = {**mapping(part, "properties"), **mapping(used, "properties")}
        part = {**used, **part, **({"properties": cast(JsonValue, properties)} if properties else {})}
        if "use" in part:
            part = _resolved(part, definitions)
    fields = {name: _resolved(field, definitions) for name, field in mapping(part, "properties").items()}
    fields |= _fields_of_the_resource(cast(list[str], part.pop("resource", [])))
    if fields:
        part["properties"] = cast(JsonValue, fields)
        part.setdefault("additionalProperties", False)
    for word in ("items", "additionalProperties"):
        if isinstance(inner := part.get(word), dict):
            part[word] = _resolved(inner, definitions)
    for path, value in cast(Json, part.pop("defaults", {})).items():
        _set_default(part, path.split("."), value)
    return part


def _set_default(part: Json, path: list[str], value: JsonValue) -> None:
    for name in path:
        part = mapping(part, "properties")[name]
    part["default"] = value


def _fields_of_the_resource(names: list[str]) -> dict[str, Json]:
    spec = mapping(mapping(schema_of(KINDS[0]), "properties")["spec"], "properties")
    fields: dict[str, Json] = {}
    for name in names:
        field = strict(spec[name])
        told = spec[name].get("default", {})
        fields[name] = {**field, "default": told, "description": f"{field['description']} As in its resource."}
    return fields


def strict(schema: Json) -> Json:
    """Without what only the API server understands; what it would drop in silence is refused."""
    result: Json = {
        key: value for key, value in schema.items() if not key.startswith("x-kubernetes") and key not in _DROPPED
    }
    if schema.get("x-kubernetes-int-or-string"):
        result["type"] = ["integer", "string"]
    if "properties" in schema:
        result["properties"] = {name: strict(field) for name, field in mapping(schema, "properties").items()}
        result["additionalProperties"] = False
    for word in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(word), dict):
            result[word] = strict(inner)
    return result
