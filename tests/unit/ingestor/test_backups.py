"""Backups of a real index between two folders: when there is something to do, and what a failure means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from vinymatic.lifecycle.backup import Recording
from vinymatic.lifecycle.backups import list_backups
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.retention import RetentionPolicy
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.backups import Backups
from vinymatic_ingestor.health import Health
from vinymatic_ingestor.metrics import Metrics

pytestmark = pytest.mark.unit


class Kept:
    def __init__(self, source: ObjectStore, folder: Path) -> None:
        self.destination = FaultyStore(open_store((folder / "backup").as_uri()), 1)
        self.writer = open_writer(source, folder / "work")
        self.health, self.metrics = Health(), Metrics()
        self.backups = Backups(
            source,
            self.destination,
            3600.0,
            lambda: self.writer.number,
            self.health,
            self.metrics,
            policy=RetentionPolicy(keep_count=2),
            recording=Recording(4, folder / "drill"),
        )

    def made(self, outcome: str = "succeeded") -> float | None:
        return self.metrics.registry.get_sample_value("vinymatic_ingestor_backups_total", {"outcome": outcome})


@pytest.fixture
def kept(index_store: ObjectStore, tmp_path: Path) -> Kept:
    return Kept(index_store, tmp_path)


def test_a_changed_index_is_backed_up_and_an_unchanged_one_is_not_even_looked_at(kept: Kept) -> None:
    assert kept.backups.back_up()
    assert kept.made() == 1
    calls = len(kept.destination.calls)
    assert kept.backups.back_up()
    assert kept.made() == 1
    assert len(kept.destination.calls) == calls
    kept.writer.commit(Batch(upserts=[random_cover("a")]))
    assert kept.backups.back_up()
    newest = read_newest(kept.destination)
    assert newest is not None
    assert newest.number == kept.writer.number
    assert kept.metrics.registry.get_sample_value("vinymatic_ingestor_backup_manifest") == newest.number


def test_a_failed_backup_is_told_and_the_next_try_mends_it(kept: Kept) -> None:
    kept.destination.rates = {Fault.UNAVAILABLE: 1.0}
    assert not kept.backups.back_up()
    assert kept.made("failed") == 1
    assert "backup" in kept.health.report().problems
    kept.destination.rates = {}
    assert kept.backups.back_up()
    assert kept.health.report().status == "ok"


def test_backups_beyond_those_to_be_kept_are_deleted_after_a_backup(kept: Kept) -> None:
    for name in "abc":
        kept.writer.commit(Batch(upserts=[random_cover(name)]))
        assert kept.backups.back_up()
    numbers = [entry.number for entry in list_backups(kept.destination)]
    assert numbers == [kept.writer.number, kept.writer.number - 1]


def test_a_backup_whose_pruning_fails_is_a_backup_all_the_same(kept: Kept) -> None:
    kept.destination.rates = {Fault.UNAVAILABLE: 1.0}
    kept.destination._only = lambda verb, key: verb == "delete"
    for name in "abc":
        kept.writer.commit(Batch(upserts=[random_cover(name)]))
        assert kept.backups.back_up()
    assert (kept.made(), kept.made("failed")) == (3, 0)
    assert "backup_retention" in kept.health.report().problems
    kept.destination.rates = {}
    kept.writer.commit(Batch(upserts=[random_cover("d")]))
    assert kept.backups.back_up()
    assert kept.health.report().status == "ok"
    assert len(list_backups(kept.destination)) == 2


def test_each_backup_can_be_drilled(kept: Kept) -> None:
    kept.writer.commit(Batch(upserts=[random_cover("a")]))
    assert kept.backups.back_up()
    report = drill(kept.destination)
    assert (report.passed, report.questions) == (True, 1)
