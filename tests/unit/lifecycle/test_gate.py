"""The gate: a good candidate passes, a bad one does not, and only what was measured decides."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.support.index import photo_of, prepared
from tests.unit.lifecycle.stalls import open_writer
from vinymatic.errors import EpochError, ListingError, NoIndexError
from vinymatic.index.codebook import train_codebook
from vinymatic.index.layout import codebook_key, gate_page_key
from vinymatic.index.manifest import CodebookEntry, Manifest
from vinymatic.index.snapshot import Snapshot, open_snapshot
from vinymatic.lifecycle.commit import commit, following, read_newest
from vinymatic.lifecycle.epochs import with_candidate
from vinymatic.lifecycle.files import FileCache, put_by_content
from vinymatic.lifecycle.gate import GatePolicy, failures, gate
from vinymatic.lifecycle.gate_photos import choose_simulated, simulated_photos, with_tombstones
from vinymatic.lifecycle.gate_report import Figures, Round, read_gate_report
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

# Times are not the subject here, and a busy machine's are no measure.
POLICY = GatePolicy(slowdown=1e9)


def newest_of(store: ObjectStore) -> Manifest:
    newest = read_newest(store)
    assert newest is not None
    return newest


def whole(store: ObjectStore, tmp_path: Path) -> Snapshot:
    return open_snapshot(newest_of(store), FileCache(store, tmp_path / "files").resolve)


@pytest.fixture
def filled(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Sixteen real covers."""
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([prepared(n) for n in range(8)]))
    writer.commit(Batch([prepared(n) for n in range(8, 16)]))
    return index_store


def bad_candidate(store: ObjectStore, tmp_path: Path) -> CodebookEntry:
    """A codebook trained on one corner of the space: all descriptors look alike to it. Encoded everywhere, as a good one is."""
    sample = np.random.default_rng(1).integers(0, 3, (4_096, 128)).astype(np.uint8)
    codebook = train_codebook(sample, 1_024, 1)
    file = put_by_content(store, partial(codebook_key, 1), codebook.to_bytes())
    entry = CodebookEntry(epoch=1, file=file, lists=1_024, trained_covers=0)

    def propose(newest: Manifest | None) -> Manifest | None:
        assert newest is not None
        changed = with_candidate(newest, entry, images=0, covers=0, trained_at="2026-01-01T00:00:00+00:00")
        return following(newest, changed, "test")

    commit(store, propose)
    train(store, tmp_path / "train")  # goes on with it
    return newest_of(store).codebooks[1]


def test_a_good_candidate_passes_and_may_be_promoted(filled: ObjectStore, tmp_path: Path) -> None:
    train(filled, tmp_path / "train")
    report = gate(filled, tmp_path / "gate", policy=POLICY)
    (simulated,) = report.rounds
    assert report.passed, report.failures
    assert (simulated.active.epoch, simulated.candidate.epoch) == (0, 1)
    assert (simulated.candidate.present, simulated.candidate.absent) == (8, 8)
    assert simulated.candidate.recall > 0.6
    assert simulated.candidate.false_accepts == 0
    assert report.notes == ("the index has only 16 covers to ask for",)
    assert read_gate_report(filled, newest_of(filled).codebooks[1]) == report
    assert promote(filled).manifest.active_epoch == 1


def test_a_bad_candidate_fails_with_the_figures_and_is_not_promoted(filled: ObjectStore, tmp_path: Path) -> None:
    bad_candidate(filled, tmp_path)
    before = newest_of(filled)
    report = gate(filled, tmp_path / "gate", policy=POLICY)
    assert not report.passed
    assert report.failures[0].startswith("recall on simulated photos fell from ")
    with pytest.raises(EpochError, match="did not pass its gate: recall"):
        promote(filled)
    assert newest_of(filled) == before


def test_the_same_candidate_is_asked_the_same_again(filled: ObjectStore, tmp_path: Path) -> None:
    train(filled, tmp_path / "train")
    first, second = (gate(filled, tmp_path / "gate", policy=GatePolicy(photos=6, slowdown=1e9)) for _ in range(2))
    assert [r.candidate.scores for r in first.rounds] == [r.candidate.scores for r in second.rounds]


def test_an_absent_cover_is_really_absent_and_its_twin_a_false_accept(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    # Every cover twice under two ids: whichever of them is taken out, the other answers in its place.
    writer.commit(Batch([prepared(n) for n in range(4)] + [prepared(n, id=f"twin of {n}") for n in range(4)]))
    train(index_store, tmp_path / "train")
    report = gate(index_store, tmp_path / "gate", policy=POLICY)
    figures = report.rounds[0].candidate
    assert figures.absent == 4
    assert figures.accepted + figures.wrong > 0


def test_tombstoned_covers_are_not_found_and_the_others_are(filled: ObjectStore, tmp_path: Path) -> None:
    snapshot = whole(filled, tmp_path)
    gone = [entry.id for entry in snapshot.list_covers(limit=16)][::3]
    without = with_tombstones(newest_of(filled), snapshot, gone)
    opened = open_snapshot(without, FileCache(filled, tmp_path / "files").resolve, snapshot)
    assert len(opened) == 16 - len(gone)
    assert not [cover for cover in gone if cover in opened]


def test_questions_are_present_and_absent_easy_and_hard_in_equal_parts(filled: ObjectStore, tmp_path: Path) -> None:
    snapshot = whole(filled, tmp_path)
    questions = choose_simulated(snapshot, 100, seed=1)
    assert len({question.cover for question in questions}) == 16
    kinds = [(question.present, question.hard) for question in questions]
    assert {kind: kinds.count(kind) for kind in kinds} == dict.fromkeys(kinds, 4)
    photos = list(simulated_photos(snapshot, questions))
    assert [photo.cover is not None for photo in photos] == [question.present for question in questions]


def test_an_index_without_covers_passes(index_store: ObjectStore, tmp_path: Path) -> None:
    train(index_store, tmp_path / "train")
    report = gate(index_store, tmp_path / "gate")
    assert (report.passed, report.notes) == (True, ("the index has only 0 covers to ask for",))


def test_a_candidate_that_is_not_there_or_not_ready_is_not_measured(filled: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(EpochError, match="no candidate"):
        gate(filled, tmp_path / "gate")
    with pytest.raises(NoIndexError):
        gate(open_store((tmp_path / "nothing").as_uri()), tmp_path / "gate")
    train(filled, tmp_path / "train")
    newest = newest_of(filled)
    bare = newest.segments[0].model_copy(update={"codes": {0: newest.segments[0].codes[0]}})
    stripped = newest.model_copy(update={"segments": (bare, *newest.segments[1:])})
    commit(filled, lambda now: following(newest, stripped, "test"))
    with pytest.raises(EpochError, match="1 of 2 segments have no encoding of epoch 1 yet"):
        gate(filled, tmp_path / "gate")


def labelled(tmp_path: Path, labels: str, *numbers: int) -> ObjectStore:
    folder = tmp_path / "labelled"
    folder.mkdir(exist_ok=True)
    (folder / "labels.csv").write_text(labels)
    for number in numbers:
        (folder / f"{number}.jpg").write_bytes(photo_of(number))
    return open_store(folder.as_uri())


def test_the_users_own_photos_are_asked_as_the_api_would(filled: ObjectStore, tmp_path: Path) -> None:
    train(filled, tmp_path / "train")
    own = labelled(
        tmp_path,
        f"photo,cover\n1.jpg,{prepared(1).id}\n9.jpg,{prepared(9).id}\n30.jpg,\n31.jpg,no such cover\n",
        1,
        9,
        30,
        31,
    )
    report = gate(filled, tmp_path / "gate", policy=POLICY, labelled=own)
    figures = report.rounds[1].candidate
    assert report.rounds[1].name == "labelled"
    assert (figures.present, figures.found, figures.absent, figures.accepted) == (2, 2, 2, 0)
    assert "'no such cover' (31.jpg) is not in the index" in report.notes


def test_a_candidate_that_fails_on_the_users_photos_alone_fails(filled: ObjectStore, tmp_path: Path) -> None:
    bad_candidate(filled, tmp_path)
    own = labelled(tmp_path, f"cover,photo\n{prepared(1).id},1.jpg\n{prepared(9).id},9.jpg\n", 1, 9)
    report = gate(filled, tmp_path / "gate", policy=GatePolicy(photos=0, slowdown=1e9), labelled=own)
    assert [line.split(" fell")[0] for line in report.failures] == ["recall on labelled photos"]


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ("", "names no column 'photo'"),
        ("photo\n1.jpg\n", "names no column 'cover'"),
        ("photo,cover\n", "names no photo"),
        ("photo,cover\n1.jpg,a\n,b\n", "line 3"),
        ("photo,cover\n1.jpg\n", "line 2"),
        ("photo,cover\n7.jpg,a\n", "line 2: 7.jpg"),
        ("photo,cover\nlabels.csv,a\n", "line 2: labels.csv: "),
    ],
)
def test_labels_that_cannot_be_used_are_said_and_not_passed_over(
    filled: ObjectStore, tmp_path: Path, labels: str, message: str
) -> None:
    train(filled, tmp_path / "train")
    with pytest.raises(ListingError, match=message):
        gate(filled, tmp_path / "gate", policy=GatePolicy(photos=0), labelled=labelled(tmp_path, labels, 1))
    assert read_gate_report(filled, newest_of(filled).codebooks[1]) is None


def test_a_folder_without_labels_is_said(filled: ObjectStore, tmp_path: Path) -> None:
    train(filled, tmp_path / "train")
    with pytest.raises(ListingError, match=r"has no labels\.csv"):
        gate(filled, tmp_path / "gate", labelled=open_store((tmp_path / "nothing").as_uri()))


def test_the_page_holds_the_figures_and_harmless_text(filled: ObjectStore, tmp_path: Path) -> None:
    train(filled, tmp_path / "train")
    own = labelled(tmp_path, "photo,cover\n1.jpg,<script>\n", 1)
    report = gate(filled, tmp_path / "gate", policy=GatePolicy(photos=4, slowdown=1e9), labelled=own)
    html = filled.get(gate_page_key(report.epoch, report.codebook))[0].decode()
    figures = report.rounds[0].candidate
    assert f"{figures.found} of {figures.present} (" in html
    assert "&lt;script&gt;" in html
    assert "<script" not in html
    assert html.count("<svg") == 4


def figures(**changes: float) -> Figures:
    fields: dict[str, float] = {
        "epoch": 0,
        "present": 1_000,
        "found": 980,
        "first": 990,
        "wrong": 0,
        "absent": 1_000,
        "accepted": 2,
        "median_seconds": 0.02,
        "p95_seconds": 0.05,
    }
    return Figures.model_validate(fields | changes)


@pytest.mark.parametrize(
    ("candidate", "subjects"),
    [
        ({}, []),
        ({"found": 1_000, "accepted": 0, "median_seconds": 0.001}, []),
        ({"found": 970}, []),
        ({"found": 969}, ["recall"]),
        ({"accepted": 12}, []),
        ({"accepted": 13}, ["false accepts"]),
        ({"wrong": 11}, ["false accepts"]),
        ({"median_seconds": 0.04}, []),
        ({"median_seconds": 0.041}, ["a search"]),
        ({"found": 0, "accepted": 1_000, "median_seconds": 1}, ["recall", "false accepts", "a search"]),
    ],
)
def test_each_limit_is_kept_or_named(candidate: dict[str, float], subjects: list[str]) -> None:
    lines = failures([Round(name="simulated", active=figures(), candidate=figures(**candidate))], GatePolicy())
    assert [line.split(" o")[0].removesuffix(" on") for line in lines] == subjects


def test_one_photo_of_a_few_decides_nothing() -> None:
    few = {"present": 20, "found": 20, "first": 20, "absent": 20, "accepted": 0}
    for one_off in ({"found": 19}, {"accepted": 1}):
        measured = Round(name="labelled", active=figures(**few), candidate=figures(**(few | one_off)))
        assert failures([measured], GatePolicy()) == ()
    for two_off in ({"found": 18}, {"accepted": 2}):
        measured = Round(name="labelled", active=figures(**few), candidate=figures(**(few | two_off)))
        assert len(failures([measured], GatePolicy())) == 1


def test_searches_too_short_for_the_clock_are_not_compared() -> None:
    active, candidate = figures(median_seconds=0.0001), figures(median_seconds=0.0009)
    assert failures([Round(name="simulated", active=active, candidate=candidate)], GatePolicy()) == ()


counts = st.integers(0, 50)


@given(found=counts, better=counts, accepted=counts, fewer=counts)
def test_a_candidate_that_is_no_worse_in_anything_always_passes(
    found: int, better: int, accepted: int, fewer: int
) -> None:
    base = {"present": 100, "absent": 100, "first": 0}
    active = figures(**base, found=found, accepted=accepted + fewer)
    candidate = figures(**base, found=found + better, accepted=accepted)
    assert failures([Round(name="simulated", active=active, candidate=candidate)], GatePolicy()) == ()


def test_covers_of_random_features_make_no_difference(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover(f"{n}") for n in range(5)]))
    train(index_store, tmp_path / "train")
    assert gate(index_store, tmp_path / "gate", policy=POLICY).passed
