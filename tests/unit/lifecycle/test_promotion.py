"""Promotion and its reverse on a real index: one commit each, refused where it must be, safe to run twice."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import train_and_promote
from tests.unit.lifecycle.stalls import StallingStore, open_writer, read_ids
from vinymatic.errors import EpochError, NoIndexError, StorageUnavailableError
from vinymatic.index.manifest import CodebookEntry, Manifest
from vinymatic.lifecycle.commit import Commit, commit, following, require_newest
from vinymatic.lifecycle.gate_report import GateReport, write_gate_report
from vinymatic.lifecycle.promotion import discard_candidate, promote, retire_previous, roll_back
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def report_on(book: CodebookEntry, *failures: str, codebook: str | None = None) -> GateReport:
    return GateReport(
        epoch=book.epoch,
        codebook=codebook or book.file.sha256,
        number=3,
        measured_at="2026-01-01T00:00:00+00:00",
        rounds=(),
        failures=failures,
    )


@pytest.fixture
def trained(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """An index with two covers and candidate 1, encoded."""
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a"), random_cover("b")]))
    train(index_store, tmp_path / "train")
    return index_store


def test_a_candidate_that_passed_its_gate_becomes_active(trained: ObjectStore, tmp_path: Path) -> None:
    write_gate_report(trained, report_on(require_newest(trained).codebooks[1]))
    done = promote(trained)
    assert (done.changed, done.manifest.active_epoch, done.manifest.previous_epoch) == (True, 1, 0)
    assert read_ids(trained, tmp_path) == {"a": "1", "b": "1"}


def test_a_candidate_that_was_not_measured_is_refused(trained: ObjectStore) -> None:
    with pytest.raises(EpochError, match="epoch 1 was not measured yet"):
        promote(trained)


def test_a_candidate_that_failed_is_refused_with_the_reasons(trained: ObjectStore) -> None:
    write_gate_report(trained, report_on(require_newest(trained).codebooks[1], "recall fell", "it is slow"))
    with pytest.raises(EpochError, match="did not pass its gate: recall fell; it is slow"):
        promote(trained)
    assert promote(trained, ungated=True).manifest.active_epoch == 1


def test_a_report_on_another_codebook_of_the_same_number_does_not_count(trained: ObjectStore) -> None:
    book = require_newest(trained).codebooks[1]
    another = book.file.sha256[:16] + "0" * 48  # the same key
    write_gate_report(trained, report_on(book, codebook=another))
    with pytest.raises(EpochError, match="not measured"):
        promote(trained)


def test_without_a_candidate_there_is_nothing_to_promote(index_store: ObjectStore) -> None:
    with pytest.raises(EpochError, match="there is no candidate"):
        promote(index_store)


def test_a_segment_that_lost_its_encoding_meanwhile_stops_the_promotion(trained: ObjectStore) -> None:
    def strip() -> None:
        def propose(newest: Manifest | None) -> Manifest | None:
            assert newest is not None
            bare = newest.segments[0].model_copy(update={"codes": {0: newest.segments[0].codes[0]}})
            return following(newest, newest.model_copy(update={"segments": (bare,)}), "test")

        commit(trained, propose)

    with pytest.raises(EpochError, match="no encoding of epoch 1"):
        promote(StallingStore(trained, "create", "manifests/", strip), ungated=True)


def test_a_candidate_exchanged_for_another_meanwhile_is_not_promoted(trained: ObjectStore, tmp_path: Path) -> None:
    def exchange() -> None:
        discard_candidate(trained)
        train(trained, tmp_path / "again")

    with pytest.raises(EpochError, match="epoch 1 was discarded meanwhile"):
        promote(StallingStore(trained, "create", "manifests/", exchange), ungated=True)
    assert require_newest(trained).candidate_epoch == 2


def test_going_back_is_one_commit_and_can_be_taken_back(trained: ObjectStore, tmp_path: Path) -> None:
    promote(trained, ungated=True)
    writer = open_writer(trained, tmp_path)
    writer.commit(Batch([random_cover("new")]))
    number = require_newest(trained).number
    back = roll_back(trained).manifest
    assert (back.number, back.active_epoch, back.previous_epoch) == (number + 1, 0, 1)
    assert read_ids(trained, tmp_path) == {"a": "1", "b": "1", "new": "1"}
    assert roll_back(trained).manifest.active_epoch == 1


def test_a_rollback_to_an_epoch_that_is_run_twice_does_not_go_forth_again(trained: ObjectStore) -> None:
    promote(trained, ungated=True)
    assert roll_back(trained, 0).manifest.active_epoch == 0
    again = roll_back(trained, 0)
    assert (again.changed, again.manifest.active_epoch) == (False, 0)
    with pytest.raises(EpochError, match="epoch 7 is not the previous one: that is 1"):
        roll_back(trained, 7)


def test_after_retirement_there_is_no_way_back(trained: ObjectStore) -> None:
    promote(trained, ungated=True)
    assert retire_previous(trained).manifest.written_epochs == (1,)
    assert not retire_previous(trained).changed
    with pytest.raises(EpochError, match="no previous epoch"):
        roll_back(trained)


def test_a_discarded_candidate_leaves_the_active_epoch_as_it_is(trained: ObjectStore, tmp_path: Path) -> None:
    assert discard_candidate(trained).manifest.written_epochs == (0,)
    assert not discard_candidate(trained).changed
    assert read_ids(trained, tmp_path) == {"a": "1", "b": "1"}


@pytest.mark.parametrize(
    "step", [lambda store: promote(store, ungated=True), discard_candidate], ids=["promote", "discard"]
)
@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER])
@pytest.mark.parametrize("call", range(1, 8))
def test_a_failure_at_any_call_leaves_one_of_the_two_states(
    trained: ObjectStore, step: Callable[[ObjectStore], Commit], fault: Fault, call: int
) -> None:
    before = require_newest(trained)
    with suppress(StorageUnavailableError):
        step(FaultyStore(trained, 1, script={call: fault}))
    after = require_newest(trained)
    assert after.number in (before.number, before.number + 1)
    assert (after.candidate_epoch is None) == (after.number > before.number)


def test_nothing_to_change_is_said(tmp_path: Path) -> None:
    for step in (promote, roll_back, discard_candidate, retire_previous):
        with pytest.raises(NoIndexError):
            step(open_store((tmp_path / "nothing").as_uri()))


def test_epochs_alternate_without_end(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    assert [train_and_promote(index_store, tmp_path / "train") for _ in range(2)] == [1, 2]
    roll_back(index_store)
    assert train_and_promote(index_store, tmp_path / "train") == 3
    assert set(require_newest(index_store).codebooks) == {1, 3}
