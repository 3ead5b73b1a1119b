"""Every file of the repository that is made from `charts/schema` and from the operator's models, by its path."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from charts.pages import page, schema_text, values_text
from charts.source import values_schema
from vinymatic_operator.crds.files import as_yaml, crd_files
from vinymatic_operator.kube.rbac import rules

ROOT = Path(__file__).parents[1]
CHART = Path("charts/vinymatic")
_RULES_HEAD = "# Generated from operator/vinymatic_operator/kube/uses.py by `make docs`; do not edit.\n"


def generated() -> Mapping[Path, str]:
    schema = values_schema()
    return {
        CHART / "values.yaml": values_text(schema),
        CHART / "values.schema.json": schema_text(schema),
        CHART / "files/operator-rules.yaml": _RULES_HEAD + as_yaml({"rules": rules()}),
        Path("docs/chart-values.md"): page(schema),
        # Helm 3's `show crds` puts files together as they are: without their beginning marked, all but the last one are lost.
        **{CHART / "charts/crds/crds" / name: f"---\n{text}" for name, text in crd_files().items()},
    }
