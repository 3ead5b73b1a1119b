"""The store that fails on purpose must itself be right: tests of commits and recovery stand on it."""

from __future__ import annotations

import multiprocessing
import signal
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from vinymatic.errors import StorageUnavailableError
from vinymatic.storage import ObjectStore, open_store

pytestmark = pytest.mark.unit


@pytest.fixture
def inner(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "store").as_uri())


def test_without_faults_it_is_the_store_behind_it(inner: ObjectStore, tmp_path: Path) -> None:
    store = FaultyStore(inner)
    store.create("a", b"x")
    store.put("b", b"y")
    assert store.get("a") == inner.get("a")
    assert [info.key for info in store.list()] == ["a", "b"]
    store.download("b", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == b"y"


def test_a_lost_answer_has_landed_and_a_refused_call_has_not(inner: ObjectStore) -> None:
    store = FaultyStore(inner, script={1: Fault.LOST_ANSWER, 2: Fault.UNAVAILABLE})
    for key in ("a", "b"):
        with pytest.raises(StorageUnavailableError):
            store.create(key, b"x")
    assert [info.key for info in inner.list()] == ["a"]


def test_corrupt_bytes_differ_in_one_bit(inner: ObjectStore, tmp_path: Path) -> None:
    data = bytes(1000)
    inner.put("a", data)
    store = FaultyStore(inner, script={1: Fault.CORRUPT, 2: Fault.CORRUPT})
    store.download("a", tmp_path / "copy")
    for read in (store.get("a")[0], (tmp_path / "copy").read_bytes()):
        assert len(read) == 1000
        assert sum(read) == 1
    assert inner.get("a")[0] == data


def test_a_seed_repeats_its_faults(inner: ObjectStore) -> None:
    def faults(seed: int) -> list[Fault | None]:
        store = FaultyStore(inner, seed, rates={Fault.UNAVAILABLE: 0.3, Fault.SLOW: 0.2}, slow_seconds=0)
        for _ in range(200):
            try:
                store.put("a", b"x")
            except StorageUnavailableError:
                continue
        return [call.fault for call in store.calls]

    first = faults(7)
    assert first == faults(7) != faults(8)
    assert 30 < first.count(Fault.UNAVAILABLE) < 90
    assert 15 < first.count(Fault.SLOW) < 70


def test_only_the_chosen_calls_meet_faults(inner: ObjectStore) -> None:
    store = FaultyStore(
        inner, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, key: verb == "create" and key.startswith("manifests/")
    )
    store.put("manifests/1", b"x")
    store.create("segments/1", b"x")
    with pytest.raises(StorageUnavailableError):
        store.create("manifests/2", b"x")


def _write_five(url: str, die_at: int) -> None:
    store = FaultyStore(open_store(url), die_at=die_at)
    for number in range(1, 6):
        store.put(f"{number}", b"x")


@pytest.mark.parametrize("die_at", [0, 1, 3])
def test_the_process_dies_once_the_chosen_call_has_landed(tmp_path: Path, die_at: int) -> None:
    url = (tmp_path / "store").as_uri()
    process = multiprocessing.get_context("spawn").Process(target=_write_five, args=(url, die_at))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert len(list(open_store(url).list())) == die_at
