"""The catalogue of backups, and how one of them is named."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.index import open_writer
from vinymatic.errors import NoIndexError
from vinymatic.lifecycle.backup import backup
from vinymatic.lifecycle.backups import BackupEntry, backup_at, backup_with_id, list_backups
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def entry(number: int, hours: float, id_: str = "") -> BackupEntry:
    return BackupEntry(number, NOON, id_ or f"{number:032d}", NOON + timedelta(hours=hours), 1, 0, 4, 100)


def test_the_catalogue_tells_what_each_backup_holds(index_store: ObjectStore, tmp_path: Path) -> None:
    destination = open_store((tmp_path / "backup").as_uri())
    assert list_backups(destination) == []
    writer = open_writer(index_store, tmp_path / "work")
    first = writer.commit(Batch([random_cover("a")]))
    backup(index_store, destination)
    writer.commit(Batch([random_cover("b"), random_cover("c")]))
    backup(index_store, destination)
    newest, older = list_backups(destination)
    assert (older.number, older.covers, older.files) == (first.number, 1, 4)
    assert (newest.number, newest.covers, newest.epoch) == (writer.number, 3, 0)
    assert newest.id == writer.manifest.commit_id
    assert newest.bytes == sum(file.size for file in writer.manifest.files()) > older.bytes
    assert older.committed_at <= newest.committed_at <= newest.taken_at + timedelta(seconds=1)


@pytest.mark.parametrize(("hours", "number"), [(0, 1), (0.5, 1), (1, 2), (1.5, 2), (99, 3)])
def test_a_time_means_the_newest_state_at_or_before_it(hours: float, number: int) -> None:
    entries = [entry(3, 2), entry(2, 1), entry(1, 0)]
    assert backup_at(entries, NOON + timedelta(hours=hours)).number == number


def test_before_the_first_backup_there_is_none() -> None:
    with pytest.raises(NoIndexError):
        backup_at([entry(1, 0)], NOON - timedelta(seconds=1))


def test_where_clocks_disagree_the_order_of_commits_counts() -> None:
    assert backup_at([entry(3, -1), entry(2, 0)], NOON).number == 3


def test_an_id_may_be_shortened_while_it_is_one_backup_s() -> None:
    entries = [entry(2, 1, "abcdef22"), entry(1, 0, "abcdef11")]
    assert backup_with_id(entries, "abcdef1").number == 1
    for wanted in ("abcdef", "ab", "", "ffffffff"):
        with pytest.raises(NoIndexError):
            backup_with_id(entries, wanted)
