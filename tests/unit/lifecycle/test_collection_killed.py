"""Collection, killed and failing at any call: all that is left opens, and the next run goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.stalls import (
    LIVE,
    DyingStore,
    Killed,
    assert_whole,
    numbers,
    read_ids,
    segments,
    store_at,
)
from vinymatic.errors import StorageUnavailableError
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.pins import pin
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

POLICY = CollectionPolicy(keep=2)
CALLS = 30


def test_killed_at_any_call_all_that_is_left_opens_and_the_next_run_goes_on(aged: ObjectStore, tmp_path: Path) -> None:
    pin(aged, "kept", 3)
    for last in range(CALLS + 1):
        shutil.copytree(tmp_path / "index", tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        try:
            collect(DyingStore(store, last), policy=POLICY)
        except Killed:
            killed = True
        else:
            killed = False
        for number in numbers(store):
            if number > read_boundary(store) or number == 3:
                assert_whole(store, number)
        collect(store, policy=POLICY)
        assert {3, 5} <= set(numbers(store)) <= {3, 4, 5, 6, 7}
        for number in numbers(store):
            assert_whole(store, number)
        assert "0" * 26 not in segments(store)
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")
    assert not killed, f"a collection has more than {CALLS} calls"


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER])
def test_a_failure_at_any_call_deletes_nothing_that_is_needed(aged: ObjectStore, tmp_path: Path, fault: Fault) -> None:
    for step in range(1, CALLS + 1):
        shutil.copytree(tmp_path / "index", tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        try:
            collect(FaultyStore(store, 1, script={step: fault}), policy=POLICY)
        except StorageUnavailableError:
            collect(store, policy=POLICY)
        assert {5} <= set(numbers(store)) <= {4, 5, 6, 7}
        for number in numbers(store):
            assert_whole(store, number)
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")
