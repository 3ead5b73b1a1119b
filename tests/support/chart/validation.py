"""Whether an object is what the API server would take: core kinds by Kubernetes' own schemas, others by those of their definitions."""

from __future__ import annotations

import functools
import json
from typing import cast

import jsonschema_rs
import kubernetes_validate

from charts.source import strict as strict_resource
from tests.support.chart.vendor import FOLDER
from vinymatic_operator.crds.definitions import KINDS, schema_of
from vinymatic_operator.resources.base import Json

# The oldest that Chart.yaml admits, and a late one.
KUBERNETES = ("1.30", "1.36")


def faults(body: Json) -> list[str]:
    """What is wrong with it; a kind that nobody knows is."""
    schema = _schemas().get((str(body["apiVersion"]), str(body["kind"])))
    if schema is not None:
        errors = jsonschema_rs.validator_for(schema).iter_errors(body)
        return [f"{'.'.join(map(str, error.instance_path))}: {error.message}" for error in errors]
    said = []
    for version in KUBERNETES:
        try:
            kubernetes_validate.validate(body, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            said.append(f"{version}: {'.'.join(map(str, error.path))}: {error.message}")
        except kubernetes_validate.SchemaNotFoundError as error:
            said.append(error.message)
    return said


@functools.cache
def _schemas() -> dict[tuple[str, str], Json]:
    found = {}
    for path in FOLDER.glob("*.json"):
        kept = json.loads(path.read_text("utf-8"))
        found[kept["apiVersion"], kept["kind"]] = cast(Json, kept["schema"])
    for kind in KINDS:
        schema = strict_resource(schema_of(kind))
        cast(dict[str, Json], schema["properties"])["metadata"] = {"type": "object"}
        cast(dict[str, Json], schema["properties"])["apiVersion"] = {"type": "string"}
        found[kind.resource.api_version, kind.resource.kind] = schema
    return found
