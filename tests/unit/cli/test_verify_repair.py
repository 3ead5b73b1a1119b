"""`index verify` and `index repair`, by hand."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.synth.sleeves import Sleeve

pytestmark = pytest.mark.unit


@pytest.fixture
def backed_up(run: Run, covers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """An index of five covers, and its backup."""
    monkeypatch.setenv("BACKUP_URL", (tmp_path / "backup").as_uri())
    assert run("index", "build", covers).exit_code == 0
    assert run("backup").exit_code == 0
    return run


def one(tmp_path: Path, pattern: str) -> Path:
    (path,) = (tmp_path / "data" / "index").rglob(pattern)
    return path


def damage(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1] + b"!")


def key_of(path: Path, tmp_path: Path) -> str:
    return path.relative_to(tmp_path / "data" / "index").as_posix()


def test_a_whole_index_is_said_to_be_so(backed_up: Run) -> None:
    answer = backed_up("index", "verify")
    assert answer.exit_code == 0
    assert "/index: manifest 2: 5 covers, 4 files (" in answer.stdout
    assert answer.stdout.endswith("): all good\n")
    answer = backed_up("index", "repair")
    assert (answer.exit_code, answer.stdout) == (0, "manifest 2 is whole\n")
    assert "manifest 2, 1: " in backed_up("index", "verify", "--all").stdout
    assert "manifest 1: 0 covers, 1 file (" in backed_up("index", "verify", "--number", "1").stdout


def test_damage_is_exit_code_1_and_named_for_people_and_for_programs(backed_up: Run, tmp_path: Path) -> None:
    points = one(tmp_path, "features.points.*")
    damage(points)
    answer = backed_up("index", "verify")
    assert answer.exit_code == 1
    first, second = answer.stdout.splitlines()
    assert first.endswith(": 1 problem")
    assert second == f"  {key_of(points, tmp_path)}: its bytes are not those of the manifest"
    answer = backed_up("index", "verify", "--json")
    assert answer.exit_code == 1
    report = json.loads(answer.stdout)
    assert (report["clean"], report["manifests"], report["covers"]) == (False, [2], 5)
    (finding,) = report["findings"]
    assert (finding["kind"], finding["part"], finding["key"]) == ("damaged", "points", key_of(points, tmp_path))
    assert (finding["segment"], finding["epoch"], finding["manifest"]) == (points.parent.name, None, 2)


def test_notes_are_no_failure(backed_up: Run, tmp_path: Path) -> None:
    folder = tmp_path / "data" / "index" / "segments" / "x"
    folder.mkdir()
    for number in range(22):
        (folder / str(number)).write_bytes(b"orphan")
        then = time.time() - 30 * 3_600
        os.utime(folder / str(number), (then, then))
    (folder / "young").write_bytes(b"orphan")
    answer = backed_up("index", "verify")
    assert answer.exit_code == 0
    assert answer.stdout.count("`vinymatic collect` takes it") == 20
    assert "note: and 2 more files that no manifest names\n" in answer.stdout
    assert "note: 1 file that no manifest names yet" in answer.stdout


def test_a_dry_run_says_what_would_be_done_and_repair_does_it(
    backed_up: Run, tmp_path: Path, sleeves: list[Sleeve]
) -> None:
    points, codes = one(tmp_path, "features.points.*"), one(tmp_path, "codes-*")
    damage(points)
    codes.unlink()
    dry = backed_up("index", "repair", "--dry-run")
    assert dry.exit_code == 0
    assert dry.stdout.splitlines() == [
        f"would do: {key_of(points, tmp_path)}: put back from the backup",
        f"would do: {key_of(codes, tmp_path)}: put back from the backup",
        "manifest 2 would be whole",
    ]
    assert backed_up("index", "verify").exit_code == 1
    done = backed_up("index", "repair")
    assert done.exit_code == 0
    assert done.stdout == dry.stdout.replace("would do", "done").replace("would be", "is")
    assert backed_up("index", "verify").exit_code == 0
    assert backed_up("index", "list").stdout.splitlines() == sorted(made.id for made in sleeves)


def test_the_backup_can_be_left_alone(backed_up: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = one(tmp_path, "codes-*")
    codes.unlink()
    answer = backed_up("index", "repair", "--no-backup")
    assert answer.stdout.startswith(f"done: segment {codes.parent.name}: encoded again under epoch 0")
    monkeypatch.delenv("BACKUP_URL")
    answer = backed_up("index", "repair", "--from-backup")
    assert answer.exit_code == 2
    assert "BACKUP_URL" in answer.stderr


def test_covers_go_only_when_asked_to_and_an_import_brings_them_back(
    backed_up: Run, tmp_path: Path, covers: Path, sleeves: list[Sleeve]
) -> None:
    damage(one(tmp_path, "features.covers.*"))
    answer = backed_up("index", "repair", "--no-backup")
    assert answer.exit_code == 1
    assert "not saved: segment " in answer.stdout
    assert "--drop-lost goes on without them" in answer.stdout
    assert answer.stdout.endswith("manifest 2 stays damaged\n")
    answer = backed_up("index", "repair", "--no-backup", "--drop-lost")
    assert answer.exit_code == 0
    assert answer.stdout.endswith("manifest 3 is whole\n")
    assert backed_up("index", "list").stdout == ""
    assert "5 covers added" in backed_up("import", covers).stdout
    assert len(backed_up("index", "list").stdout.splitlines()) == len(sleeves)


@pytest.mark.parametrize("words", [["verify"], ["repair"], ["verify", "--number", "7"]])
def test_where_no_index_is_there_is_an_error(run: Run, tmp_path: Path, words: list[str]) -> None:
    answer = run("index", *words)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: nothing is committed")
    assert not (tmp_path / "data" / "index").exists()


def test_a_manifest_that_is_not_there_is_an_error(backed_up: Run) -> None:
    answer = backed_up("index", "verify", "--number", "7")
    assert answer.exit_code == 1
    assert "has no manifest 7" in answer.stderr
    assert backed_up("index", "verify", "--number", "2", "--all").exit_code == 2
