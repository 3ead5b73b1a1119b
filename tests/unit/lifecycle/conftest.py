"""Small indexes: one with a past, for the collection; one to be damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.support.covers import random_cover
from tests.support.index import train_and_promote
from tests.unit.lifecycle.stalls import make_older, open_writer
from vinymatic.index.codebook import Codebook, train_codebook
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore


@pytest.fixture
def aged(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Manifests 1 to 5, all long ago: a was replaced, what was there is merged. An orphan beside them."""
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    writer.commit(Batch([random_cover("a", "2"), random_cover("b")]))
    writer.commit(Batch([random_cover("c"), random_cover("d")]))
    compact(index_store, tmp_path / "work", policy=CompactionPolicy(fan_in=2))
    index_store.put("segments/00000000000000000000000000/features.points.safetensors", b"orphan")
    make_older(tmp_path / "index")
    return index_store


@pytest.fixture
def small(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Manifest 3: two segments, a to d, of which b is dead."""
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a"), random_cover("b")]))
    writer.commit(Batch([random_cover("c"), random_cover("d", features=5)], deletes=["b"]))
    return index_store


@pytest.fixture
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings whose codebook nobody would want, in a fraction of the time."""

    def quick(sample: NDArray[np.uint8], lists: int, epoch: int) -> Codebook:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("vinymatic.index.codebook.PQ_ROUNDS", 1)
            return train_codebook(sample, min(lists, 64), epoch)

    monkeypatch.setattr("vinymatic.lifecycle.training.train_codebook", quick)


@pytest.fixture
def trained(small: ObjectStore, tmp_path: Path, quick_training: None) -> ObjectStore:
    """`small` with epoch 1 active and 0 the previous."""
    train_and_promote(small, tmp_path / "train")
    return small
