"""`index build`, `add` and `remove` on a local index, with generated sleeves."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Run
from vinymatic.cli.index import scans
from vinymatic.cli.index.scans import find_scans
from vinymatic.synth.sleeves import Sleeve

pytestmark = pytest.mark.unit


def listed(run: Run) -> list[str]:
    return run("index", "list").stdout.splitlines()


def manifest(run: Run) -> int:
    return int(json.loads(run("index", "show", "--json").stdout)["manifest"])


def test_a_folder_of_scans_becomes_covers_named_by_their_relative_paths(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    answer = run("index", "build", covers)
    assert answer.exit_code == 0
    assert "5 covers added, 0 replaced, 0 unchanged, 0 refused" in answer.stdout
    assert listed(run) == sorted(made.id for made in sleeves)


def test_the_etag_is_the_md5_of_the_bytes(run: Run, covers: Path, sleeves: list[Sleeve]) -> None:
    run("index", "build", covers)
    cover = json.loads(run("index", "show", "--json", sleeves[0].id).stdout)
    assert cover["etag"] == hashlib.md5(sleeves[0].jpeg(), usedforsecurity=False).hexdigest()
    assert (cover["width"], cover["height"]) == (400, 400)


def test_the_first_build_makes_the_index(run: Run, covers: Path, tmp_path: Path) -> None:
    new = (tmp_path / "new").as_uri()
    assert run("index", "build", covers, "--index-url", new).exit_code == 0
    assert len(run("index", "list", "--index-url", new).stdout.splitlines()) == 5


def test_a_second_build_skips_what_has_not_changed_and_commits_nothing(run: Run, covers: Path) -> None:
    run("index", "build", covers)
    before = manifest(run)
    answer = run("index", "build", covers)
    assert answer.exit_code == 0
    assert "0 covers added, 0 replaced, 5 unchanged, 0 refused" in answer.stdout
    assert manifest(run) == before


def test_a_changed_scan_replaces_its_cover_and_a_new_one_is_added(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    run("index", "build", covers)
    (covers / sleeves[0].id).write_bytes(sleeves[1].jpeg())
    (covers / "new.jpg").write_bytes(sleeves[0].jpeg())
    assert "1 cover added, 1 replaced, 4 unchanged, 0 refused" in run("index", "build", covers).stdout
    assert len(listed(run)) == 6


def test_bad_images_are_listed_with_the_reason_and_the_rest_is_indexed(run: Run, covers: Path) -> None:
    (covers / "text.jpg").write_text("not an image")
    (covers / "empty.png").write_bytes(b"")
    answer = run("index", "build", covers)
    assert answer.exit_code == 0
    assert "5 covers added, 0 replaced, 0 unchanged, 2 refused" in answer.stdout
    lines = answer.stderr.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == ["empty.png", "text.jpg"]
    assert all(line.endswith("(not_an_image)") for line in lines)
    assert run("index", "status", "text.jpg").stdout.startswith("rejected (not_an_image): ")
    assert listed(run) == [key for key in listed(run) if key.startswith("demo/")]


def test_a_repaired_image_is_no_reject_any_more(run: Run, covers: Path, sleeves: list[Sleeve]) -> None:
    (covers / "text.jpg").write_text("not an image")
    run("index", "build", covers)
    (covers / "text.jpg").write_bytes(sleeves[2].jpeg(70))
    run("index", "build", covers)
    assert run("index", "status", "text.jpg").stdout.startswith("indexed in manifest ")


def test_a_scan_that_is_again_what_the_index_holds_is_no_reject_any_more(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    run("index", "build", covers)
    (covers / sleeves[0].id).write_text("damaged")
    run("index", "build", covers)
    assert run("index", "status", sleeves[0].id).stdout.startswith("rejected ")
    (covers / sleeves[0].id).write_bytes(sleeves[0].jpeg())
    run("index", "build", covers)
    assert run("index", "status", sleeves[0].id).stdout.startswith("indexed ")


@pytest.mark.usefixtures("covers")
def test_a_folder_in_which_nothing_can_be_indexed_is_exit_code_1(run: Run, tmp_path: Path) -> None:
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "a.jpg").write_text("no")
    answer = run("index", "build", tmp_path / "bad")
    assert answer.exit_code == 1
    assert "0 covers added, 0 replaced, 0 unchanged, 1 refused" in answer.stdout


def test_a_folder_without_images_is_exit_code_1_and_makes_no_index(run: Run, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    answer = run("index", "build", tmp_path / "none")
    assert answer.exit_code == 1
    assert "no JPEG, PNG or WebP file" in answer.stderr
    assert not (tmp_path / "data").exists()


def test_more_scans_than_one_batch_take_several_commits(
    run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scans, "BATCH", 2)
    run("index", "build", covers)
    facts = json.loads(run("index", "show", "--json").stdout)
    assert facts["segments"] == 3
    assert facts["covers"] == 5


def test_a_scan_above_the_limit_is_refused_unread(run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_OBJECT_BYTES", "1000")
    answer = run("index", "build", covers)
    assert answer.exit_code == 1
    assert answer.stderr.count("(image_too_large)") == 5


def test_training_is_advised_after_as_many_images_as_the_interval_says(
    run: Run, covers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RETRAINING_INTERVAL", "5")
    assert "vinymatic train" in run("index", "build", covers).stdout
    assert "epoch 1 is the candidate (trained, " in run("train").stdout
    assert run("promote", "--ungated").stdout.endswith("epoch 1 is active\n")
    assert "vinymatic train" not in run("index", "build", covers).stdout


def test_scans_are_found_by_suffix_hidden_ones_left_out(tmp_path: Path) -> None:
    for name in ("b.JPG", "a/c.webp", "a/d.jpeg", "e.png", "notes.txt", ".hidden.jpg", ".git/f.jpg", "é ü?#.jpg"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert [scan.id for scan in find_scans(tmp_path)] == ["a/c.webp", "a/d.jpeg", "b.JPG", "e.png", "é ü?#.jpg"]


def test_a_name_that_is_not_utf8_is_refused_and_named_in_escapes(run: Run, covers: Path) -> None:
    source = next(covers.rglob("*.jpg"))
    try:
        shutil.copy(source, os.fsdecode(bytes(covers / "sleeve") + b"\xe9.jpg"))
    except OSError:
        pytest.skip("this file system takes UTF-8 names alone")
    answer = run("index", "build", covers)
    assert "refused: sleeve\\udce9.jpg: the file's name is not UTF-8" in answer.stderr
    assert len(listed(run)) == 5


def test_add_names_a_cover_by_its_file_or_by_the_id_given(run: Run, covers: Path, sleeves: list[Sleeve]) -> None:
    file = covers / sleeves[0].id
    assert run("index", "add", file).exit_code == 0
    assert run("index", "add", file, "--id", "shelf 3/größe?#🎷.jpg").exit_code == 0
    assert listed(run) == sorted([file.name, "shelf 3/größe?#🎷.jpg"])


def test_add_refuses_what_would_give_one_id_to_two_files(run: Run, covers: Path, sleeves: list[Sleeve]) -> None:
    one, other = covers / "x" / "same.jpg", covers / "y" / "same.jpg"
    for path, made in ((one, sleeves[0]), (other, sleeves[1])):
        path.parent.mkdir()
        path.write_bytes(made.jpeg())
    assert run("index", "add", one, other).exit_code == 2
    assert run("index", "add", one, covers / sleeves[2].id, "--id", "both").exit_code == 2
    assert listed(run) == []


def test_add_of_a_bad_image_is_exit_code_1_and_the_good_one_stays(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    bad = covers / "bad.jpg"
    bad.write_text("no")
    answer = run("index", "add", bad, covers / sleeves[0].id)
    assert answer.exit_code == 1
    assert answer.stderr.startswith("refused: bad.jpg: ")
    assert len(listed(run)) == 1


def test_remove_takes_covers_out_and_names_those_it_does_not_know(
    run: Run, covers: Path, sleeves: list[Sleeve]
) -> None:
    run("index", "build", covers)
    assert run("index", "remove", sleeves[0].id, sleeves[1].id).exit_code == 0
    assert listed(run) == sorted(made.id for made in sleeves[2:])
    answer = run("index", "remove", sleeves[0].id, sleeves[2].id)
    assert answer.exit_code == 1
    assert answer.stderr == f"not in the catalogue: {sleeves[0].id}\n"
    assert listed(run) == sorted(made.id for made in sleeves[3:])


def test_remove_makes_no_index_where_none_is(run: Run, tmp_path: Path) -> None:
    assert run("index", "remove", "anything").exit_code == 1
    assert not (tmp_path / "data").exists()
