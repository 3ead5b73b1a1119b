"""Repair of epochs whose codebook is lost: dropped, followed by another, or trained anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.lifecycle.damage import flip, lose, recommit, rewrite
from tests.unit.lifecycle.repairs import repaired
from tests.unit.lifecycle.stalls import read_ids
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.promotion import retire_previous
from vinymatic.lifecycle.repair import repair
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.verification import verify
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

LIVE = {"a": "1", "c": "1", "d": "1"}


def test_a_previous_epoch_whose_codebook_is_lost_is_dropped(trained: ObjectStore, tmp_path: Path) -> None:
    # Another machine's: it cannot be made again here.
    rewrite(trained, require_newest(trained).codebooks[0].file, b"other bytes")
    repaired(trained, tmp_path)
    after = require_newest(trained)
    assert (after.active_epoch, after.previous_epoch, set(after.codebooks)) == (1, None, {1})
    assert read_ids(trained, tmp_path) == LIVE


def test_a_candidate_whose_codebook_is_lost_is_dropped(
    small: ObjectStore, tmp_path: Path, quick_training: None
) -> None:
    train(small, tmp_path / "train")
    lose(small, require_newest(small).codebooks[1].file.key)
    repaired(small, tmp_path)
    after = require_newest(small)
    assert (after.active_epoch, after.candidate_epoch, after.last_epoch) == (0, None, 1)


def test_a_lost_active_codebook_is_followed_by_the_previous_epoch(trained: ObjectStore, tmp_path: Path) -> None:
    manifest = require_newest(trained)
    lose(trained, manifest.codebooks[1].file.key)
    flip(trained, manifest.segments[1].codes[0].key)  # and it needs this one
    repaired(trained, tmp_path)
    after = require_newest(trained)
    assert (after.active_epoch, after.previous_epoch, set(after.codebooks), after.last_epoch) == (0, None, {0}, 1)
    assert read_ids(trained, tmp_path) == LIVE


def test_without_a_previous_epoch_a_new_one_is_trained_and_becomes_active(trained: ObjectStore, tmp_path: Path) -> None:
    retire_previous(trained)
    lose(trained, require_newest(trained).codebooks[1].file.key)
    report = repaired(trained, tmp_path)
    after = require_newest(trained)
    assert (after.active_epoch, after.previous_epoch, after.candidate_epoch, set(after.codebooks)) == (
        2,
        None,
        None,
        {2},
    )
    assert report.done[0].startswith("a new epoch: trained")
    assert read_ids(trained, tmp_path) == LIVE
    assert verify(trained, tmp_path / "verify").clean


def test_a_candidate_that_is_there_is_gone_on_with_instead_of_another_training(
    trained: ObjectStore, tmp_path: Path
) -> None:
    retire_previous(trained)
    train(trained, tmp_path / "train")
    manifest = require_newest(trained)

    def half(newest: Manifest) -> Manifest:
        first, *rest = newest.segments
        return newest.model_copy(update={"segments": (first.model_copy(update={"codes": {1: first.codes[1]}}), *rest)})

    recommit(trained, half)
    lose(trained, manifest.codebooks[1].file.key)
    report = repaired(trained, tmp_path)
    after = require_newest(trained)
    assert (after.active_epoch, after.codebooks[2], after.last_epoch) == (2, manifest.codebooks[2], 2)
    assert report.done[0].startswith("epoch 2: encoded everywhere")


def test_a_lost_candidate_is_out_of_the_way_before_another_is_trained(trained: ObjectStore, tmp_path: Path) -> None:
    retire_previous(trained)
    train(trained, tmp_path / "train")
    for book in require_newest(trained).codebooks.values():
        lose(trained, book.file.key)
    repaired(trained, tmp_path)
    assert require_newest(trained).active_epoch == 3
    assert read_ids(trained, tmp_path) == LIVE


def test_a_training_passes_over_segments_that_are_given_up(trained: ObjectStore, tmp_path: Path) -> None:
    retire_previous(trained)
    manifest = require_newest(trained)
    lose(trained, manifest.codebooks[1].file.key)
    lose(trained, manifest.segments[0].points_file.key)
    report = repair(trained, tmp_path / "repair", Sources())
    assert (report.done, report.number) == ((), manifest.number)
    assert "no other epoch can take over" in report.unsaved[-1]
    repaired(trained, tmp_path, drop_lost=True)
    assert read_ids(trained, tmp_path) == {"c": "1", "d": "1"}
