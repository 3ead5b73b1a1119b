"""The reference of the settings: complete, and the same as docs/settings.md."""

from __future__ import annotations

from pathlib import Path

import pytest

from vinymatic.settings import ApiSettings, IngestorSettings, descriptions, markdown
from vinymatic.settings.describe import allowed_text

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[3]
# What the project has promised since its first description.
PROMISED_API = ("SIFT_DIMENSIONS", "SIMILARITY_THRESHOLD", "NUM_FEATURES", "BACKUP_FOLDER", "NOR_X", "NOR_Y", "TOP_N")
PROMISED_INGESTOR = (
    "S3_ACCESS_KEY_ID",
    "S3_SECRET_ACCESS_KEY",
    "S3_REGION",
    "S3_BUCKET",
    "SQS_QUEUE_URL",
    "SIFT_DIMENSIONS",
    "NUM_FEATURES",
    "BACKUP_FOLDER",
    "RETRAINING_INTERVAL",
    "DEBUG",
    "NOR_X",
    "NOR_Y",
)


def test_the_page_in_docs_is_current() -> None:
    assert (ROOT / "docs" / "settings.md").read_text("utf-8") == markdown(), "run `make docs`"


def test_every_promised_variable_is_read_by_its_process() -> None:
    rows = {row.name: row for row in descriptions()}
    assert all("api" in rows[name].defaults for name in PROMISED_API)
    assert all("ingestor" in rows[name].defaults for name in PROMISED_INGESTOR)
    assert "PYTHONUNBUFFERED" in rows
    assert rows["PYTHONUNBUFFERED"].defaults == {}


def test_each_setting_is_described_once_with_help_and_what_is_allowed() -> None:
    rows = list(descriptions())
    assert len({row.name for row in rows}) == len(rows)
    for row in rows:
        assert row.help.endswith("."), row.name
        assert row.allowed, row.name


def test_limits_are_told_as_they_are_enforced() -> None:
    assert allowed_text(ApiSettings.model_fields["top_n"]) == "a whole number from 1 to 100"
    assert allowed_text(ApiSettings.model_fields["sift_dimensions"]) == "a whole number from 16 to 128, a multiple of 8"
    assert allowed_text(IngestorSettings.model_fields["batch_age"]) == "a number from 0.05 to 600"
    assert allowed_text(ApiSettings.model_fields["s3_secret_access_key"]) == "text (secret)"


def test_a_default_that_differs_between_processes_is_given_for_each() -> None:
    row = next(row for row in descriptions() if row.name == "NOR_X")
    assert row.defaults == {"api": "480", "ingestor": "320"}
