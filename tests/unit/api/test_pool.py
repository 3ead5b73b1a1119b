from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import TypeVar

import cv2
import pytest

from vinymatic.errors import CorruptImageError
from vinymatic_api.pool import WorkPool
from vinymatic_api.problems import ClientGoneError, QueueFullError

pytestmark = pytest.mark.unit

Result = TypeVar("Result")


async def stays() -> None:
    await asyncio.Event().wait()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not condition():
            await asyncio.sleep(0.001)


class Gate:
    """A job that blocks its thread until opened."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.opened = threading.Event()

    def job(self) -> str:
        self.begun.release()
        assert self.opened.wait(60)
        return threading.current_thread().name


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def run_in(pool: WorkPool, scenario: Callable[[], Coroutine[None, None, Result]]) -> Result:
    try:
        return asyncio.run(scenario())
    finally:
        pool.close()


def test_a_result_comes_back_with_its_wait() -> None:
    pool = WorkPool(2, 4)
    done = run_in(pool, lambda: pool.run(lambda: 42, stays))
    assert done.value == 42
    assert 0 <= done.waited < 60


def test_what_a_job_raises_is_raised() -> None:
    pool = WorkPool(1, 1)

    def job() -> None:
        raise CorruptImageError("cut off")

    with pytest.raises(CorruptImageError, match="cut off"):
        run_in(pool, lambda: pool.run(job, stays))
    assert (pool.running, pool.waiting) == (0, 0)


def test_no_more_threads_than_asked_for(gate: Gate) -> None:
    pool = WorkPool(2, 8)

    async def scenario() -> set[str]:
        jobs = [asyncio.create_task(pool.run(gate.job, stays)) for _ in range(8)]
        await until(lambda: pool.running == 2)
        assert pool.waiting == 6
        gate.opened.set()
        return {done.value for done in await asyncio.gather(*jobs)}

    assert len(run_in(pool, scenario)) <= 2


def test_a_full_queue_refuses_at_once_and_takes_again_when_there_is_room(gate: Gate) -> None:
    pool = WorkPool(1, 2)

    async def scenario() -> None:
        jobs = [asyncio.create_task(pool.run(gate.job, stays)) for _ in range(3)]
        await until(lambda: pool.running == 1 and pool.waiting == 2)
        with pytest.raises(QueueFullError):
            pool.require_room()
        with pytest.raises(QueueFullError, match="2 photos are waiting"):
            await pool.run(gate.job, stays)
        gate.opened.set()
        await asyncio.gather(*jobs)
        assert (await pool.run(lambda: "again", stays)).value == "again"

    run_in(pool, scenario)


def test_a_client_that_leaves_while_waiting_is_dropped_and_its_photo_never_searched(gate: Gate) -> None:
    pool = WorkPool(1, 1)
    searched: list[str] = []

    async def scenario() -> None:
        first = asyncio.create_task(pool.run(gate.job, stays))
        await until(lambda: pool.running == 1)
        left = asyncio.Event()

        async def leaves() -> None:
            await left.wait()

        waiting = asyncio.create_task(pool.run(lambda: searched.append("left"), leaves))
        await until(lambda: pool.waiting == 1)
        left.set()
        with pytest.raises(ClientGoneError):
            await waiting
        assert pool.waiting == 0
        pool.require_room()
        gate.opened.set()
        await first

    run_in(pool, scenario)
    assert searched == []


def test_a_job_that_runs_keeps_its_place_when_its_client_leaves(gate: Gate) -> None:
    pool = WorkPool(1, 1)

    async def scenario() -> None:
        async def leaves() -> None:
            await until(lambda: pool.running == 1)

        with pytest.raises(ClientGoneError):
            await pool.run(gate.job, leaves)
        assert pool.running == 1
        gate.opened.set()
        await until(lambda: pool.running == 0)

    run_in(pool, scenario)


def test_each_thread_works_with_one_native_thread() -> None:
    pool = WorkPool(1, 1)
    cv2.setNumThreads(4)
    assert run_in(pool, lambda: pool.run(cv2.getNumThreads, stays)).value == 1
