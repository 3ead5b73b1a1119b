from __future__ import annotations

import pytest
from click.testing import CliRunner

from vinymatic.cli.program import vinymatic

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("SIFT_DIMENSIONS", "127", "a multiple of 8"),
        ("SIMILARITY_THRESHOLD", "2", "from 0.0 to 1.0"),
        ("NUM_FEATURES", "many", "a whole number"),
        ("NOR_X", "0", "from 64 to 4096"),
        ("NOR_Y", "-1", "from 64 to 4096"),
        ("TOP_N", "0", "from 1 to 100"),
        ("SCORE_WEIGHTS", "missing.json", "a file of score weights or nothing"),
        ("PORT", "70000", "from 1 to 65535"),
        ("QUEUE_SIZE", "0", "from 1 to 10000"),
        ("INDEX_URL", "ftp://x", "s3://bucket/prefix"),
        ("S3_SECRET_ACCESS_KEY", "half-a-pair", "S3_ACCESS_KEY_ID"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it_and_what_is_allowed(name: str, value: str, allowed: str) -> None:
    ended = CliRunner().invoke(vinymatic, ["serve"], env={name: value})
    assert (ended.exit_code, ended.stdout) == (2, "")
    (line,) = ended.stderr.splitlines()
    assert name in line
    assert allowed in line
    assert (value in line) == ("SECRET" not in name)


def test_help_lists_every_variable_that_the_api_obeys() -> None:
    text = CliRunner().invoke(vinymatic, ["serve", "--help"]).stdout
    for name in ("SIFT_DIMENSIONS", "SIMILARITY_THRESHOLD", "NUM_FEATURES", "BACKUP_FOLDER", "NOR_X", "NOR_Y", "TOP_N"):
        assert f"\n  {name}" in text
    assert "\n  BACKUP_URL" not in text
