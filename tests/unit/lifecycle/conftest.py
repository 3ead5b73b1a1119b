"""An index with a past, for the collection."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import make_older, open_writer
from vinymatic.lifecycle.compaction import CompactionPolicy, compact
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
