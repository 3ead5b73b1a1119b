"""Backups of a real index between two folders: when there is something to do, and what a failure means."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from vinymatic.lifecycle.commit import read_newest
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
        self.backups = Backups(source, self.destination, 3600.0, lambda: self.writer.number, self.health, self.metrics)

    def made(self, result: str = "success") -> float | None:
        return self.metrics.registry.get_sample_value("vinymatic_ingestor_backups_total", {"result": result})


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
    assert kept.made("failure") == 1
    assert "backup" in kept.health.report().problems
    kept.destination.rates = {}
    assert kept.backups.back_up()
    assert kept.health.report().status == "ok"
