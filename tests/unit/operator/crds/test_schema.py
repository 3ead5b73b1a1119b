"""From a model to a structural schema: what is said is kept, what cannot be said is refused."""

from __future__ import annotations

from typing import Literal

import pytest
from pydantic import ConfigDict, Field

from vinymatic_operator.crds.schema import filled, mapping, structural
from vinymatic_operator.resources.base import Part, immutable, rules

pytestmark = pytest.mark.unit


class Inner(Part):
    box_width: int = Field(default=320, ge=64, description="Pixels.")
    container: str | None = Field(default=None, max_length=63, description="A name.")


class Outer(Part):
    inner: Inner = Field(default=Inner(), description="Inside.", json_schema_extra=rules(immutable("inner", "no")))
    other: Inner = Field(default=Inner(box_width=100), description="Not as the fields' defaults.")
    maybe: Inner | None = Field(default=None, description="Perhaps.")
    kinds: list[Literal["a", "b"]] = Field(max_length=3, description="Some.")


def test_references_are_replaced_by_what_they_refer_to() -> None:
    inner = {
        "description": "Perhaps.",
        "type": "object",
        "properties": {
            "boxWidth": {
                "description": "Pixels.",
                "type": "integer",
                "minimum": 64,
                "format": "int64",
                "default": 320,
            },
            "container": {"description": "A name.", "type": "string", "maxLength": 63},
        },
    }
    schema = structural(Outer)
    assert schema["required"] == ["kinds"]
    fields = mapping(schema, "properties")
    assert fields["maybe"] == inner
    assert fields["inner"] == {
        **inner,
        "description": "Inside.",
        "default": {},
        "x-kubernetes-validations": [immutable("inner", "no")],
    }
    assert fields["kinds"] == {
        "description": "Some.",
        "type": "array",
        "maxItems": 3,
        "items": {"type": "string", "enum": ["a", "b"]},
        "x-kubernetes-list-type": "atomic",
    }


def test_a_default_that_its_fields_do_not_say_is_written_out() -> None:
    assert mapping(structural(Outer), "properties")["other"]["default"] == {"boxWidth": 100}


def test_defaults_are_filled_in_level_by_level() -> None:
    assert filled(structural(Outer), {"kinds": ["a"], "maybe": {}}) == {
        "kinds": ["a"],
        "inner": {"boxWidth": 320},
        "other": {"boxWidth": 100},
        "maybe": {"boxWidth": 320},
    }


def test_rules_of_a_field_and_of_its_type_both_hold() -> None:
    class Ruled(Inner):
        model_config = ConfigDict(json_schema_extra=rules(immutable("ruled", "of the type")))

    class Holder(Part):
        ruled: Ruled = Field(description="Both.", json_schema_extra=rules(immutable("ruled", "of the field")))

    assert mapping(structural(Holder), "properties")["ruled"]["x-kubernetes-validations"] == [
        immutable("ruled", "of the type"),
        immutable("ruled", "of the field"),
    ]


class Union(Part):
    value: int | str = Field(description="Either.")


class Exclusive(Part):
    value: int = Field(gt=0, description="More than nothing.")


@pytest.mark.parametrize("model", [Union, Exclusive])
def test_what_a_structural_schema_cannot_say_is_refused(model: type[Part]) -> None:
    with pytest.raises(TypeError, match="a structural schema has no"):
        structural(model)
