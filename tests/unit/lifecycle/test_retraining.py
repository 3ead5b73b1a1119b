"""A whole retraining: promoted when it passes, discarded when not, gone on with after a death, harmless when two do it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.index import prepared
from tests.unit.lifecycle.stalls import DyingStore, Killed, StallingStore, open_writer
from vinymatic.errors import EpochError
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.gate import GatePolicy
from vinymatic.lifecycle.promotion import discard_candidate
from vinymatic.lifecycle.retraining import retrain
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

# Nothing can pass: a search would have to be a thousand times as fast.
IMPOSSIBLE = GatePolicy(photos=4, slowdown=0.001)
FEW = GatePolicy(photos=4, slowdown=1_000.0)


@pytest.fixture
def filled(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Eight real covers in two segments."""
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([prepared(n) for n in range(4)]))
    writer.commit(Batch([prepared(n) for n in range(4, 8)]))
    return index_store


def test_a_candidate_that_passes_is_active_afterwards(filled: ObjectStore, tmp_path: Path) -> None:
    report = retrain(filled, tmp_path / "train", policy=FEW)
    assert (report.epoch, report.promoted, report.gate.failures) == (1, True, ())
    newest = require_newest(filled)
    assert (newest.number, newest.active_epoch, newest.previous_epoch) == (report.number, 1, 0)


def test_a_candidate_that_fails_is_gone_and_the_active_epoch_untouched(filled: ObjectStore, tmp_path: Path) -> None:
    report = retrain(filled, tmp_path / "train", policy=IMPOSSIBLE)
    assert not report.promoted
    assert any("a search" in line for line in report.gate.failures)
    newest = require_newest(filled)
    assert newest.written_epochs == (0,)
    assert newest.images_since_training == 0  # not due again at once


def test_it_goes_on_with_a_candidate_that_a_dead_one_left(filled: ObjectStore, tmp_path: Path) -> None:
    dead = 0
    # Dead at every eighth call: each time a little further.
    for calls in range(8, 400, 8):
        try:
            report = retrain(DyingStore(filled, calls), tmp_path / "train", policy=FEW)
            break
        except Killed:
            dead += 1
    assert dead > 1
    assert (report.epoch, report.promoted) == (1, True)
    assert require_newest(filled).last_epoch == 1


def test_of_two_at_once_both_end_with_the_same_epoch_active(filled: ObjectStore, tmp_path: Path) -> None:
    store = StallingStore(filled, "put", "gates/", lambda: retrain(filled, tmp_path / "other", policy=FEW))
    report = retrain(store, tmp_path / "train", policy=FEW)
    assert (report.epoch, report.promoted) == (1, True)
    assert (require_newest(filled).active_epoch, require_newest(filled).last_epoch) == (1, 1)


def test_a_candidate_that_somebody_discards_meanwhile_is_said(index_store: ObjectStore, tmp_path: Path) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    train(index_store, tmp_path / "train")
    store = StallingStore(index_store, "put", "gates/", lambda: discard_candidate(index_store))
    with pytest.raises(EpochError, match="epoch 1"):
        retrain(store, tmp_path / "train", policy=FEW)
    assert require_newest(index_store).written_epochs == (0,)
