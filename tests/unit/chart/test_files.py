"""What is made from `charts/schema` is what is committed; what belongs together agrees."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest
import yaml
from helm_python import Chart, lint

from charts.files import CHART, ROOT, generated
from charts.render import example, example_files, renders
from charts.source import leaves, values_schema
from tests.support.chart.validation import KUBERNETES
from tests.support.chart.values import MINIMAL
from vinymatic import __version__
from vinymatic_operator.kube.rbac import rules
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit


GENERATED = generated()


@pytest.mark.parametrize("path", sorted(GENERATED), ids=str)
def test_a_generated_file_is_current(path: Path) -> None:
    assert (ROOT / path).read_text("utf-8") == GENERATED[path], "run `make docs`"


def test_the_golden_renders_are_current() -> None:
    for path, text in renders().items():
        assert (ROOT / path).read_text("utf-8") == text, f"{path}: run `make docs`"


def test_each_example_has_its_render_and_no_render_is_left_over() -> None:
    assert {path.name for path in (ROOT / "k8s/renders").iterdir()} == {path.name for path in example_files()}


def test_the_defaults_are_those_of_the_schema() -> None:
    with Chart.load(ROOT / CHART) as chart:
        values = chart.values
    for leaf in leaves(values_schema()):
        found = values
        for name in leaf.path.split("."):
            found = found[name]
        assert found == leaf.default, leaf.path


def test_no_object_of_the_values_takes_a_name_that_it_does_not_know() -> None:
    def open_objects(schema: Json, path: str) -> list[str]:
        fields = cast(dict[str, Json], schema.get("properties", {}))
        found = [path] if fields and schema.get("additionalProperties") is not False else []
        return found + [place for name, field in fields.items() for place in open_objects(field, f"{path}.{name}")]

    assert open_objects(values_schema(), "") == []


def test_the_chart_is_of_the_version_of_the_code() -> None:
    chart = cast(Json, yaml.safe_load((ROOT / CHART / "Chart.yaml").read_text("utf-8")))
    assert chart["appVersion"] == chart["version"] == __version__
    assert chart["kubeVersion"] == f">={KUBERNETES[0]}.0-0"


def test_the_operators_rights_in_the_chart_are_those_that_it_declares() -> None:
    text = (ROOT / CHART / "files/operator-rules.yaml").read_text("utf-8")
    assert cast(Json, yaml.safe_load(text)) == {"rules": rules()}


def test_the_definitions_in_the_chart_are_those_for_an_installation_by_hand() -> None:
    by_hand = {path.name: path.read_text("utf-8") for path in (ROOT / "k8s/crds").iterdir()}
    in_chart = {path.name: path.read_text("utf-8") for path in (ROOT / CHART / "charts/crds/crds").iterdir()}
    assert in_chart == {name: f"---\n{text}" for name, text in by_hand.items()}


@pytest.mark.parametrize("values", [MINIMAL, *map(example, example_files())])
def test_helm_finds_nothing_to_say(values: Json) -> None:
    report = lint(ROOT / CHART, values, strict=True, with_subcharts=True, kube_version="v1.36.0")
    assert report["errors"] == []
    # 1: information, such as that there is no icon.
    assert [message for message in report["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("path", sorted((ROOT / CHART / "templates").rglob("*.*")), ids=lambda path: path.name)
def test_a_template_stays_under_the_limit_of_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 300
