"""Training: a new epoch, nothing lost, nothing interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from vinymatic.errors import IndexMismatchError, NoIndexError, StorageUnavailableError
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.commit import read_newest
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
        owners = snapshot.covers_of(snapshot.neighbours(queries, probes=16, count=1).features[:, 0])
        return [snapshot.cover_id(int(number)) for number in owners]


def test_a_training_makes_the_next_epoch_active_and_every_cover_found(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a", "b"])
    commit(writer, ["c"])
    steps: list[tuple[str, int, int]] = []
    assert train(index_store, tmp_path / "train", progress=lambda *step: steps.append(step)) == 1
    newest = read_newest(index_store)
    assert newest is not None
    assert newest.active_codebook.trained_covers == 3
    assert set(newest.codebooks) == {0, 1}
    assert ("encode", 2, 2) in steps
    assert found_ids(index_store, tmp_path, ["a", "b", "c"]) == ["a", "b", "c"]


def test_the_count_towards_the_next_training_starts_again(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a", "b"])
    assert writer.images_since_training == 2
    train(index_store, tmp_path / "train")
    writer.refresh()
    assert writer.images_since_training == 0
    commit(writer, ["c"])
    assert writer.images_since_training == 1


def test_only_the_epoch_before_is_kept_for_going_back(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    commit(writer, ["a"])
    for _ in range(3):
        train(index_store, tmp_path / "train")
    newest = read_newest(index_store)
    assert newest is not None
    assert (newest.active_epoch, set(newest.codebooks), set(newest.segments[0].codes)) == (3, {2, 3}, {2, 3})


def test_covers_committed_while_it_trains_are_found_after_the_switch(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])

    def meanwhile(step: str, done: int, total: int) -> None:
        if step == "train" and done == total:
            commit(writer, ["late"])

    train(index_store, tmp_path / "train", progress=meanwhile)
    assert found_ids(index_store, tmp_path, ["a", "late"]) == ["a", "late"]
    writer.refresh()
    assert writer.images_since_training == 1


def test_an_index_without_covers_can_be_trained(index_store: ObjectStore, tmp_path: Path, writer: Writer) -> None:
    assert train(index_store, tmp_path / "train") == 1
    commit(writer, ["a"])
    assert found_ids(index_store, tmp_path, ["a"]) == ["a"]


def test_other_dimensions_are_refused_with_both_numbers(index_store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatchError, match=r"SIFT_DIMENSIONS=128.*64"):
        train(index_store, tmp_path / "train", dimensions=64)


def test_nothing_to_train_on_is_said(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        train(open_store((tmp_path / "nothing").as_uri()), tmp_path / "train")


def test_a_training_that_dies_leaves_the_index_as_it_was(
    index_store: ObjectStore, tmp_path: Path, writer: Writer
) -> None:
    commit(writer, ["a"])
    faulty = FaultyStore(
        index_store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: verb in ("put", "create")
    )
    with pytest.raises(StorageUnavailableError):
        train(faulty, tmp_path / "train")
    newest = read_newest(index_store)
    assert newest is not None
    assert (newest.number, newest.active_epoch) == (2, 0)
    assert train(index_store, tmp_path / "train") == 1
