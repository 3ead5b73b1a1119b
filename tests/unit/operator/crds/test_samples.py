"""k8s/samples: the models read them, and the full one leaves nothing out."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import yaml

from vinymatic_operator.crds.definitions import KINDS, schema_of
from vinymatic_operator.crds.reference import fields_of
from vinymatic_operator.crds.schema import filled, mapping
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.names import API_VERSION

pytestmark = pytest.mark.unit

SAMPLES = Path(__file__).parents[4] / "k8s" / "samples"
BY_NAME = {kind.resource.kind: kind for kind in KINDS}
FILES = sorted(path.name for path in SAMPLES.iterdir())


def sample(name: str) -> Json:
    body: Json = yaml.safe_load((SAMPLES / name).read_text("utf-8"))
    return body


def test_every_kind_has_one() -> None:
    assert {sample(name)["kind"] for name in FILES} == set(BY_NAME)


@pytest.mark.parametrize("name", FILES)
def test_a_model_reads_a_sample_and_writes_it_as_the_api_server_would(name: str) -> None:
    body = sample(name)
    assert body["apiVersion"] == API_VERSION
    kind = BY_NAME[str(body["kind"])]
    spec = kind.spec.model_validate(body["spec"])
    written = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    whole = filled(mapping(schema_of(kind), "properties")["spec"], body["spec"])
    assert written == kind.spec.model_validate(whole).model_dump(mode="json", by_alias=True, exclude_none=True)
    assert set(written) == set(cast(Json, whole))


@pytest.mark.parametrize("name", FILES)
def test_a_sample_begins_with_what_it_is_for(name: str) -> None:
    assert (SAMPLES / name).read_text("utf-8").startswith("# ")


def test_the_minimal_index_is_as_short_as_it_can_be() -> None:
    spec = sample("vinylindex-minimal.yaml")["spec"]
    assert spec == IndexSpec.model_validate(spec).model_dump(mode="json", by_alias=True, exclude_unset=True)
    deployments = {"api": {"deployment": "vinymatic-api"}, "ingestor": {"deployment": "vinymatic-ingestor"}}
    assert spec == {"storage": {"bucket": "vinyl-index"}, **deployments}


def test_the_full_index_uses_every_field() -> None:
    spec = mapping(schema_of(BY_NAME["VinylIndex"]), "properties")["spec"]
    used = set(paths(sample("vinylindex-full.yaml")["spec"], "spec"))
    # Not both; the other one stands in a comment.
    assert {field.path for field in fields_of(spec, "spec")} - used == {"spec.storage.serviceAccountName"}
    assert "    # serviceAccountName: " in (SAMPLES / "vinylindex-full.yaml").read_text("utf-8")


def paths(value: object, path: str) -> list[str]:
    if isinstance(value, list):
        return [found for item in value for found in paths(item, f"{path}[]")]
    if not isinstance(value, dict):
        return []
    return [found for key, inner in value.items() for found in (f"{path}.{key}", *paths(inner, f"{path}.{key}"))]
