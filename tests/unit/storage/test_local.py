"""The directory adapter: the contract, and what only a directory can get wrong."""

from __future__ import annotations

import os
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.store_contract import StoreContract
from vinymatic.errors import InvalidKeyError, ObjectExistsError
from vinymatic.storage import ObjectStore, open_store

pytestmark = pytest.mark.unit


class TestLocalStore(StoreContract):
    rounds = 50

    @pytest.fixture(autouse=True)
    def root(self, tmp_path_factory: pytest.TempPathFactory) -> Path:
        self._root = tmp_path_factory.mktemp("store") / "a folder"
        return self._root

    def open_another(self) -> ObjectStore:
        return open_store(self._root.as_uri())

    def open_below(self, prefix: str) -> ObjectStore:
        return open_store((self._root / prefix).as_uri())


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "store").as_uri())


def _win(url: str, writer: int) -> list[int]:
    """The rounds that this process won."""
    store = open_store(url)
    won = []
    for number in range(200):
        try:
            store.create(f"manifests/{number:04d}", str(writer).encode())
            won.append(number)
        except ObjectExistsError:
            pass
    return won


def test_of_several_processes_exactly_one_wins_each_key(tmp_path: Path) -> None:
    url = (tmp_path / "store").as_uri()
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        won = list(pool.map(_win, [url] * 4, range(4)))
    assert sorted(number for rounds in won for number in rounds) == list(range(200))
    store = open_store(url)
    for writer, rounds in enumerate(won):
        assert all(store.get(f"manifests/{number:04d}")[0] == str(writer).encode() for number in rounds)


@pytest.mark.parametrize(
    "key", ["/etc/passwd", "../up", "a/../b", "a/..", "./a", "a//b", "a/", "nul\0", ".unfinished/x"]
)
def test_a_key_that_would_leave_the_root_is_refused(store: ObjectStore, key: str, tmp_path: Path) -> None:
    for attempt in (store.get, store.head, store.delete, lambda k: store.put(k, b""), lambda k: store.create(k, b"")):
        with pytest.raises(InvalidKeyError):
            attempt(key)
    assert list(tmp_path.iterdir()) == []


@given(key=st.text(max_size=40))
@settings(max_examples=200, deadline=None)
def test_any_text_is_held_within_the_root_or_refused(key: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    outer = tmp_path_factory.mktemp("outer")
    store = open_store((outer / "root").as_uri())
    try:
        store.put(key, b"x")
    except InvalidKeyError:
        assert list(store.list()) == []
    else:
        assert [info.key for info in store.list()] == [key]
        assert store.get(key)[0] == b"x"
    assert {path.name for path in outer.iterdir()} <= {"root"}


def test_one_name_cannot_be_both_a_file_and_a_folder(store: ObjectStore) -> None:
    store.put("a", b"x")
    store.put("b/c", b"x")
    for attempt in (store.put, store.create):
        with pytest.raises(InvalidKeyError):
            attempt("a/b", b"")
        with pytest.raises((InvalidKeyError, ObjectExistsError)):
            attempt("b", b"")
    assert [info.key for info in store.list()] == ["a", "b/c"]


def test_a_name_too_long_for_the_filesystem_is_refused(store: ObjectStore) -> None:
    with pytest.raises(InvalidKeyError):
        store.put("é" * 200, b"")


def test_a_delete_prunes_the_folders_it_leaves_empty(store: ObjectStore, tmp_path: Path) -> None:
    store.put("a/b/c", b"x")
    store.put("a/d", b"x")
    store.delete("a/b/c")
    assert not (tmp_path / "store" / "a" / "b").exists()
    assert (tmp_path / "store" / "a").is_dir()
    store.delete("a/d")
    assert not (tmp_path / "store" / "a").exists()
    assert (tmp_path / "store").is_dir()


def test_what_a_killed_writer_left_is_never_listed_and_swept_after_a_day(store: ObjectStore, tmp_path: Path) -> None:
    store.put("a", b"x")
    unfinished = tmp_path / "store" / ".unfinished"
    old, fresh = unfinished / ".old.part", unfinished / ".fresh.part"
    for path in (old, fresh):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    assert [info.key for info in store.list()] == ["a"]
    open_store((tmp_path / "store").as_uri()).put("b", b"x")
    assert not old.exists()
    assert fresh.exists()


def test_a_write_leaves_nothing_unfinished(store: ObjectStore, tmp_path: Path) -> None:
    store.put("a", b"x")
    store.create("b", b"x")
    with pytest.raises(ObjectExistsError):
        store.create("b", b"y")
    assert list((tmp_path / "store" / ".unfinished").iterdir()) == []


def test_an_object_is_as_readable_as_the_user_lets_new_files_be(store: ObjectStore) -> None:
    """The API may run as another user than the ingestor that wrote the index."""
    before = os.umask(0o022)
    try:
        store.put("a", b"x")
    finally:
        os.umask(before)
    path = store.local_path("a")
    assert path is not None
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_reader_keeps_the_version_it_opened(store: ObjectStore) -> None:
    store.put("a", b"first")
    path = store.local_path("a")
    assert path is not None
    with path.open("rb") as file:
        store.put("a", b"second, and longer")
        assert file.read() == b"first"


def test_a_delete_that_prunes_a_folder_loses_no_write_into_it(store: ObjectStore) -> None:
    def churn(number: int) -> int:
        for turn in range(150):
            store.put(f"deep/er/{number}", str(turn).encode())
            assert store.get(f"deep/er/{number}")[0] == str(turn).encode()
            store.delete(f"deep/er/{number}")
        return number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(churn, range(4))) == [0, 1, 2, 3]
    assert list(store.list()) == []
