"""`vinymatic gate` by hand: what it says, its exit code, and where the report lies."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support.candidates import blind
from tests.support.index import add_covers, cover, photo_of
from tests.unit.cli.conftest import Run
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.gate_report import GateReport
from vinymatic.lifecycle.training import train
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

# Times are not what these tests are about, and a busy machine must not decide them.
PATIENT = ("--slowdown", "1000")


@pytest.fixture(scope="module")
def trained(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gate-command")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    add_covers(store, folder / "work", range(20))
    train(store, folder / "train")
    return folder / "index"


@pytest.fixture
def index(trained: Path, tmp_path: Path) -> ObjectStore:
    """The index that the program works on."""
    return open_store(Path(shutil.copytree(trained, tmp_path / "data" / "index")).as_uri())


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "my photos"
    folder.mkdir()
    (folder / "1.jpg").write_bytes(photo_of(1))
    (folder / "labels.csv").write_text(f'photo,cover\n1.jpg,"{cover(1).id}"\n')
    return folder


def test_a_candidate_that_passes_is_said_with_its_figures_and_its_report(run: Run, index: ObjectStore) -> None:
    answer = run("gate", "--photos", "10", *PATIENT)
    assert answer.exit_code == 0
    first, last = answer.stdout.splitlines()
    assert first.startswith("passed: epoch 1 in manifest ")
    assert "simulated: recall 1.000 (5/5), 0/10 false accepts, " in first
    place = last.removeprefix("  report: ")
    page = Path(place.removeprefix("file://"))
    assert page.read_text().startswith("<!doctype html>")
    assert page.with_suffix(".json").exists()
    assert "epoch 1 is active" in run("promote").stdout


def test_a_candidate_that_fails_ends_with_code_1_and_the_reasons(run: Run, index: ObjectStore, tmp_path: Path) -> None:
    blind(index, 1, [require_newest(index).segments[0].id])
    answer = run("gate", "--photos", "20", "--report", tmp_path / "report", *PATIENT)
    assert answer.exit_code == 1
    assert answer.stdout.startswith("FAILED: epoch 1")
    assert "  recall on simulated photos fell from " in answer.stdout
    assert f"report: {tmp_path / 'report'}" in answer.stdout
    assert sorted(path.name for path in (tmp_path / "report").iterdir()) == ["gate.html", "gate.json"]
    refused = run("promote")
    assert refused.exit_code == 1
    assert "did not pass its gate: recall on simulated photos fell" in refused.stderr


def test_as_json_it_is_the_report(run: Run, index: ObjectStore) -> None:
    answer = run("gate", "--photos", "4", "--recall-loss", "0.2", "--json", *PATIENT)
    said = json.loads(answer.stdout)
    assert said["passed"] is True
    report = GateReport.model_validate(said)
    assert (report.number, report.epoch) == (require_newest(index).number, 1)
    assert report.policy is not None
    assert (report.policy.photos, report.policy.recall_loss, report.policy.slowdown) == (4, 0.2, 1000.0)


@pytest.mark.parametrize("named_by", ["option", "setting"])
def test_labelled_photos_are_asked_too(
    run: Run, index: ObjectStore, photos: Path, monkeypatch: pytest.MonkeyPatch, named_by: str
) -> None:
    words = ("--labelled", photos.as_uri()) if named_by == "option" else ()
    if named_by == "setting":
        monkeypatch.setenv("GATE_PHOTOS_URL", photos.as_uri())
    answer = run("gate", "--photos", "4", *words, *PATIENT)
    assert answer.exit_code == 0
    assert "labelled: recall 1.000 (1/1), 0/1 false accepts" in answer.stdout


def test_photos_are_judged_by_the_apis_threshold(
    run: Run, index: ObjectStore, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SIMILARITY_THRESHOLD", "1")
    assert "recall 0.000 (0/1)" in run("gate", "--photos", "4", "--labelled", photos.as_uri(), *PATIENT).stdout


def test_a_bad_line_is_named(run: Run, index: ObjectStore, photos: Path) -> None:
    with (photos / "labels.csv").open("a") as file:
        file.write("2.jpg,\n")
    answer = run("gate", "--photos", "4", "--labelled", photos.as_uri())
    assert answer.exit_code == 1
    assert answer.stderr.startswith("error: line 3 of labels.csv: ")


def test_without_a_candidate_there_is_nothing_to_measure(run: Run, covers: Path) -> None:
    answer = run("gate")
    assert answer.exit_code == 1
    assert answer.stderr == "error: there is no candidate to measure; `vinymatic train` makes one\n"


@pytest.mark.parametrize(
    "words",
    [
        ["--photos", "1"],
        ["--recall-loss", "1.5"],
        ["--recall-loss", "nan"],
        ["--slowdown", "0"],
        ["--slowdown", "inf"],
        ["--false-accept-gain", "-2"],
    ],
)
def test_limits_that_mean_nothing_are_refused(run: Run, words: list[str]) -> None:
    assert run("gate", *words).exit_code == 2
