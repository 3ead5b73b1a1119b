"""What developers have beside the chart: skaffold.yaml, kind's settings and the local stack are right, and name only what exists."""

from __future__ import annotations

import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
SCHEMA = json.loads(Path(__file__).with_name("skaffold-v4beta13.json").read_text())
CONFIGS: list[dict[str, Any]] = list(yaml.safe_load_all((ROOT / "skaffold.yaml").read_text()))
STACK: dict[str, Any] = {
    document["kind"]: document for document in yaml.safe_load_all((ROOT / "k8s/stack/stack.yaml").read_text())
}
VALUES: dict[str, Any] = yaml.safe_load((ROOT / "k8s/dev/values.yaml").read_text())
SETUP = runpy.run_path(str(ROOT / "k8s/stack/setup.py"))


@pytest.mark.parametrize("config", CONFIGS, ids=lambda config: str(config["metadata"]["name"]))
def test_skaffold_takes_each_part(config: dict[str, Any]) -> None:
    jsonschema_rs.Draft7Validator(SCHEMA).validate(config)


def test_an_unknown_key_would_be_noticed() -> None:
    wrong = {**CONFIGS[0], "deploi": {}}
    with pytest.raises(jsonschema_rs.ValidationError, match="deploi"):
        jsonschema_rs.Draft7Validator(SCHEMA).validate(wrong)


def test_skaffold_builds_each_image_of_ours_and_gives_it_to_the_chart() -> None:
    built = {artifact["image"]: artifact["docker"]["target"] for artifact in CONFIGS[1]["build"]["artifacts"]}
    stages = set(re.findall(r"^FROM .* AS (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE))
    assert built == {f"vinymatic-{name}": name for name in ("api", "ingestor", "operator")}
    assert set(built.values()) <= stages
    (release,) = CONFIGS[1]["deploy"]["helm"]["releases"]
    given = release["setValueTemplates"]
    for image, target in built.items():
        variable = image.replace("-", "_")
        assert given[f"{target}.image.repository"] == f"{{{{.IMAGE_REPO_{variable}}}}}"
        assert given[f"{target}.image.tag"] == f"{{{{.IMAGE_TAG_{variable}}}}}"


def test_what_skaffold_names_is_there() -> None:
    (release,) = CONFIGS[1]["deploy"]["helm"]["releases"]
    for path in [*CONFIGS[0]["manifests"]["kustomize"]["paths"], *release["valuesFiles"], release["chartPath"]]:
        assert (ROOT / path).exists(), path


def test_a_release_for_development_uses_the_stack() -> None:
    service = f"http://{STACK['Service']['metadata']['name']}:{STACK['Service']['spec']['ports'][0]['port']}"
    assert VALUES["storage"]["endpoint"] == service
    assert VALUES["credentials"]["existingSecret"] == STACK["Secret"]["metadata"]["name"]
    assert VALUES["storage"]["bucket"] == SETUP["INDEX"]
    assert VALUES["covers"]["bucket"] == SETUP["COVERS"]
    assert VALUES["index"]["backup"]["bucket"] == SETUP["BACKUP"]
    assert VALUES["queue"]["url"] == f"{service}/{SETUP['ACCOUNT']}/{SETUP['QUEUE']}"


def test_the_stack_is_the_version_that_the_other_tests_use() -> None:
    image: str = STACK["Deployment"]["spec"]["template"]["spec"]["containers"][0]["image"]
    lock = (ROOT / "requirements/dev.lock").read_text()
    assert f"ministack=={image.rpartition(':')[2]} " in lock
