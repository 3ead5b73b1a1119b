"""A model as a structural schema: what a CustomResourceDefinition can hold of JSON Schema, and nothing else.

https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel, JsonValue

from vinymatic_operator.resources.base import Json

# In the order in which they are written. `default`, what is nested and `anyOf` are dealt with below.
_TAKEN_OVER = (
    "description",
    "type",
    "format",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "multipleOf",
    "minItems",
    "maxItems",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-validations",
)
_NESTED = ("properties", "additionalProperties", "items", "required")
_DROPPED = ("title", "$defs", "default")


def structural(model: type[BaseModel]) -> Json:
    """The schema of a model, with everything that it refers to inside it.

    Raises `TypeError` for what a structural schema cannot say, such as a union.
    """
    schema = model.model_json_schema(by_alias=True)
    return _converted(schema, schema.get("$defs", {}))


def mapping(schema: Mapping[str, JsonValue], key: str) -> dict[str, Json]:
    """The schemas under `properties`, or an empty dict."""
    return cast(dict[str, Json], schema.get(key, {}))


def filled(schema: Json, value: JsonValue) -> JsonValue:
    """`value` with the defaults that the API server adds to it."""
    if isinstance(value, list):
        return [filled(cast(Json, schema["items"]), item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Json = {}
    for name, field in mapping(schema, "properties").items():
        if name in value:
            result[name] = filled(field, value[name])
        elif "default" in field:
            result[name] = filled(field, field["default"])
    return {**value, **result}


def _converted(schema: Json, definitions: Mapping[str, Json]) -> Json:
    schema = _inlined(schema, definitions)
    if strange := set(schema) - {*_TAKEN_OVER, *_NESTED, *_DROPPED}:
        raise TypeError(f"a structural schema has no {', '.join(sorted(strange))}: {schema}")
    result: Json = {key: schema[key] for key in _TAKEN_OVER if key in schema}
    if result.get("type") == "integer":
        # Clients made from the schema would take 32 bits otherwise.
        result["format"] = "int64"
    if "items" in schema:
        result["items"] = _converted(cast(Json, schema["items"]), definitions)
        result.setdefault("x-kubernetes-list-type", "atomic")
    if "additionalProperties" in schema:
        result["additionalProperties"] = _converted(cast(Json, schema["additionalProperties"]), definitions)
    if "properties" in schema:
        fields = mapping(schema, "properties").items()
        result["properties"] = {name: _converted(field, definitions) for name, field in fields}
    if "required" in schema:
        result["required"] = schema["required"]
    if schema.get("default") is not None:
        result["default"] = _default(result, schema["default"])
    return result


def _inlined(schema: Json, definitions: Mapping[str, Json]) -> Json:
    """Without a reference, and without `null`, which the API server drops by itself."""
    if "$ref" in schema:
        definition = definitions[str(schema["$ref"]).removeprefix("#/$defs/")]
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        # Rules of a field come on top of those of its type.
        both: list[JsonValue] = [
            rule
            for one in (definition, beside)
            for rule in cast(list[JsonValue], one.get("x-kubernetes-validations", []))
        ]
        merged = {**definition, **beside, **({"x-kubernetes-validations": both} if both else {})}
        return _inlined(merged, definitions)
    if "anyOf" in schema:
        choices = [choice for choice in cast(list[Json], schema["anyOf"]) if choice != {"type": "null"}]
        if len(choices) != 1:
            raise TypeError(f"a structural schema has no unions: {schema}")
        return _inlined({**choices[0], **{key: value for key, value in schema.items() if key != "anyOf"}}, definitions)
    return schema


def _default(schema: Json, default: JsonValue) -> JsonValue:
    """`{}` where the defaults of an object's fields say it all: said once, they cannot differ."""
    told = _as_stored(default)
    return {} if told == filled(schema, {}) else told


def _as_stored(value: JsonValue) -> JsonValue:
    """Without nulls, and 2 for 2.0: as the API server gives it back, so that tools that compare see no difference."""
    if isinstance(value, dict):
        return {key: _as_stored(item) for key, item in value.items() if item is not None}
    return int(value) if isinstance(value, float) and value.is_integer() else value
