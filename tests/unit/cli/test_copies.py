"""`backup` and `restore` between two folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.synth.sleeves import Sleeve

pytestmark = pytest.mark.unit


@pytest.fixture
def backed_up(run: Run, covers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("BACKUP_URL", (tmp_path / "backup").as_uri())
    run("index", "build", covers)
    answer = run("backup")
    assert answer.exit_code == 0
    assert " 0 were there" in answer.stdout
    return run


def test_a_second_backup_copies_nothing(backed_up: Run) -> None:
    assert "0 files copied (0 bytes)" in backed_up("backup").stdout


def test_an_index_that_is_lost_comes_back(backed_up: Run, tmp_path: Path, sleeves: list[Sleeve]) -> None:
    shutil.rmtree(tmp_path / "data")
    assert backed_up("index", "list").exit_code == 1
    assert backed_up("restore").exit_code == 0
    assert backed_up("index", "list").stdout.splitlines() == sorted(made.id for made in sleeves)


def test_an_older_manifest_can_be_asked_for(backed_up: Run, sleeves: list[Sleeve]) -> None:
    backed_up("index", "remove", sleeves[0].id)
    backed_up("backup")
    assert backed_up("restore", "--number", "2").exit_code == 0
    assert len(backed_up("index", "list").stdout.splitlines()) == len(sleeves)
    assert backed_up("restore", "--number", "77").exit_code == 1


@pytest.mark.parametrize("command", ["backup", "restore"])
def test_without_a_place_for_backups_it_says_what_to_set(run: Run, command: str) -> None:
    answer = run(command)
    assert answer.exit_code == 2
    assert "BACKUP_URL" in answer.stderr
    assert "S3_BUCKET" in answer.stderr
