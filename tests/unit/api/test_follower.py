from __future__ import annotations

import asyncio
import logging
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.index import open_writer
from vinymatic.errors import StorageUnavailableError
from vinymatic.index.layout import manifest_key
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic_api.follower import Follower
from vinymatic_api.metrics import Metrics

pytestmark = pytest.mark.unit


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "index").as_uri())


@pytest.fixture
def reader(store: ObjectStore, tmp_path: Path) -> Reader:
    return Reader(store, tmp_path / "cache", dimensions=128)


def failures(metrics: Metrics, code: str) -> float:
    return metrics.registry.get_sample_value("vinymatic_reload_failures_total", {"code": code}) or 0.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.001)


def test_a_failed_look_is_counted_kept_and_logged_once_a_reason(
    reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    metrics = Metrics()
    follower = Follower(reader, 1, metrics)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            follower.look()
    assert follower.failure is not None
    assert follower.failure.code == "no_index"
    assert failures(metrics, "no_index") == 3
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert metrics.registry.get_sample_value("vinymatic_reloads_total") == 0


def test_it_goes_on_looking_until_the_first_manifest_comes(
    reader: Reader, index_template: Path, tmp_path: Path
) -> None:
    metrics = Metrics()

    async def scenario() -> None:
        follower = Follower(reader, 0.01, metrics)
        follower.start()
        await until(lambda: failures(metrics, "no_index") >= 2)
        await asyncio.to_thread(shutil.copytree, index_template, tmp_path / "arriving")
        (tmp_path / "arriving").rename(tmp_path / "index")
        await until(lambda: reader.state.manifest == 1)
        await until(lambda: follower.failure is None)
        assert follower.staleness < 60
        await follower.stop()

    asyncio.run(scenario())
    assert metrics.registry.get_sample_value("vinymatic_reloads_total") == 1


@pytest.mark.parametrize("kind", [ZeroDivisionError, MemoryError, OSError])
def test_what_nobody_expected_does_not_end_the_following(
    reader: Reader, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, kind: type[Exception]
) -> None:
    metrics = Metrics()
    follower = Follower(reader, 1, metrics)

    def breaks() -> bool:
        raise kind("private")

    monkeypatch.setattr(reader, "refresh", breaks)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            follower.look()
    assert failures(metrics, "error") == 3
    assert "private" not in str(follower.failure)
    (record,) = caplog.records  # with its traceback, and once
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], kind)
    monkeypatch.undo()
    follower.look()
    assert failures(metrics, "no_index") == 1


class Looks:
    """Looks that take what time they are told to, on a clock of their own, and end as they are told."""

    def __init__(self, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 100.0
        self.metrics = Metrics()
        self.follower = Follower(reader, 1, self.metrics, clock=lambda: self.now)
        self._monkeypatch = monkeypatch
        self._reader = reader

    def look(self, seconds: float, *, good: bool = True) -> None:
        def refresh() -> bool:
            self.now += seconds
            if not good:
                raise StorageUnavailableError("away")
            return False

        self._monkeypatch.setattr(self._reader, "refresh", refresh)
        self.follower.look()

    def staleness(self) -> tuple[float, float]:
        return self.follower.staleness, self.follower.max_staleness


def test_staleness_counts_from_the_beginning_of_the_last_good_look_and_its_most_is_kept(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(reader, monkeypatch)
    looks.now += 3
    assert looks.staleness() == (3, 3)  # nothing was read yet
    looks.look(4)
    assert looks.staleness() == (4, 7)  # it says how the log was when it began
    looks.now += 2
    looks.look(1)
    assert looks.staleness() == (1, 7)
    looks.look(5, good=False)
    looks.look(5, good=False)
    assert looks.staleness() == (11, 11)
    looks.look(0.5)
    assert looks.staleness() == (0.5, 11.5)
    looks.now += 60  # the next look hangs
    assert looks.staleness() == (60.5, 60.5)


def lags(metrics: Metrics) -> tuple[float, float]:
    """How many commits' ways to being served were measured, and their sum in seconds."""
    samples = ("vinymatic_snapshot_lag_seconds_count", "vinymatic_snapshot_lag_seconds_sum")
    found = [metrics.registry.get_sample_value(name) or 0.0 for name in samples]
    return found[0], found[1]


def test_the_lag_is_from_the_commit_to_being_served_and_not_that_of_the_first_load(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    metrics = Metrics()
    follower = Follower(Reader(index_store, tmp_path / "cache", dimensions=128), 1, metrics)
    writer = open_writer(index_store, tmp_path / "work")
    follower.look()
    assert lags(metrics) == (0, 0)
    for age, expected in ((3_600, 3_600), (-3_600, 0)):  # the store's clock may be ahead of ours
        number = writer.commit(Batch([random_cover(str(age))])).number
        path = index_store.local_path(manifest_key(number))
        assert path is not None
        written = time.time() - age
        os.utime(path, (written, written))
        before = lags(metrics)
        follower.look()
        after = lags(metrics)
        assert after[0] == before[0] + 1
        assert expected <= after[1] - before[1] < expected + 600
    follower.look()
    assert lags(metrics) == after


def test_stopping_waits_for_the_load_that_runs(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[float] = []

    async def scenario() -> None:
        begun = asyncio.Event()
        loop = asyncio.get_running_loop()

        def slow() -> bool:
            loop.call_soon_threadsafe(begun.set)
            time.sleep(0.05)
            ended.append(time.monotonic())
            return False

        monkeypatch.setattr(reader, "refresh", slow)
        follower = Follower(reader, 3_600, Metrics())
        follower.start()
        await begun.wait()
        await follower.stop()
        assert len(ended) == 1

    asyncio.run(scenario())
