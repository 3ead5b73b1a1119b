"""The labelled round: the user's own photos in a folder, counted as its labels.csv says."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.candidates import blind
from tests.support.index import add_covers, cover, open_writer, photo_of
from vinymatic.errors import ListingError
from vinymatic.index.layout import GATES
from vinymatic.index.results import SearchOptions
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.gate import GatePolicy, gate
from vinymatic.lifecycle.gate_report import GateReport, Round
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.photos import Level

pytestmark = pytest.mark.unit

HELD, STRANGERS = range(20), (30, 31, 32)
POLICY = GatePolicy(photos=8, slowdown=1_000.0)


@pytest.fixture(scope="module")
def trained(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of twenty sleeves and a trained candidate. Shared: copy it."""
    folder = tmp_path_factory.mktemp("labelled")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    add_covers(store, folder / "work", HELD)
    train(store, folder / "train")
    return folder / "index"


@pytest.fixture
def store(trained: Path, tmp_path: Path) -> ObjectStore:
    return open_store(Path(shutil.copytree(trained, tmp_path / "index")).as_uri())


@pytest.fixture
def photos(tmp_path: Path) -> ObjectStore:
    """Photos of six covers of the index and of three that it does not hold."""
    folder = open_store((tmp_path / "my photos").as_uri())
    lines = ["photo,cover"]
    for n in (*range(6), *STRANGERS):
        folder.put(f"phone/{n}.jpg", photo_of(n, Level.MEDIUM))
        lines.append(f'phone/{n}.jpg,"{cover(n).id if n in HELD else ""}"')
    folder.put("labels.csv", "\n".join(lines).encode())
    return folder


def labelled(report: GateReport) -> Round:
    assert [measured.name for measured in report.rounds] == ["simulated", "labelled"]
    return report.rounds[1]


def test_labelled_photos_are_a_round_of_their_own(store: ObjectStore, photos: ObjectStore, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    report = gate(store, tmp_path / "work", policy=POLICY, labelled=photos, progress=lambda *step: steps.append(step))
    assert report.passed
    assert report.notes == ()
    for figures in (labelled(report).active, labelled(report).candidate):
        assert (figures.present, figures.absent) == (6, 3)
        assert (figures.found, figures.first, figures.accepted) == (6, 6, 0)
    assert steps[-1] == ("labelled", 9, 9)


def test_a_cover_that_the_simulated_round_took_out_is_back_for_the_labelled_one(
    store: ObjectStore, photos: ObjectStore, tmp_path: Path
) -> None:
    report = gate(store, tmp_path / "work", policy=replace(POLICY, photos=20), labelled=photos)
    assert report.rounds[0].candidate.absent == 10
    assert labelled(report).candidate.found == 6


def test_a_candidate_that_fails_on_the_labelled_photos_fails(
    store: ObjectStore, photos: ObjectStore, tmp_path: Path
) -> None:
    blind(store, 1, [require_newest(store).segments[0].id])
    report = gate(store, tmp_path / "work", policy=replace(POLICY, photos=2), labelled=photos)
    assert any(line.startswith("recall on labelled photos fell from 1.000") for line in report.failures)


def test_a_label_of_a_cover_that_the_index_lacks_counts_as_absent_and_is_said(
    store: ObjectStore, photos: ObjectStore, tmp_path: Path
) -> None:
    text = photos.get("labels.csv")[0].decode().replace('phone/30.jpg,""', "phone/30.jpg,gone.jpg")
    photos.put("labels.csv", text.encode())
    report = gate(store, tmp_path / "work", policy=POLICY, labelled=photos)
    assert (labelled(report).active.present, labelled(report).active.absent) == (6, 3)
    assert "labels.csv names covers that the index lacks; they count as absent: 'gone.jpg'" in report.notes


def test_a_wrong_label_counts_against_both(store: ObjectStore, photos: ObjectStore, tmp_path: Path) -> None:
    text = photos.get("labels.csv")[0].decode().replace(cover(0).id, cover(9).id)
    photos.put("labels.csv", text.encode())
    measured = labelled(gate(store, tmp_path / "work", policy=POLICY, labelled=photos))
    for figures in (measured.active, measured.candidate):
        assert (figures.found, figures.first, figures.wrong, figures.accepted) == (5, 5, 1, 0)
        assert figures.false_accepts == 1 / 9


def test_the_threshold_is_the_apis(store: ObjectStore, photos: ObjectStore, tmp_path: Path) -> None:
    options = SearchOptions(similarity_threshold=1.0)
    measured = labelled(gate(store, tmp_path / "work", policy=POLICY, labelled=photos, options=options))
    assert (measured.active.found, measured.active.first) == (0, 6)


@pytest.mark.parametrize("fault", ["missing", "damaged", "bad line", "no labels"])
def test_nothing_is_measured_by_a_part_of_the_labels(
    store: ObjectStore, photos: ObjectStore, tmp_path: Path, fault: str
) -> None:
    said = {
        "missing": r"line 4 of labels\.csv: .* holds no 'phone/2\.jpg'",
        "damaged": r"line 4 of labels\.csv: 'phone/2\.jpg': .*damaged",
        "bad line": r"line 11 of labels\.csv: it has 1 fields",
        "no labels": r"holds no labels\.csv",
    }[fault]
    match fault:
        case "missing":
            photos.delete("phone/2.jpg")
        case "damaged":
            photos.put("phone/2.jpg", photo_of(2, Level.MEDIUM)[:-2_000])
        case "bad line":
            photos.put("labels.csv", photos.get("labels.csv")[0] + b"\nphone/2.jpg")
        case _:
            photos.delete("labels.csv")
    with pytest.raises(ListingError, match=said):
        gate(store, tmp_path / "work", policy=POLICY, labelled=photos)
    assert list(store.list(GATES)) == []
    assert list((tmp_path / "work").iterdir() if (tmp_path / "work").exists() else []) == []


def test_labels_without_a_line_are_said(store: ObjectStore, photos: ObjectStore, tmp_path: Path) -> None:
    photos.put("labels.csv", b"photo,cover\n")
    report = gate(store, tmp_path / "work", policy=POLICY, labelled=photos)
    assert report.passed
    assert any("names no photo" in note for note in report.notes)


@pytest.mark.parametrize("emptied", [False, True])
def test_photos_of_an_empty_index_are_all_absent(
    index_store: ObjectStore, photos: ObjectStore, tmp_path: Path, emptied: bool
) -> None:
    if emptied:
        add_covers(index_store, tmp_path / "writer", [0, 1])
        open_writer(index_store, tmp_path / "writer").commit(Batch(deletes=[cover(0).id, cover(1).id]))
    train(index_store, tmp_path / "train")
    report = gate(index_store, tmp_path / "work", policy=POLICY, labelled=photos)
    assert report.passed
    assert (labelled(report).active.present, labelled(report).active.absent) == (0, 9)
    assert labelled(report).candidate.accepted == 0
