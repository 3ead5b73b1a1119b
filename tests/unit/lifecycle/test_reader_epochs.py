"""Readers that are held to an epoch, beside one that is not, through the life of a codebook."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.stalls import open_writer
from vinymatic.errors import StorageUnavailableError
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.promotion import discard_candidate, promote, retire_previous, roll_back
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture(scope="module")
def trained(index_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an index that holds a and b, epoch 0 active and 1 the candidate. Shared: copy it."""
    folder = tmp_path_factory.mktemp("trained")
    store = open_store(Path(shutil.copytree(index_template, folder / "index")).as_uri())
    open_writer(store, folder).commit(Batch([random_cover("a"), random_cover("b")]))
    train(store, folder / "train")
    return folder / "index"


@pytest.fixture
def store(trained: Path, tmp_path: Path) -> ObjectStore:
    return open_store(Path(shutil.copytree(trained, tmp_path / "index")).as_uri())


class Followers:
    """A reader for each epoch that is asked for; None: the active one. Each has its own copy of a remote store's files."""

    def __init__(self, store: ObjectStore, folder: Path, *epochs: int | None) -> None:
        self.store, self.folder = FaultyStore(store, 1), folder
        self.readers = {epoch: Reader(self.store, self.cache(epoch), dimensions=128, epoch=epoch) for epoch in epochs}
        self._writer = open_writer(store, folder)

    def cache(self, epoch: int | None) -> Path:
        return self.folder / f"cache-{epoch}"

    def add(self, name: str) -> None:
        self._writer.commit(Batch([random_cover(name)]))

    def look(self) -> dict[int | None, int | None]:
        """The epoch that each serves, after a look."""
        for reader in self.readers.values():
            reader.refresh()
        return {asked: reader.state.epoch for asked, reader in self.readers.items()}

    def find(self, name: str) -> list[bool]:
        """Whether each one's search finds the cover of this name by its first feature."""
        return [self._finds(reader, name) for reader in self.readers.values()]

    def _finds(self, reader: Reader, name: str) -> bool:
        with reader.acquire() as snapshot:
            near = snapshot.neighbours(random_cover(name).features.descriptors[:1], probes=16, count=1)
            return snapshot.cover_id(int(near.covers[0, 0])) == name


def test_readers_of_the_epoch_before_and_of_the_new_one_stay_fresh_while_a_promotion_is_rolled_out(
    store: ObjectStore, tmp_path: Path
) -> None:
    followers = Followers(store, tmp_path, 0, 1, None)
    assert followers.look() == {0: 0, 1: 1, None: 0}
    promote(store, ungated=True)
    assert followers.look() == {0: 0, 1: 1, None: 1}
    followers.add("c")
    assert followers.look() == {0: 0, 1: 1, None: 1}
    assert followers.find("a") == followers.find("c") == [True, True, True]


def test_a_rollback_moves_only_who_asked_for_no_epoch(store: ObjectStore, tmp_path: Path) -> None:
    promote(store, ungated=True)
    followers = Followers(store, tmp_path, 0, 1, None)
    assert followers.look() == {0: 0, 1: 1, None: 1}
    roll_back(store)
    followers.add("c")
    assert followers.look() == {0: 0, 1: 1, None: 0}
    assert followers.find("c") == [True, True, True]


def test_an_epoch_that_is_retired_gives_way_to_the_active_one_and_says_so_once(
    store: ObjectStore, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    promote(store, ungated=True)
    followers = Followers(store, tmp_path, 0)
    followers.look()
    assert not caplog.records
    retire_previous(store)
    with caplog.at_level(logging.WARNING):
        assert followers.look() == {0: 1}
        followers.add("c")
        assert followers.look() == {0: 1}
    assert followers.find("c") == [True]
    (record,) = caplog.records
    assert "does not hold epoch 0, which was asked for; serving epoch 1" in record.getMessage()


def test_an_epoch_that_comes_later_is_taken_when_it_comes(store: ObjectStore, tmp_path: Path) -> None:
    discard_candidate(store)
    followers = Followers(store, tmp_path, 2)
    assert followers.look() == {2: 0}
    train(store, tmp_path / "train")
    assert followers.look() == {2: 2}
    assert followers.find("a") == [True]


def test_the_files_of_another_epoch_are_neither_fetched_nor_kept(store: ObjectStore, tmp_path: Path) -> None:
    promote(store, ungated=True)
    followers = Followers(store, tmp_path, 0, None)
    followers.look()
    roll_back(store)
    followers.look()
    followers.add("c")
    followers.look()
    newest = read_newest(store)
    assert newest is not None
    wanted = {entry.sha256 for entry in newest.files_of(0)}
    assert wanted < {entry.sha256 for entry in newest.files()}
    for epoch in followers.readers:
        assert {path.name for path in (followers.cache(epoch) / "files").iterdir()} == wanted
    fetched = {call.key for call in followers.store.calls if call.verb == "download"}
    (previous,) = (segment.codes[1].key for segment in newest.segments[1:])
    assert previous not in fetched


def test_a_restart_serves_its_own_copy_under_the_epoch_it_is_held_to(store: ObjectStore, tmp_path: Path) -> None:
    promote(store, ungated=True)
    Followers(store, tmp_path, 0).look()
    away = FaultyStore(store, 1, rates={Fault.UNAVAILABLE: 1.0})
    restarted = Reader(away, tmp_path / "cache-0", dimensions=128, epoch=0)
    with pytest.raises(StorageUnavailableError):
        restarted.refresh()
    assert (restarted.state.covers, restarted.state.epoch) == (2, 0)
