"""The running server against its own OpenAPI page, by schemathesis: generated requests, right and wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from local.servers import Ministack
from local.servers.process import clean_environment, tool
from tests.component.api.running import RunningApi, error_of

pytestmark = pytest.mark.component

EXAMPLES = "5"
# Stateful runs follow links from answer to answer; ours hold none that the others do not try.
PHASES = "examples,coverage,fuzzing"
# A schema cannot say that bytes must be a photo of something, so valid requests are refused rightly (415, 422).
UNFIT = "positive_data_acceptance"


def test_every_answer_is_one_that_the_openapi_page_promises(
    few: Path, ministack: Ministack, queue_url: str, tmp_path: Path
) -> None:
    settings = {
        "SQS_QUEUE_URL": queue_url,
        "SQS_ENDPOINT_URL": ministack.endpoint,
        "S3_ACCESS_KEY_ID": "test",
        "S3_SECRET_ACCESS_KEY": "test",
    }
    with RunningApi(few, settings) as api:
        api.wait_ready(manifest=2)
        command = [str(tool("schemathesis")), "run", f"{api.url}/openapi.json", "--no-color"]
        bounds = [
            "--phases",
            PHASES,
            "--max-examples",
            EXAMPLES,
            "--seed",
            "1",
            "--generation-database=none",
            "--exclude-checks",
            UNFIT,
        ]
        ended = subprocess.run(
            [*command, *bounds], cwd=tmp_path, env=clean_environment(), capture_output=True, text=True, timeout=280
        )
        assert ended.returncode == 0, ended.stdout
        assert "Tested: 13" in ended.stdout
        assert "Traceback" not in api.process.log.read_text()


def test_the_page_names_the_one_error_shape_for_every_failure(api: RunningApi) -> None:
    page = api.client.get("/openapi.json").json()
    for path, methods in page["paths"].items():
        for method, operation in methods.items():
            for status, answer in operation["responses"].items():
                if int(status) >= 400:
                    schema = answer["content"]["application/json"]["schema"]
                    assert schema == {"$ref": "#/components/schemas/ErrorResponse"}, (path, method, status)


def test_the_page_shows_examples_of_what_matters(api: RunningApi) -> None:
    schemas = api.client.get("/openapi.json").json()["components"]["schemas"]
    for name in ("Scores", "SearchOut", "CoverOut", "IngestOut", "ErrorResponse"):
        assert schemas[name]["examples"], name


def test_documentation_is_there_for_people(api: RunningApi) -> None:
    response = api.client.get("/docs")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")
    assert error_of(api.client.get("/redoc"))["code"] == "not_found"
