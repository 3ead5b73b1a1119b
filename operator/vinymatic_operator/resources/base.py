"""What the models share: camelCase names as Kubernetes writes them, and how a rule or an immutable field is said."""

from __future__ import annotations

from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, JsonValue
from pydantic.alias_generators import to_camel

Json: TypeAlias = dict[str, JsonValue]


class Part(BaseModel):
    """A part of a resource. Unknown fields are dropped, as the API server drops them; the schema has the last word on what is allowed."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    def to_json(self) -> Json:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def rule(expression: str, message: str) -> Json:
    """A CEL rule of `x-kubernetes-validations`."""
    return {"rule": expression, "message": message}


def rules(*found: Json, **extra: JsonValue) -> dict[str, JsonValue]:
    """`json_schema_extra` of a field or model with these rules."""
    return {"x-kubernetes-validations": list(found), **extra}


def immutable(what: str, why: str) -> Json:
    return rule("self == oldSelf", f"{what} cannot be changed: {why}")
