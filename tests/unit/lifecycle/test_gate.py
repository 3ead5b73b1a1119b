"""The gate on a real index: good candidates pass, bad ones fail and are not promoted, absent covers are absent, labels count."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.candidates import blind, commit_candidate, useless_codebook
from tests.support.covers import lifelike_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from vinymatic.errors import EpochError, NoIndexError, StorageUnavailableError
from vinymatic.index.layout import GATES, gate_key, gate_page_key
from vinymatic.lifecycle.commit import commit, following, require_newest
from vinymatic.lifecycle.gate import GatePolicy, gate
from vinymatic.lifecycle.gate_page import gate_page
from vinymatic.lifecycle.gate_report import GateReport, Round, read_gate_report
from vinymatic.lifecycle.promotion import discard_candidate, promote
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

COVERS = 40
# A machine that is busy elsewhere must not decide a test: times have their own.
POLICY = GatePolicy(photos=COVERS, slowdown=1_000.0)
FEW = replace(POLICY, photos=6)


def of_round(report: GateReport, name: str) -> Round:
    (found,) = [measured for measured in report.rounds if measured.name == name]
    return found


@pytest.fixture(scope="module")
def trained(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index of forty covers in two segments, and a trained candidate. Shared: copy it."""
    folder = tmp_path_factory.mktemp("gate")
    shutil.copytree(index_template, folder / "index")
    store = open_store((folder / "index").as_uri())
    writer = open_writer(store, folder / "work")
    covers = [lifelike_cover(n) for n in range(COVERS)]
    writer.commit(Batch(covers[:25]))
    writer.commit(Batch(covers[25:]))
    train(store, folder / "train")
    return folder / "index"


@pytest.fixture
def store(trained: Path, tmp_path: Path) -> ObjectStore:
    return open_store(Path(shutil.copytree(trained, tmp_path / "index")).as_uri())


def test_a_good_candidate_passes_and_may_be_promoted(store: ObjectStore, tmp_path: Path) -> None:
    before = require_newest(store)
    report = gate(store, tmp_path / "work", policy=POLICY)
    assert (report.passed, report.failures, report.notes) == (True, (), ())
    assert (report.epoch, report.number, report.codebook) == (1, before.number, before.codebooks[1].file.sha256)
    (measured,) = report.rounds
    for figures, epoch in ((measured.active, 0), (measured.candidate, 1)):
        assert (figures.epoch, figures.present, figures.absent) == (epoch, COVERS // 2, COVERS // 2)
        assert figures.recall > 0.9
        assert (figures.accepted, figures.wrong) == (0, 0)
        assert sum(figures.present_scores) == sum(figures.absent_scores) == COVERS // 2
        assert 0 < figures.median_seconds <= figures.p95_seconds
    assert require_newest(store) == before, "a measurement changes nothing"
    assert promote(store).manifest.active_epoch == 1


@pytest.mark.parametrize("how", ["useless codebook", "blind encodings"])
def test_a_bad_candidate_fails_and_is_not_promoted(store: ObjectStore, tmp_path: Path, how: str) -> None:
    if how == "useless codebook":
        discard_candidate(store)
        commit_candidate(store, useless_codebook(2))
    else:
        blind(store, 1, [segment.id for segment in require_newest(store).segments])
    report = gate(store, tmp_path / "work", policy=POLICY)
    assert not report.passed
    measured = of_round(report, "simulated")
    assert measured.active.recall > 0.9
    assert measured.candidate.recall < 0.8
    (line,) = report.failures
    assert line.startswith("recall on simulated photos fell from")
    with pytest.raises(
        EpochError, match=rf"epoch {report.epoch} did not pass its gate: recall on simulated photos fell"
    ):
        promote(store)
    assert require_newest(store).active_epoch == 0


def test_the_report_and_its_page_lie_beside_the_index(store: ObjectStore, tmp_path: Path) -> None:
    report = gate(store, tmp_path / "work", policy=FEW)
    book = require_newest(store).codebooks[1]
    assert read_gate_report(store, book) == report
    assert sorted(info.key for info in store.list(GATES)) == [
        gate_page_key(1, book.file.sha256),
        gate_key(1, book.file.sha256),
    ]
    assert list((tmp_path / "work").iterdir()) == []


def test_a_report_of_another_codebook_does_not_count(store: ObjectStore, tmp_path: Path) -> None:
    report = gate(store, tmp_path / "work", policy=FEW)
    discard_candidate(store)
    commit_candidate(store, useless_codebook(2))
    assert read_gate_report(store, require_newest(store).codebooks[2]) is None
    # Nor one that lies where the new codebook's report would.
    book = require_newest(store).codebooks[2]
    store.put(gate_key(2, book.file.sha256), report.to_json())
    with pytest.raises(EpochError, match="epoch 2 was not measured yet"):
        promote(store)


def test_measured_again_the_same_is_asked_and_found(store: ObjectStore, tmp_path: Path) -> None:
    first, second = (gate(store, tmp_path / "work", policy=FEW).rounds[0] for _ in range(2))
    no_time = {"median_seconds": 0.0, "p95_seconds": 0.0}
    for before, after in ((first.active, second.active), (first.candidate, second.candidate)):
        assert before.model_copy(update=no_time) == after.model_copy(update=no_time)


@pytest.fixture
def twins(store: ObjectStore, tmp_path: Path) -> str:
    """Every cover is in the catalogue once more under another id; the segment that holds them."""
    writer = open_writer(store, tmp_path / "writer")
    writer.commit(Batch([lifelike_cover(n, f"twin {n}") for n in range(COVERS)]))
    return require_newest(store).segments[-1].id


def test_false_accepts_are_counted(store: ObjectStore, tmp_path: Path, twins: str) -> None:
    """With a cover gone, its photo is taken for the twin."""
    measured = of_round(gate(store, tmp_path / "work", policy=POLICY), "simulated")
    for figures in (measured.active, measured.candidate):
        # Not all: some twins are among the absent covers themselves.
        assert 0.5 < figures.accepted / figures.absent < 1
        assert sum(figures.absent_scores[10:]) == figures.accepted


def test_a_candidate_that_accepts_more_that_is_wrong_fails(store: ObjectStore, tmp_path: Path, twins: str) -> None:
    blind(store, 0, [twins])  # so that only the candidate finds the twins
    report = gate(store, tmp_path / "work", policy=replace(POLICY, photos=2 * COVERS))
    assert any(line.startswith("false accepts on simulated photos rose from") for line in report.failures)
    assert not report.passed


@pytest.mark.parametrize(("covers", "present"), [(0, 0), (1, 1), (3, 2), (8, 4)])
def test_a_small_index_is_measured_with_what_it_has(
    index_store: ObjectStore, tmp_path: Path, covers: int, present: int
) -> None:
    if covers:
        writer = open_writer(index_store, tmp_path / "writer")
        writer.commit(Batch([lifelike_cover(n) for n in range(covers)]))
    train(index_store, tmp_path / "train")
    report = gate(index_store, tmp_path / "work", policy=POLICY)
    assert report.passed
    (measured,) = report.rounds
    assert (measured.candidate.present, measured.candidate.absent) == (present, covers - present)
    assert measured.candidate.found == present
    (note,) = report.notes
    assert "the index holds no" in note
    assert promote(index_store).changed


def test_a_gate_without_a_candidate_or_with_one_half_encoded_is_refused(
    index_template: Path, store: ObjectStore, tmp_path: Path
) -> None:
    with pytest.raises(EpochError, match="there is no candidate"):
        gate(open_store(index_template.as_uri()), tmp_path / "work")
    bare = require_newest(store)
    lacking = tuple(s.model_copy(update={"codes": {0: s.codes[0]}}) for s in bare.segments)
    commit(store, lambda _: following(bare, bare.model_copy(update={"segments": lacking}), "test"))
    with pytest.raises(EpochError, match="2 of 2 segments have no encoding of epoch 1"):
        gate(store, tmp_path / "work")
    with pytest.raises(NoIndexError):
        gate(open_store((tmp_path / "nothing").as_uri()), tmp_path / "work")
    assert list(store.list(GATES)) == []


def test_a_store_that_fails_leaves_no_report_and_no_files(store: ObjectStore, tmp_path: Path) -> None:
    faulty = FaultyStore(store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: "codes-1-" in key)
    with pytest.raises(StorageUnavailableError):
        gate(faulty, tmp_path / "work", policy=FEW)
    assert list(store.list(GATES)) == []
    assert list((tmp_path / "work").iterdir()) == []


def test_a_report_never_lies_there_without_its_page(store: ObjectStore, tmp_path: Path) -> None:
    faulty = FaultyStore(store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: key.endswith(".html"))
    with pytest.raises(StorageUnavailableError):
        gate(faulty, tmp_path / "work", policy=FEW)
    assert list(store.list(GATES)) == []


def test_progress_is_told_to_its_end(store: ObjectStore, tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    gate(store, tmp_path / "work", policy=FEW, progress=lambda *step: steps.append(step))
    assert steps == [("simulated", done, 6) for done in range(7)]


def test_a_report_of_the_first_version_is_still_read(store: ObjectStore, tmp_path: Path) -> None:
    report = gate(store, tmp_path / "work", policy=FEW)
    fields = json.loads(report.model_dump_json())
    del fields["notes"], fields["policy"]
    fields["version"] = 1
    for measured in fields["rounds"]:
        for side in ("active", "candidate"):
            del measured[side]["present_scores"], measured[side]["absent_scores"]
    old = GateReport.from_json(json.dumps(fields).encode())
    assert (old.passed, old.policy, old.notes) == (True, None, ())
    assert "passed" in gate_page(old, store.url)
