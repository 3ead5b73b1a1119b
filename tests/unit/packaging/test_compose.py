"""The compose file and the Dockerfile name only what exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from vinymatic.settings import ApiSettings, Common, IndexAccess, IngestorSettings, load
from vinymatic.settings.table import PYTHONS_OWN

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
COMPOSE = (ROOT / "docker-compose.yaml").read_text()
CADDYFILE = (ROOT / "deploy/caddy/Caddyfile").read_text()
SETTINGS: dict[str, type[Common]] = {"api": ApiSettings, "ingestor": IngestorSettings}
ORIGINAL = {
    "api": "SIFT_DIMENSIONS SIMILARITY_THRESHOLD NUM_FEATURES BACKUP_FOLDER NOR_X NOR_Y TOP_N",
    "ingestor": "S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY S3_REGION S3_BUCKET SQS_QUEUE_URL SIFT_DIMENSIONS NUM_FEATURES BACKUP_FOLDER "
    "RETRAINING_INTERVAL DEBUG NOR_X NOR_Y PYTHONUNBUFFERED",
}


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    services: dict[str, Any] = yaml.safe_load(COMPOSE)["services"]
    return services


def filled(value: str) -> str:
    """The value as compose makes it of an environment in which nothing is set."""
    return re.sub(r"\$\{\w+(?::-([^}]*)|:\?[^}]*)\}", lambda match: match[1] or "", value)


def test_there_are_three_services_and_two_share_the_index(services: dict[str, Any]) -> None:
    assert set(services) == {"api", "ingestor", "caddy"}
    assert services["api"]["volumes"] == services["ingestor"]["volumes"]
    assert services["api"]["environment"]["BACKUP_FOLDER"] == services["ingestor"]["environment"]["BACKUP_FOLDER"]


@pytest.mark.parametrize("name", ["api", "ingestor"])
def test_every_variable_of_a_service_is_a_setting_and_none_of_the_originals_is_missing(
    services: dict[str, Any], name: str
) -> None:
    variables = set(services[name]["environment"])
    known = {field.upper() for field in SETTINGS[name].model_fields} | set(PYTHONS_OWN)
    assert variables - known == set()
    assert set(ORIGINAL[name].split()) - variables == set()


@pytest.mark.parametrize("name", ["api", "ingestor"])
def test_an_empty_env_file_gives_allowed_settings(services: dict[str, Any], name: str) -> None:
    environment = {key: filled(value) for key, value in services[name]["environment"].items()}
    settings = load(SETTINGS[name], environment)
    assert isinstance(settings, IndexAccess)
    assert settings.backup_folder == Path("/data")


def test_every_variable_of_caddy_is_one_of_its_file_and_never_empty(services: dict[str, Any]) -> None:
    environment: dict[str, str] = services["caddy"]["environment"]
    assert set(environment) - set(re.findall(r"\{\$(\w+)", CADDYFILE)) == set()
    # Caddy takes its default for what is not set, not for what is empty.
    assert [key for key, value in environment.items() if not filled(value)] == []


def test_the_example_of_an_env_file_names_every_variable_that_compose_reads() -> None:
    read = set(re.findall(r"\$\{(\w+)", COMPOSE))
    named = set(re.findall(r"^(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == read


def test_each_built_service_has_its_target_and_its_command(services: dict[str, Any]) -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name, command in (("api", "serve"), ("ingestor", "ingest")):
        assert services[name]["build"]["target"] == name
        stage = dockerfile.split(f" AS {name}\n")[1].split("\nFROM ")[0]
        assert f'CMD ["{command}"]' in stage


def test_the_images_do_not_run_as_root() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    for name in ("api", "ingestor", "operator"):
        stage = dockerfile.split(f"\nFROM runtime AS {name}\n")[1].split("\nFROM ")[0]
        # Nothing is installed after it.
        assert re.findall(r"^(?:RUN|USER 10001:10001$)", stage, re.MULTILINE) == ["RUN", "USER 10001:10001"]


def test_kubernetes_probes_alone_ask_and_compose_brings_its_own_checks(services: dict[str, Any]) -> None:
    # A HEALTHCHECK of the image would run beside the probes.
    assert "HEALTHCHECK" not in (ROOT / "Dockerfile").read_text()
    for name, port in (("api", "5002"), ("ingestor", "9102")):
        assert f"127.0.0.1:{port}/healthz" in " ".join(services[name]["healthcheck"]["test"])


def test_everything_that_the_dockerfile_takes_is_in_its_context() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    dockerfile = (ROOT / "Dockerfile").read_text()
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", dockerfile, re.MULTILINE)
    sources = {source for line in copied for source in line.split()}
    sources |= set(re.findall(r"type=bind,source=([^,]+)", dockerfile))
    assert {source for source in sources if not any(source == k or source.startswith(k + "/") for k in kept)} == set()
    assert {k for k in kept if not any(source == k or source.startswith(k + "/") for source in sources)} == set()
    assert all((ROOT / source).exists() for source in sources)
