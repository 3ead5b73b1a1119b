"""`vinymatic calibrate` by hand: what it prints, and that the file it writes is what SCORE_WEIGHTS takes."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.index import add_covers, cover, photo_of
from tests.unit.cli.conftest import Run
from vinymatic.index.score_weights import SHIPPED, read_weights
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.unit

COVERS, PHOTOGRAPHED, STRANGER = range(6), (0, 1, 2, 3), 30


@pytest.fixture
def photos(index_template: Path, tmp_path: Path) -> Path:
    """Photos of four sleeves of the index and of one that it lacks."""
    index = Path(shutil.copytree(index_template, tmp_path / "data" / "index"))
    add_covers(open_store(index.as_uri()), tmp_path / "work", COVERS)
    folder = tmp_path / "my photos"
    folder.mkdir()
    lines = ["photo,cover"]
    for n in (*PHOTOGRAPHED, STRANGER):
        (folder / f"{n}.jpg").write_bytes(photo_of(n))
        lines.append(f'{n}.jpg,"{cover(n).id if n in COVERS else ""}"')
    (folder / "labels.csv").write_text("\n".join(lines))
    return folder


def test_it_prints_how_reliable_scores_are_and_writes_what_is_scored_with(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "new folder" / "weights.json"
    answer = run("calibrate", "--photos", photos, "--out", out)
    assert answer.exit_code == 0
    assert answer.stdout.startswith("manifest 2, 4 photos of 4 covers of the index, 1 of others\n")
    assert f"in use: {SHIPPED.name}; " in answer.stdout
    for step in ("fast", "standard", "max", "cascade"):
        assert f"\n{step}\n  in use    Brier 0." in answer.stdout
    assert "accepted and right 4/4, wrong 0, accepted though absent 0/5" in answer.stdout
    assert "\nnote: 4 photos of covers of the index are few" in answer.stdout
    weights = read_weights(out)
    assert answer.stdout.endswith(f"{out}: {weights.name}\n")

    monkeypatch.setenv("SCORE_WEIGHTS", str(out))
    assert f"in use: {weights.name}; " in run("calibrate", "--photos", photos).stdout
    found = run("index", "search", photos / "0.jpg")
    assert "match (" in found.stdout


def test_as_json_it_is_the_figures_and_the_file(run: Run, photos: Path) -> None:
    said = json.loads(run("calibrate", "--photos", photos.as_uri(), "--json").stdout)
    assert (said["present"], said["absent"], said["out"]) == (4, 1, None)
    assert [one["name"] for one in said["judged"]] == ["fast", "standard", "max", "cascade"]
    assert set(said["file"]["weights"]) == {"fast", "standard", "max"}
    assert said["before"]["false_accepts"] == 0


def test_the_weights_decide_what_a_search_accepts(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "strict.json"
    calibrated = run("calibrate", "--photos", photos, "--out", path)
    assert calibrated.exit_code == 0
    document = json.loads(path.read_text())
    for own in document["weights"].values():
        own["bias"] = -50.0
    path.write_text(json.dumps(document))
    monkeypatch.setenv("SCORE_WEIGHTS", str(path))
    assert "match (" not in run("index", "search", photos / "0.jpg").stdout


@pytest.mark.parametrize("command", ["calibrate", "search", "gate"])
def test_weights_that_cannot_be_read_are_a_bad_setting(
    run: Run, photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / "bad.json").write_text('{"format": "vinymatic-score-weights", "version": 2}')
    monkeypatch.setenv("SCORE_WEIGHTS", str(tmp_path / "bad.json"))
    words = {"calibrate": ["calibrate", "--photos", photos], "search": ["index", "search", photos / "0.jpg"]}
    answer = run(*words.get(command, [command]))
    assert answer.exit_code == 2
    (line,) = answer.stderr.splitlines()
    assert line.startswith(f"error: SCORE_WEIGHTS='{tmp_path}/bad.json': allowed is a file of score weights or nothing")
    assert "format version 2" in line
