"""Drills: a good backup passes, and every way to damage one is found."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.support.index import cover, open_writer, prepared
from vinymatic.errors import NoIndexError, StorageUnavailableError
from vinymatic.index.layout import drill_key, manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backup import Recording, backup, restore
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.drill_record import DrillRecord, read_record
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

COVERS = 8


@pytest.fixture(scope="module")
def recorded(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of eight sleeves and its backup, answers recorded. Shared: copy it."""
    folder = tmp_path_factory.mktemp("drill")
    shutil.copytree(index_template, folder / "index")
    index = open_store((folder / "index").as_uri())
    writer = open_writer(index, folder / "work")
    writer.commit(Batch([prepared(n) for n in range(COVERS)]))
    backup(index, open_store((folder / "backup").as_uri()), recording=Recording(COVERS, folder / "cache"))
    return folder


@pytest.fixture
def kept(recorded: Path, tmp_path: Path) -> ObjectStore:
    return open_store(Path(shutil.copytree(recorded / "backup", tmp_path / "kept")).as_uri())


@pytest.fixture
def manifest(kept: ObjectStore) -> Manifest:
    newest = read_newest(kept)
    assert newest is not None
    return newest


def record_of(store: ObjectStore, manifest: Manifest) -> DrillRecord:
    record = read_record(store, manifest)
    assert record is not None
    return record


def test_the_recorded_answers_are_worth_something(kept: ObjectStore, manifest: Manifest) -> None:
    """Covers are found with confidence and strangers refused: answers that were wrong from the start would prove nothing."""
    questions = record_of(kept, manifest).questions
    assert {question.cover for question in questions} == {cover(n).id for n in range(COVERS)}
    assert sum(question.stranger for question in questions) == COVERS // 4
    for question in questions:
        if question.stranger:
            assert (question.verdict, question.best) == ("not_in_catalogue", None)
        else:
            assert (question.verdict, question.best) == ("match", question.cover)
            assert question.score > 0.9


def test_a_good_backup_passes_and_nothing_is_written(kept: ObjectStore, tmp_path: Path) -> None:
    watched, scratch = FaultyStore(kept, 1), tmp_path / "scratch"
    report = drill(watched, scratch=scratch)
    assert report.passed
    assert (report.number, report.covers, report.questions, report.right) == (2, COVERS, COVERS, COVERS)
    assert (report.wrong, report.problem) == ((), None)
    assert 0 <= report.age_seconds < 3_600
    assert report.load_seconds > 0
    assert report.ask_seconds > 0
    assert {call.verb for call in watched.calls} <= {"head", "get", "list", "download"}
    assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("which", ["covers", "points", "codes", "codebook", "manifest"])
@pytest.mark.parametrize("how", ["flipped", "cut", "gone"])
def test_damage_to_any_file_is_found(
    kept: ObjectStore, manifest: Manifest, tmp_path: Path, which: str, how: str
) -> None:
    segment = manifest.segments[0]
    key = {
        "covers": segment.covers_file.key,
        "points": segment.points_file.key,
        "codes": segment.codes[0].key,
        "codebook": manifest.active_codebook.file.key,
        "manifest": manifest_key(manifest.number),
    }[which]
    data, _ = kept.get(key)
    if how == "gone":
        kept.delete(key)
        if which == "manifest":
            with pytest.raises(NoIndexError):
                drill(kept)
            return
    else:
        middle = len(data) // 2
        kept.put(key, data[:middle] + (bytes([data[middle] ^ 1]) + data[middle + 1 :] if how == "flipped" else b""))
    report = drill(kept, scratch=tmp_path / "scratch")
    assert not report.passed
    assert list((tmp_path / "scratch").glob("*/*")) == []


def test_a_backup_that_answers_otherwise_than_it_did_is_found(kept: ObjectStore, manifest: Manifest) -> None:
    """Whole by every checksum, and yet not the catalogue that was backed up: what only questions can find."""
    segment = manifest.segments[0]
    record = record_of(kept, manifest)
    lost = record.questions[0].cover
    place = [cover(n).id for n in range(COVERS)].index(lost)
    without = manifest.model_copy(update={"segments": (segment.model_copy(update={"tombstones": (place,)}),)})
    kept.put(manifest_key(manifest.number), without.to_json())
    report = drill(kept)
    assert not report.passed
    assert report.right < report.questions
    assert "not in the catalogue" in report.wrong[0]


@pytest.mark.parametrize(
    ("field", "value"), [("best", "another"), ("verdict", "ambiguous"), ("score", 0.5), ("fingerprint", "0" * 64)]
)
def test_one_answer_that_differs_fails_the_drill(
    kept: ObjectStore, manifest: Manifest, field: str, value: object
) -> None:
    key = drill_key(manifest.number)
    record = record_of(kept, manifest)
    questions = list(record.questions)
    questions[1] = questions[1].model_copy(update={field: value})
    kept.put(key, record.model_copy(update={"questions": tuple(questions)}).to_json())
    report = drill(kept)
    assert not report.passed
    assert (report.right, len(report.wrong)) == (COVERS - 1, 1)
    assert record.questions[1].cover in report.wrong[0]


def test_a_drill_scores_as_it_was_scored_then(kept: ObjectStore, manifest: Manifest) -> None:
    record = record_of(kept, manifest)
    assert record.weights is not None
    doubtful = replace(record.weights, bias=-60.0)
    kept.put(drill_key(manifest.number), record.model_copy(update={"weights": doubtful}).to_json())
    assert any("not_in_catalogue" in line for line in drill(kept).wrong)
    kept.put(drill_key(manifest.number), record.model_copy(update={"weights": None}).to_json())
    assert drill(kept).passed, "recorded before weights were"


def test_a_record_of_the_first_version_without_a_checksum_is_read(kept: ObjectStore, manifest: Manifest) -> None:
    record = record_of(kept, manifest).model_copy(update={"version": 1})
    kept.put(drill_key(manifest.number), record.model_dump_json().encode())
    assert record_of(kept, manifest) == record


def test_a_backup_without_recorded_answers_proves_nothing(kept: ObjectStore, manifest: Manifest) -> None:
    kept.delete(drill_key(manifest.number))
    report = drill(kept)
    assert not report.passed
    assert report.problem is not None
    assert "no answers were recorded" in report.problem


def test_an_older_backup_is_drilled_as_it_was(recorded: Path, kept: ObjectStore, tmp_path: Path) -> None:
    index = open_store(Path(shutil.copytree(recorded / "index", tmp_path / "index")).as_uri())
    writer = open_writer(index, tmp_path / "work")
    writer.commit(Batch([prepared(COVERS)], deletes=[cover(0).id]))
    backup(index, kept, recording=Recording(3, tmp_path / "cache"))
    older, newest = drill(kept, number=2), drill(kept)
    assert (older.passed, older.number, older.questions) == (True, 2, COVERS)
    assert (newest.passed, newest.number, newest.questions) == (True, 3, 3)
    assert older.covers == newest.covers == COVERS
    with pytest.raises(NoIndexError):
        drill(kept, number=9)


def test_answers_are_recorded_once(recorded: Path, kept: ObjectStore, tmp_path: Path) -> None:
    index = open_store((recorded / "index").as_uri())
    before = kept.get(drill_key(2))
    assert backup(index, kept, recording=Recording(3, tmp_path / "cache")).questions == COVERS
    assert kept.get(drill_key(2)) == before


def test_a_store_that_is_away_says_nothing_about_the_backup(kept: ObjectStore) -> None:
    with pytest.raises(StorageUnavailableError):
        drill(FaultyStore(kept, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: verb == "download"))


def test_a_backup_of_an_empty_index_passes(index_store: ObjectStore, tmp_path: Path) -> None:
    kept = open_store((tmp_path / "kept").as_uri())
    backup(index_store, kept, recording=Recording(16, tmp_path / "cache"))
    report = drill(kept)
    assert (report.passed, report.questions, report.covers) == (True, 0, 0)


def test_a_restored_index_answers_as_its_backup_did(kept: ObjectStore, manifest: Manifest, tmp_path: Path) -> None:
    fresh = open_store((tmp_path / "fresh").as_uri())
    number = restore(kept, fresh).number
    restored = read_newest(fresh)
    assert restored is not None
    record = record_of(kept, manifest).model_copy(update={"number": number, "commit_id": restored.commit_id})
    fresh.put(drill_key(number), record.to_json())
    assert drill(fresh).passed
