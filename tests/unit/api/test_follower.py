from __future__ import annotations

import asyncio
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from vinymatic.lifecycle.reader import Reader
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
    assert follower.succeeded_at is None


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


def test_a_bug_in_the_reader_does_not_end_the_following(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    metrics = Metrics()
    follower = Follower(reader, 1, metrics)

    def breaks() -> bool:
        raise ZeroDivisionError("private")

    monkeypatch.setattr(reader, "refresh", breaks)
    follower.look()
    assert failures(metrics, "error") == 1
    assert "private" not in str(follower.failure)
    monkeypatch.undo()
    follower.look()
    assert failures(metrics, "no_index") == 1


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
