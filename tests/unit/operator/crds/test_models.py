"""The models read whatever the schemas let through: the API server has the last word, and the operator must not choke on it."""

from __future__ import annotations

from datetime import datetime
from typing import cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vinymatic_operator.crds.definitions import KINDS, Kind
from vinymatic_operator.crds.schema import mapping, structural
from vinymatic_operator.resources.base import Json, Part

pytestmark = pytest.mark.unit


def values(schema: Json) -> st.SearchStrategy[object]:
    """Anything that `schema` allows."""
    if "enum" in schema:
        return st.sampled_from(cast(list[str], schema["enum"]))
    if schema.get("x-kubernetes-int-or-string"):
        return st.one_of(st.integers(0, 64), matching(str(schema["pattern"]), 0, 30))
    match schema["type"]:
        case "boolean":
            return st.booleans()
        case "integer":
            step = cast(int, schema.get("multipleOf", 1))
            least, most = cast(int, schema.get("minimum", -(2**63))), cast(int, schema.get("maximum", 2**63 - 1))
            return st.integers(-(-least // step), most // step).map(lambda count: count * step)
        case "number":
            low, high = cast(float, schema.get("minimum", -1e9)), cast(float, schema.get("maximum", 1e9))
            return st.one_of(st.floats(low, high), st.integers(int(low), int(high)))
        case "array":
            return st.lists(values(cast(Json, schema["items"])), max_size=3)
        case "string" if schema.get("format") == "date-time":
            return st.datetimes(datetime(2000, 1, 1)).map(lambda time: time.isoformat() + "Z")
        case "string":
            least, most = cast(int, schema.get("minLength", 0)), cast(int, schema.get("maxLength", 30))
            return matching(str(schema.get("pattern", "^.*$")), least, most)
    if "additionalProperties" in schema:
        return st.dictionaries(
            st.text("abc/.-", max_size=5), values(cast(Json, schema["additionalProperties"])), max_size=2
        )
    required = cast(list[str], schema.get("required", []))
    fields = {name: values(field) for name, field in mapping(schema, "properties").items()}
    needed = {name: fields.pop(name) for name in required}
    return st.fixed_dictionaries(needed, optional=fields)


def matching(pattern: str, least: int, most: int) -> st.SearchStrategy[str]:
    ascii_letters = st.characters(codec="ascii")
    return st.from_regex(pattern, fullmatch=True, alphabet=ascii_letters).filter(
        lambda text: least <= len(text) <= most
    )


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.resource.kind)
@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_model_reads_what_its_schema_allows_and_keeps_it(kind: Kind, data: st.DataObject) -> None:
    for model in (kind.spec, kind.status):
        assert issubclass(model, Part)
        body = data.draw(values(structural(model)))
        read = model.model_validate(body)
        assert model.model_validate(read.to_json()) == read
