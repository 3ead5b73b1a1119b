"""What a killed run has uploaded is uploaded again a day later, while a collection that has judged the old file is about to delete it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import FaultyStore
from tests.unit.lifecycle.stalls import (
    Killed,
    StallingStore,
    assert_whole,
    make_older,
    open_writer,
    read_ids,
)
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.layout import SEGMENTS
from vinymatic.lifecycle import training
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.unit


class DiesAfterPut(FaultyStore):
    """Dies after the first put of a key that starts with `prefix`."""

    def __init__(self, inner: ObjectStore, prefix: str) -> None:
        super().__init__(inner, 1)
        self._prefix = prefix

    def put(self, key: str, data: bytes) -> ObjectInfo:
        info = super().put(key, data)
        if key.startswith(self._prefix):
            raise Killed
        return info


@pytest.fixture(autouse=True)
def _quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = bootstrap_sample()[:1_000]
    monkeypatch.setattr(training, "bootstrap_sample", lambda: sample)
    monkeypatch.setattr(training, "lists_for", lambda features: 16)


def test_a_training_begun_again_never_builds_on_a_file_that_is_about_to_be_deleted(
    index_store: ObjectStore, index_folder: Path, tmp_path: Path
) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    with pytest.raises(Killed):
        train(DiesAfterPut(index_store, SEGMENTS), tmp_path / "train")
    make_older(index_folder)
    # Everything is judged, the fence is committed; before the first file is deleted, the training runs again, to its end.
    store = StallingStore(index_store, "delete", SEGMENTS, lambda: train(index_store, tmp_path / "train"))
    report = collect(store, policy=CollectionPolicy(keep=1, grace=timedelta(hours=24)))
    assert report.files == 1
    newest = read_newest(index_store)
    assert newest is not None
    assert newest.candidate_epoch is not None
    assert_whole(index_store, newest.number)
    assert read_ids(index_store, tmp_path) == {"a": "1"}
