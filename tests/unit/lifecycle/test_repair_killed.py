"""A repair that is killed, or that meets a failing store, at any call: run again, it goes on."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.damage import flip, lose, rewrite
from tests.unit.lifecycle.stalls import DyingStore, Killed, open_writer, read_ids, store_at
from vinymatic.errors import CorruptFileError, StorageUnavailableError
from vinymatic.lifecycle.backup import backup
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.promotion import retire_previous
from vinymatic.lifecycle.repair import repair
from vinymatic.lifecycle.repair_means import Sources
from vinymatic.lifecycle.verification import verify
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

CALLS = 120


@pytest.fixture
def damaged(trained: ObjectStore, tmp_path: Path) -> Path:
    """One of each: a file that the backup has, an encoding that comes out otherwise, a lost previous codebook, lost ids."""
    backup(trained, store_at(tmp_path / "backup"))
    writer = open_writer(trained, tmp_path)
    writer.commit(Batch([random_cover("e")]))
    rewrite(trained, require_newest(trained).segments[1].codes[1], b"junk")
    rewrite(trained, require_newest(trained).codebooks[0].file, b"another machine's")
    first, _, last = require_newest(trained).segments
    lose(trained, first.points_file.key)
    flip(trained, last.covers_file.key)
    return tmp_path / "index"


LIVE = {"a": "1", "c": "1", "d": "1"}


def test_killed_at_any_call_the_next_run_does_the_rest(damaged: Path, tmp_path: Path) -> None:
    sources = Sources(backup=store_at(tmp_path / "backup"))
    for last in range(CALLS + 1):
        shutil.copytree(damaged, tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        try:
            repair(DyingStore(store, last), tmp_path / "repair", sources, drop_lost=True)
        except Killed:
            killed = True
        else:
            killed = False
        assert repair(store, tmp_path / "repair", sources, drop_lost=True).unsaved == ()
        assert verify(store, tmp_path / "verify").clean
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")
        if not killed:
            break
    assert last > 40
    assert not killed, f"a repair has more than {CALLS} calls"


@pytest.mark.parametrize("fault", [Fault.UNAVAILABLE, Fault.LOST_ANSWER, Fault.CORRUPT])
def test_a_failure_at_any_call_loses_nothing(damaged: Path, tmp_path: Path, fault: Fault) -> None:
    sources = Sources(backup=store_at(tmp_path / "backup"))
    step = 0
    failed = True
    while failed:
        step += 1
        shutil.copytree(damaged, tmp_path / "copy")
        store = store_at(tmp_path / "copy")
        faulty = FaultyStore(store, 1, script={step: fault})
        with suppress(StorageUnavailableError, CorruptFileError):
            repair(faulty, tmp_path / "repair", sources, drop_lost=True)
        failed = len(faulty.calls) >= step
        assert repair(store, tmp_path / "repair", sources, drop_lost=True).unsaved == ()
        assert verify(store, tmp_path / "verify").clean
        assert read_ids(store, tmp_path) == LIVE
        shutil.rmtree(tmp_path / "copy")
    assert step > 40


def test_killed_in_its_training_it_goes_on_with_the_candidate(trained: ObjectStore, tmp_path: Path) -> None:
    retire_previous(trained)
    lose(trained, require_newest(trained).active_codebook.file.key)
    deaths = 0
    while True:
        try:
            repair(DyingStore(trained, deaths), tmp_path / "repair", Sources())
            break
        except Killed:
            deaths += 1
    assert deaths > 20
    manifest = require_newest(trained)
    assert (manifest.active_epoch, set(manifest.codebooks), manifest.last_epoch) == (2, {2}, 2)
    assert read_ids(trained, tmp_path) == LIVE
