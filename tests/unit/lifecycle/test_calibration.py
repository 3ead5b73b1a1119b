"""Calibration on a small index: what is asked, what counts as right, and that the same photos give the same weights."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.index import cover, open_writer, photo_of, prepared
from vinymatic.errors import ListingError
from vinymatic.index.results import Effort
from vinymatic.index.score_weights import SHIPPED, parse_weights
from vinymatic.lifecycle.calibration import Calibration, calibrate
from vinymatic.lifecycle.labelled import photo_limits
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.photos import Level

pytestmark = pytest.mark.unit

HELD, PHOTOGRAPHED, STRANGERS = range(12), range(6), (30, 31)
REISSUE = "reissue/0.jpg"


@pytest.fixture(scope="module")
def store(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    """An index of twelve sleeves and of the first one's reissue, with the same artwork. Never written to."""
    folder = tmp_path_factory.mktemp("calibration")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    upserts = [*(prepared(n) for n in HELD), prepared(0, id=REISSUE)]
    open_writer(store, folder / "work").commit(Batch(upserts=upserts))
    return store


def photos_in(folder: Path, *further: str) -> ObjectStore:
    photos = open_store(folder.as_uri())
    lines = ["photo,cover"]
    for n in (*PHOTOGRAPHED, *STRANGERS):
        photos.put(f"{n}.jpg", photo_of(n, Level.MEDIUM))
        lines.append(f'{n}.jpg,"{cover(n).id if n in HELD else ""}"')
    photos.put("labels.csv", "\n".join([*lines, *further]).encode())
    return photos


def calibrated(store: ObjectStore, photos: ObjectStore, work: Path) -> Calibration:
    return calibrate(store, work, photos, limits=photo_limits(128), threshold=0.5)


@pytest.fixture(scope="module")
def done(store: ObjectStore, tmp_path_factory: pytest.TempPathFactory) -> Calibration:
    folder = tmp_path_factory.mktemp("done")
    return calibrated(store, photos_in(folder / "photos"), folder / "work")


def test_every_photo_is_asked_at_every_step_and_again_without_its_cover(done: Calibration) -> None:
    assert (done.present, done.absent, done.covers) == (6, 2, 6)
    assert [one.name for one in done.judged] == ["fast", "standard", "max", "cascade"]
    for one in done.judged:
        for figures in (one.before, one.after):
            assert (figures.present, figures.absent) == (6, 6 + 2)
            assert (figures.right, figures.wrong, figures.accepted) == (6, 0, 0)


def test_another_scan_of_the_same_artwork_is_right_and_goes_with_its_cover(done: Calibration) -> None:
    """Were it wrong, the photo of sleeve 0 would have a false candidate with every sign of a right one."""
    for one in done.judged:
        assert all(held.right == 0.0 for held in one.before.bins if held.least < 0.1)
        assert all(held.right == 1.0 for held in one.before.bins if held.least >= 0.5)


def test_few_photos_move_little_and_are_called_few(done: Calibration) -> None:
    assert any("6 photos of covers of the index are few" in note for note in done.notes)
    for step in Effort:
        for name, value in vars(done.weights.of(step)).items():
            assert value == pytest.approx(getattr(SHIPPED.of(step), name), abs=1.5)


def test_the_file_says_where_it_came_from_and_is_read_back(done: Calibration) -> None:
    weights = parse_weights(done.file())
    assert weights == replace(done.weights, sha256=weights.sha256)
    assert done.provenance.counts["questions"] == 6 * 2 + 2
    assert done.provenance.features.num_features == 500
    assert done.provenance.command.startswith("vinymatic calibrate --photos file://")


def test_the_same_photos_give_the_same_weights_and_nothing_is_left(
    store: ObjectStore, done: Calibration, tmp_path: Path
) -> None:
    again = calibrated(store, photos_in(tmp_path / "photos"), tmp_path / "work")
    assert again.weights.by_step == done.weights.by_step
    assert again.judged == done.judged
    assert list((tmp_path / "work").iterdir()) == []


def test_a_cover_that_the_index_lacks_counts_as_absent_and_is_named(store: ObjectStore, tmp_path: Path) -> None:
    photos = open_store(tmp_path.as_uri())
    photos.put("0.jpg", photo_of(0))
    photos.put("1.jpg", photo_of(1))
    photos.put("labels.csv", f'photo,cover\n0.jpg,"{cover(0).id}"\n1.jpg,sold.jpg\n'.encode())
    found = calibrated(store, photos, tmp_path / "work")
    assert (found.present, found.absent) == (1, 1)
    assert any(
        "labels.csv names covers that the index lacks; they count as absent: 'sold.jpg'" in n for n in found.notes
    )


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("photo,cover\n", "names no photo"),
        ("photo,cover\ngone.jpg,\n", "line 2 of labels.csv"),
        ("a,b\n", "line 1 of labels.csv"),
    ],
)
def test_labels_that_say_nothing_are_refused(store: ObjectStore, tmp_path: Path, labels: str, said: str) -> None:
    photos = open_store(tmp_path.as_uri())
    photos.put("labels.csv", labels.encode())
    with pytest.raises(ListingError, match=said):
        calibrated(store, photos, tmp_path / "work")
