"""What Helm makes of the chart: manifests by template, and the golden files of `k8s/renders`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import cast

import yaml
from helm_python import Chart

from charts.files import CHART, ROOT
from vinymatic_operator.resources.base import Json

VALUES = Path("k8s/values")
RENDERS = Path("k8s/renders")
RELEASE = "records"
NAMESPACE = "vinyl"
# Keys that Helm makes when it renders.
_RANDOM = re.compile(r"(tls\.(?:crt|key)): LS0\S+")
_HEAD = "# What `helm template {release} charts/vinymatic -n {namespace} -f {values}` makes; renewed by `make docs`.\n"


def rendered(values: Json, *, release: str = RELEASE, namespace: str = NAMESPACE) -> Mapping[str, str]:
    """The text of each template that renders anything, by its path in the chart, NOTES.txt as well.

    Raises `helm_python.HelmError` for values that the schema or the templates refuse.
    """
    with Chart.load(ROOT / CHART) as chart:
        texts = chart.render(values, name=release, namespace=namespace)
    return {path.removeprefix("vinymatic/"): text for path, text in sorted(texts.items()) if text.strip()}


def objects(values: Json, *, release: str = RELEASE, namespace: str = NAMESPACE) -> list[Json]:
    """Every object of the release, those of `helm test` as well."""
    texts = rendered(values, release=release, namespace=namespace)
    documents = (yaml.safe_load_all(text) for path, text in texts.items() if path.endswith(".yaml"))
    return [cast(Json, document) for some in documents for document in some if document]


def example_files() -> list[Path]:
    return sorted(path.relative_to(ROOT) for path in (ROOT / VALUES).glob("*.yaml"))


def example(path: Path) -> Json:
    return cast(Json, yaml.safe_load((ROOT / path).read_text("utf-8")))


def renders() -> Mapping[Path, str]:
    """The golden file of each example. The chart is read as it is on disk."""
    return {RENDERS / path.name: _golden(path) for path in example_files()}


def _golden(values: Path) -> str:
    texts = rendered(example(values))
    parts = [
        f"---\n# {path}\n{_settled(text).strip().removeprefix('---').strip()}\n"
        for path, text in texts.items()
        if path.endswith(".yaml")
    ]
    return _HEAD.format(release=RELEASE, namespace=NAMESPACE, values=values.as_posix()) + "".join(parts)


def _settled(text: str) -> str:
    return _RANDOM.sub(r"\1: MADE-AT-RANDOM", text)
