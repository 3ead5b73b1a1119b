"""The CRDs: structural, described, and with the models' own defaults."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast, get_args

import pytest
from pydantic import BaseModel

from vinymatic_operator.crds.definitions import KINDS, Kind, definition, schema_of
from vinymatic_operator.crds.reference import fields_of
from vinymatic_operator.crds.schema import filled, structural
from vinymatic_operator.resources.base import Json, Part

pytestmark = pytest.mark.unit

BY_NAME = {kind.resource.kind: kind for kind in KINDS}
EVERY_KIND = pytest.mark.parametrize("kind", KINDS, ids=BY_NAME.keys())
# What cannot be left out, so that the rest can be.
NEEDED: dict[str, Json] = {
    "IndexSpec": {"storage": {"bucket": "vinyl-index"}, "api": {"deployment": "vinymatic-api"}},
    "Storage": {"bucket": "vinyl-index"},
    "ApiWorkload": {"deployment": "vinymatic-api"},
    "Workload": {"deployment": "vinymatic-api"},
    "BackupRequest": {"index": "records"},
    "RestoreRequest": {"index": "records"},
    "RestoreTo": {"prefix": "copy"},
    "Condition": {
        "type": "Ready",
        "status": "True",
        "reason": "AsWished",
        "lastTransitionTime": "2026-01-31T03:00:00Z",
    },
    "ServedManifest": {"manifest": 1, "epoch": 1, "pods": 1},
    "GateFigures": {"epoch": 1, "passed": True, "at": "2026-01-31T03:00:00Z"},
    "RolloutRun": {"reason": "NewEpoch", "startedAt": "2026-01-31T03:00:00Z"},
    "Summary": {
        "manifest": 1,
        "createdAt": "2026-01-31T03:00:00Z",
        "covers": 1,
        "segments": 1,
        "bytes": 1,
        "activeEpoch": 1,
        "imagesSinceTraining": 1,
    },
}


def models_in(model: type[BaseModel]) -> Iterator[type[Part]]:
    """`model` and every model inside it."""
    assert issubclass(model, Part)
    yield model
    for field in model.model_fields.values():
        for kind in (field.annotation, *get_args(field.annotation)):
            if isinstance(kind, type) and issubclass(kind, Part):
                yield from models_in(kind)


MODELS = sorted(
    {model for kind in KINDS for part in (kind.spec, kind.status) for model in models_in(part)},
    key=lambda model: model.__name__,
)


@EVERY_KIND
def test_a_schema_holds_nothing_that_a_structural_schema_may_not(kind: Kind) -> None:
    text = json.dumps(definition(kind))
    for word in ("$ref", "$defs", "anyOf", "allOf", "oneOf", "not", "const", "title", "nullable", "null"):
        assert f'"{word}":' not in text
    assert ": null" not in text


@EVERY_KIND
def test_every_field_is_described_with_a_sentence(kind: Kind) -> None:
    for field in fields_of(schema_of(kind), ""):
        if field.path in {".metadata", ".apiVersion", ".kind"}:
            continue
        description = str(field.schema.get("description", ""))
        assert description.endswith("."), field.path


@EVERY_KIND
def test_every_list_says_how_it_is_merged(kind: Kind) -> None:
    for field in fields_of(schema_of(kind), ""):
        if field.schema["type"] != "array":
            continue
        if field.path == ".status.conditions":
            assert field.schema["x-kubernetes-list-type"] == "map"
            assert field.schema["x-kubernetes-list-map-keys"] == ["type"]
        else:
            assert field.schema["x-kubernetes-list-type"] == "atomic", field.path


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_defaults_of_a_schema_are_those_of_its_model(model: type[Part]) -> None:
    needed = NEEDED.get(model.__name__, {})
    assert filled(structural(model), needed) == model.model_validate(needed).to_json()


@EVERY_KIND
def test_a_resource_without_a_spec_is_refused_and_its_status_is_a_subresource(kind: Kind) -> None:
    schema = schema_of(kind)
    assert schema["required"] == ["spec"]
    (version,) = cast(dict[str, list[Json]], definition(kind)["spec"])["versions"]
    assert version["subresources"] == {"status": {}}
    assert version["served"] is version["storage"] is True
