"""Erasing an index: whole or gone at every moment, and nothing of anybody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import FaultyStore
from tests.unit.lifecycle.stalls import DyingStore, Killed, numbers, open_writer, read_ids
from vinymatic.errors import ContentionError, NoIndexError
from vinymatic.index.layout import FOLDERS, SEGMENTS
from vinymatic.lifecycle.boundary import advance_boundary
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.erasure import ErasureReport, erase
from vinymatic.lifecycle.pins import pin
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def furnished(small: ObjectStore) -> ObjectStore:
    """Manifest 3 of four covers, with something in every folder, and a user's file beside them."""
    pin(small, "kept", 2)
    advance_boundary(small, 1)
    for folder in FOLDERS:
        if not any(small.list(folder)):
            small.put(f"{folder}something.json", b"{}")
    small.put("covers/scan.jpg", b"a user's")
    return small


def test_all_of_the_index_goes_and_nothing_else(furnished: ObjectStore) -> None:
    sizes = [info.size for info in furnished.list() if info.key != "covers/scan.jpg"]
    assert erase(furnished) == ErasureReport(len(sizes), sum(sizes))
    assert [info.key for info in furnished.list()] == ["covers/scan.jpg"]
    assert erase(furnished) == ErasureReport(0, 0)


def test_killed_anywhere_it_leaves_the_newest_state_whole_or_none_and_goes_on(
    furnished: ObjectStore, tmp_path: Path
) -> None:
    before = read_ids(furnished, tmp_path)
    states = set()
    for deaths in range(1_000):
        try:
            erase(DyingStore(furnished, deaths))
            break
        except Killed:
            newest = read_newest(furnished)
            states.add(None if newest is None else newest.number)
            if newest is not None:
                assert read_ids(furnished, tmp_path) == before
    assert states == {3, None}
    assert [info.key for info in furnished.list()] == ["covers/scan.jpg"]


def test_an_ingestor_that_still_runs_cannot_begin_it_anew_under_numbers_in_use(
    furnished: ObjectStore, tmp_path: Path
) -> None:
    writer = open_writer(furnished, tmp_path)

    class Meanwhile(FaultyStore):
        def delete(self, key: str) -> None:
            super().delete(key)
            if key.startswith(SEGMENTS):
                with pytest.raises(NoIndexError):
                    writer.commit(Batch([random_cover("late")]))

    erase(Meanwhile(furnished, 1))
    assert numbers(furnished) == []


def test_who_begins_it_anew_while_it_is_erased_is_said(small: ObjectStore, tmp_path: Path) -> None:
    class Meanwhile(FaultyStore):
        def delete(self, key: str) -> None:
            super().delete(key)
            if key.startswith(SEGMENTS) and not numbers(small):
                open_writer(small, tmp_path, "new")

    with pytest.raises(ContentionError, match="stop the ingestors"):
        erase(Meanwhile(small, 1))
    erase(small)
    assert list(small.list()) == []
