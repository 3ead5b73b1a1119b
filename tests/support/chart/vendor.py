"""Renews `tests/unit/chart/schemas` from the Go modules that hold the CustomResourceDefinitions.

`python -m tests.support.chart.vendor`; needs Go. Descriptions are left out, and what the API server would drop in silence is refused.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import yaml
from pydantic import JsonValue

from vinymatic_operator.resources.base import Json

FOLDER = Path(__file__).parents[2] / "unit" / "chart" / "schemas"
_KEPT_WORDS = {
    "type",
    "enum",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "maximum",
    "minItems",
    "maxItems",
    "required",
}


@dataclass(frozen=True)
class Source:
    """`folder` of a module's version holds the definitions of `names`, such as `keda.sh_scaledobjects.yaml`."""

    module: str
    folder: str
    names: tuple[str, ...]


SOURCES = (
    Source(
        "github.com/kedacore/keda/v2@v2.21.0",
        "config/crd/bases",
        ("keda.sh_scaledobjects", "keda.sh_triggerauthentications"),
    ),
    Source(
        "github.com/prometheus-operator/prometheus-operator@v0.85.0",
        "example/prometheus-operator-crd",
        ("monitoring.coreos.com_podmonitors", "monitoring.coreos.com_prometheusrules"),
    ),
    Source(
        "sigs.k8s.io/gateway-api@v1.4.1",
        "config/crd/standard",
        ("gateway.networking.k8s.io_gateways", "gateway.networking.k8s.io_httproutes"),
    ),
    Source("github.com/cert-manager/cert-manager@v1.19.1", "deploy/crds", ("cert-manager.io_certificates",)),
)


def main() -> None:
    FOLDER.mkdir(exist_ok=True)
    for source in SOURCES:
        root = _downloaded(source.module)
        for name in source.names:
            place = f"{source.folder}/{name}.yaml"
            definition = cast(Json, yaml.safe_load((root / place).read_text("utf-8")))
            _write(definition, f"{source.module}/{place}")


def _downloaded(module: str) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["go", "mod", "download", "-json", module], cwd=folder, stdout=subprocess.PIPE, text=True, check=True
        )
    return Path(json.loads(done.stdout)["Dir"])


def _write(definition: Json, source: str) -> None:
    spec = cast(Json, definition["spec"])
    version = next(v for v in cast(list[Json], spec["versions"]) if v["storage"])
    kind = str(cast(Json, spec["names"])["kind"])
    schema = strict(cast(Json, cast(Json, version["schema"])["openAPIV3Schema"]), top=True)
    kept: Json = {"source": source, "apiVersion": f"{spec['group']}/{version['name']}", "kind": kind, "schema": schema}
    (FOLDER / f"{kind}.json").write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")


def strict(schema: Json, *, top: bool = False) -> Json:
    """A structural schema as JSON Schema that allows no other fields. `metadata` is Kubernetes' own."""
    kept: Json = {word: value for word, value in schema.items() if word in _KEPT_WORDS}
    if schema.get("x-kubernetes-int-or-string"):
        kept["type"] = ["integer", "string"]
    fields = cast(dict[str, Json], schema.get("properties", {}))
    if fields:
        kept["properties"] = {
            name: {"type": "object"} if top and name == "metadata" else strict(field) for name, field in fields.items()
        }
        kept["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields", False))
    for word in ("items", "additionalProperties"):
        if isinstance(inner := schema.get(word), dict):
            kept[word] = cast(JsonValue, strict(inner))
    return kept


if __name__ == "__main__":
    main()
