"""Prune: only what is gone for sure goes, and nothing of another source."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.prune import delete_covers, plan_prune, still_gone
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.local import LocalStore
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def hasty() -> Patience:
    return Patience([0] * 5, lambda _: None)


def test_covers_that_the_source_did_not_list_are_planned_in_order() -> None:
    assert plan_prune(["c", "a", "b"], {"b"}) == ["a", "c"]
    assert plan_prune(["a"], {"a", "z"}) == []


def test_covers_outside_the_prefix_stay() -> None:
    assert plan_prune(["x/a", "y/a", "x"], set(), prefix="x/") == ["x/a"]


def test_a_scan_that_came_after_the_listing_is_not_gone(tmp_path: Path) -> None:
    inner = LocalStore(tmp_path / "bucket", url="file:///bucket")
    inner.put("late.jpg", b"x")
    store = FaultyStore(inner, script={1: Fault.UNAVAILABLE, 3: Fault.UNAVAILABLE})
    assert still_gone(store, ["gone.jpg", "late.jpg", "x" * 5000], hasty()) == ["gone.jpg", "x" * 5000]


def test_a_bucket_that_cannot_be_asked_deletes_nothing(tmp_path: Path) -> None:
    from vinymatic.errors import StorageUnavailableError

    store = FaultyStore(LocalStore(tmp_path / "b", url="file:///b"), rates={Fault.UNAVAILABLE: 1.0})
    with pytest.raises(StorageUnavailableError):
        still_gone(store, ["a.jpg"], hasty())


def test_covers_are_deleted_in_one_commit(index_store: ObjectStore, tmp_path: Path) -> None:
    writer, told = open_writer(index_store, tmp_path / "w"), list[int]()
    writer.commit(Batch(upserts=[random_cover(name) for name in "abcd"]))
    before = writer.number
    assert delete_covers(writer, ["a", "c", "unknown"], hasty(), told.append) == 2
    assert (sorted(writer.ids()), writer.number, told) == (["b", "d"], before + 1, [3])
    assert delete_covers(writer, [], hasty(), told.append) == 0


def test_a_cover_that_was_committed_since_it_was_found_gone_stays(index_store: ObjectStore, tmp_path: Path) -> None:
    writer, other = open_writer(index_store, tmp_path / "w"), open_writer(index_store, tmp_path / "other")
    writer.commit(Batch(upserts=[random_cover("a"), random_cover("b")]))
    other.commit(Batch(upserts=[random_cover("a", "2")]))
    assert delete_covers(writer, ["a", "b"], hasty(), lambda _: None) == 1
    assert writer.ids() == ["a"]
