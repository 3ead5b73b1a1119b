"""`backup`, `restore` and `drill` between two folders."""

from __future__ import annotations

import json
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


@pytest.mark.parametrize("command", ["backup", "restore", "drill"])
def test_without_a_place_for_backups_it_says_what_to_set(run: Run, command: str) -> None:
    answer = run(command)
    assert answer.exit_code == 2
    assert "BACKUP_URL" in answer.stderr
    assert "S3_BUCKET" in answer.stderr


def test_the_backups_are_listed_for_people_and_for_programs(backed_up: Run, sleeves: list[Sleeve]) -> None:
    backed_up("index", "remove", sleeves[0].id)
    backed_up("backup")
    newest, older = (json.loads(line) for line in backed_up("backup", "list", "--json").stdout.splitlines())
    assert (newest["number"], newest["covers"], newest["epoch"]) == (3, len(sleeves) - 1, 0)
    assert (older["number"], older["covers"]) == (2, len(sleeves))
    assert newest["bytes"] > 0
    head, first, second = backed_up("backup", "list").stdout.splitlines()
    assert head.split()[0] == "NUMBER"
    assert (first.split()[0], second.split()[0]) == ("3", "2")
    assert newest["id"][:12] in first


def test_a_time_and_an_id_name_a_backup(backed_up: Run, sleeves: list[Sleeve], tmp_path: Path) -> None:
    backed_up("index", "remove", sleeves[0].id)
    backed_up("backup")
    newest, older = (json.loads(line) for line in backed_up("backup", "list", "--json").stdout.splitlines())
    assert "from manifest 2 of" in backed_up("restore", "--at", older["committed_at"]).stdout
    assert len(backed_up("index", "list").stdout.splitlines()) == len(sleeves)
    elsewhere = (tmp_path / "elsewhere").as_uri()
    assert backed_up("restore", "--id", newest["id"][:8], "--to", elsewhere).exit_code == 0
    assert len(backed_up("index", "list", "--index-url", elsewhere).stdout.splitlines()) == len(sleeves) - 1
    assert len(backed_up("index", "list").stdout.splitlines()) == len(sleeves)
    assert backed_up("restore", "--at", "2001-01-01").exit_code == 1
    assert backed_up("restore", "--at", "yesterday").exit_code == 2
    assert backed_up("restore", "--at", "2026-01-01", "--number", "2").exit_code == 2


def test_pruning_keeps_as_many_as_are_asked_for(
    backed_up: Run, sleeves: list[Sleeve], monkeypatch: pytest.MonkeyPatch
) -> None:
    for made in sleeves[:2]:
        backed_up("index", "remove", made.id)
        backed_up("backup")
    assert backed_up("backup", "prune").stdout.startswith("0 backups deleted, 3 kept")
    monkeypatch.setenv("BACKUP_KEEP_COUNT", "2")
    assert backed_up("backup", "prune", "--dry-run").stdout.startswith("1 backup would go, 2 kept")
    assert backed_up("backup", "prune").stdout.startswith("1 backup deleted, 2 kept")
    assert backed_up("backup", "prune", "--keep-count", "1").stdout.startswith("1 backup deleted, 1 kept")
    assert len(backed_up("backup", "list", "--json").stdout.splitlines()) == 1


def test_options_before_the_word_are_not_dropped_in_silence(backed_up: Run) -> None:
    answer = backed_up("backup", "--index-url", "file:///elsewhere", "list")
    assert answer.exit_code == 2
    assert "options come after the word `list`" in answer.stderr


def test_a_drill_passes_and_a_damaged_backup_fails_it(backed_up: Run, tmp_path: Path, sleeves: list[Sleeve]) -> None:
    passed = backed_up("drill", "--json")
    report = json.loads(passed.stdout)
    assert (passed.exit_code, report["passed"], report["right"]) == (0, True, len(sleeves))
    assert backed_up("drill", "--number", "2").stdout.startswith("passed: manifest 2 in ")
    points = next((tmp_path / "backup").rglob("features.points.safetensors"))
    points.write_bytes(points.read_bytes()[:-1] + b"!")
    failed = backed_up("drill", "--json")
    assert (failed.exit_code, json.loads(failed.stdout)["passed"]) == (1, False)
    assert "FAILED" in backed_up("drill").stdout
    assert backed_up("drill", "--number", "9").exit_code == 1


def test_the_index_itself_is_no_place_for_its_backup(
    run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BACKUP_URL", (tmp_path / "data" / "index").as_uri() + "/")
    answer = run("backup")
    assert answer.exit_code == 2
    assert "another place than the index itself" in answer.stderr


def test_a_drill_through_a_place_restores_there_and_leaves_nothing(backed_up: Run, tmp_path: Path) -> None:
    place = tmp_path / "place"
    passed = backed_up("drill", "--through", place.as_uri())
    assert passed.exit_code == 0
    assert "restored in " in passed.stdout
    assert [path for path in place.rglob("*") if path.is_file()] == []
    (place / "letter.txt").write_text("dear aunt")
    refused = backed_up("drill", "--through", place.as_uri())
    assert refused.exit_code == 1
    assert "is not empty (it holds letter.txt)" in refused.stderr


@pytest.mark.parametrize("name", ["data/index", "data/index/within", "data", "backup", "backup/within"])
def test_a_drill_does_not_go_through_the_index_or_its_backup(backed_up: Run, tmp_path: Path, name: str) -> None:
    answer = backed_up("drill", "--through", (tmp_path / name).as_uri())
    assert answer.exit_code == 2
    assert "that is where" in answer.stderr
    assert backed_up("drill").exit_code == 0


def test_the_index_is_erased_when_it_is_said_and_its_backup_brings_it_back(
    backed_up: Run, tmp_path: Path, sleeves: list[Sleeve], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert backed_up("erase").exit_code == 2
    assert backed_up("index", "list").exit_code == 0
    monkeypatch.setenv("RESULT_FILE", str(tmp_path / "result"))
    assert " files deleted (" in backed_up("erase", "--yes").stdout
    result = json.loads((tmp_path / "result").read_bytes())
    assert set(result) == {"command", "outcome"}
    assert result["outcome"].keys() == {"deleted_files", "deleted_bytes"}
    assert result["outcome"]["deleted_files"] > 4
    assert backed_up("index", "list").exit_code == 1
    assert "0 files deleted" in backed_up("erase", "--yes").stdout
    assert backed_up("restore").exit_code == 0
    assert len(backed_up("index", "list").stdout.splitlines()) == len(sleeves)


@pytest.mark.parametrize("name", ["data/index", "data/index/backup"])
def test_an_index_whose_backup_lies_in_it_is_not_erased(
    run: Run, covers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("BACKUP_URL", (tmp_path / name).as_uri())
    answer = run("erase", "--yes")
    assert answer.exit_code == 2
    assert "a place outside of what is erased" in answer.stderr
    assert run("index", "show").exit_code == 0
