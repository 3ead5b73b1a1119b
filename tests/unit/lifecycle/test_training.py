"""Training: a candidate epoch, every segment encoded under it, nothing lost, nothing interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import train_and_promote
from tests.unit.lifecycle.stalls import DyingStore, Killed
from vinymatic.errors import EpochError, IndexMismatchError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.encode import next_chunk
from vinymatic.lifecycle.promotion import discard_candidate
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def writer(index_store: ObjectStore, tmp_path: Path) -> Writer:
    writer = Writer(index_store, tmp_path / "work", FeatureSpec(), writer="test")
    writer.open()
    return writer


def commit(writer: Writer, names: Sequence[str]) -> None:
    writer.commit(Batch([random_cover(name) for name in names]))


def found_ids(store: ObjectStore, tmp_path: Path, names: Sequence[str]) -> list[str]:
    """The owner of each named cover's first feature, by search."""
    reader = Reader(store, tmp_path / "cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        queries = np.stack([random_cover(name).features.descriptors[0] for name in names])
        owners = snapshot.neighbours(queries, probes=16, count=1).covers[:, 0]
        return [snapshot.cover_id(int(number)) for number in owners]


def test_a_training_makes_a_candidate_that_every_segment_is_encoded_under(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a", "b"])
    commit(writer, ["c"])
    steps: list[tuple[str, int, int]] = []
    report = train(index_store, tmp_path / "train", progress=lambda *step: steps.append(step))
    newest = require_newest(index_store)
    assert (report.epoch, report.trained, report.encoded) == (1, True, 2)
    assert (newest.active_epoch, newest.candidate_epoch, newest.lacking(1)) == (0, 1, ())
    assert newest.codebooks[1].trained_covers == 3
    assert newest.codebooks[1].error is not None
    assert newest.codebooks[1].error > 0
    assert ("encode", 2, 2) in steps


def test_every_cover_is_found_under_the_new_epoch(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    commit(writer, ["a", "b"])
    commit(writer, ["c"])
    assert train_and_promote(index_store, tmp_path / "train") == 1
    assert found_ids(index_store, tmp_path, ["a", "b", "c"]) == ["a", "b", "c"]


def test_the_count_towards_the_next_training_starts_again_with_the_training_itself(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a", "b"])
    assert writer.images_since_training == 2
    train(index_store, tmp_path / "train")
    discard_candidate(index_store)  # a failed gate does the same: it must not be due again at once
    writer.refresh()
    assert writer.images_since_training == 0
    commit(writer, ["c"])
    assert writer.images_since_training == 1


def test_only_the_epoch_before_is_kept_for_going_back(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    commit(writer, ["a"])
    for _ in range(3):
        train_and_promote(index_store, tmp_path / "train")
    newest = require_newest(index_store)
    assert (newest.active_epoch, newest.previous_epoch, set(newest.codebooks)) == (3, 2, {2, 3})
    assert set(newest.segments[0].codes) == {2, 3}


def test_covers_committed_while_it_trains_are_encoded_under_both(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])

    def meanwhile(step: str, done: int, total: int) -> None:
        if step == "train" and done == 0:
            commit(writer, ["during"])
        elif step == "train":
            commit(writer, ["after"])

    train(index_store, tmp_path / "train", progress=meanwhile)
    assert [set(segment.codes) for segment in require_newest(index_store).segments] == [{0, 1}] * 3
    writer.refresh()
    assert writer.images_since_training == 2


def test_a_training_goes_on_with_the_candidate_that_is_there(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])
    train(index_store, tmp_path / "train")
    before = require_newest(index_store)
    report = train(index_store, tmp_path / "train")
    assert (report.epoch, report.trained, report.encoded, report.number) == (1, False, 0, before.number)


def test_killed_after_one_more_storage_call_each_time_it_goes_on_where_it_stopped(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    for name in "abc":
        commit(writer, [name])
    deaths = 0
    while True:
        try:
            train(DyingStore(index_store, deaths), tmp_path / "train", chunk_features=1)
            break
        except Killed:
            deaths += 1
    newest = require_newest(index_store)
    assert deaths > 10
    assert (newest.candidate_epoch, newest.lacking(1), newest.last_epoch) == (1, (), 1)


def test_each_chunk_is_a_commit(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    for name in "abcd":
        commit(writer, [name])
    report = train(index_store, tmp_path / "train", chunk_features=24)  # two covers
    assert (report.encoded, report.commits) == (4, 2)


def test_a_chunk_holds_at_least_one_segment_however_large(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    for name in "abc":
        commit(writer, [name])
    segments = require_newest(index_store).segments
    assert next_chunk(segments, 1) == segments[:1]
    assert next_chunk(segments, 35) == segments[:2]
    assert next_chunk(segments, 1_000) == segments


def test_a_candidate_discarded_while_it_is_encoded_ends_the_training(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])

    def meanwhile(step: str, done: int, total: int) -> None:
        if step == "encode" and done == 0:
            discard_candidate(index_store)

    with pytest.raises(EpochError, match="epoch 1 was discarded meanwhile"):
        train(index_store, tmp_path / "train", progress=meanwhile)
    assert train(index_store, tmp_path / "train").epoch == 2


def test_of_two_trainings_the_second_goes_on_with_the_first_ones_candidate(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])

    def meanwhile(step: str, done: int, total: int) -> None:
        if (step, done) == ("train", 0):
            train(index_store, tmp_path / "other")

    report = train(index_store, tmp_path / "train", progress=meanwhile)
    newest = require_newest(index_store)
    assert (report.epoch, newest.candidate_epoch, set(newest.codebooks)) == (1, 1, {0, 1})


def test_an_index_without_covers_can_be_trained(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    assert train_and_promote(index_store, tmp_path / "train") == 1
    commit(writer, ["a"])
    assert found_ids(index_store, tmp_path, ["a"]) == ["a"]


def test_other_dimensions_are_refused_with_both_numbers(index_store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatchError, match=r"SIFT_DIMENSIONS=128.*64"):
        train(index_store, tmp_path / "train", dimensions=64)


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        train(open_store((tmp_path / "nothing").as_uri()), tmp_path / "train")


def test_a_training_that_cannot_write_leaves_the_index_as_it_was(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])
    faulty = FaultyStore(
        index_store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: verb in ("put", "create")
    )
    with pytest.raises(StorageUnavailableError):
        train(faulty, tmp_path / "train")
    newest = require_newest(index_store)
    assert (newest.number, newest.active_epoch, newest.candidate_epoch) == (2, 0, None)
    assert train(index_store, tmp_path / "train").epoch == 1
