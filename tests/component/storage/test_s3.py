"""The S3 adapter on real servers: the contract, and what only the network can get wrong."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.servers import Ministack, SeaweedFS
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.support.servers import make_bucket
from tests.support.store_contract import StoreContract
from vinymatic.errors import (
    InvalidKeyError,
    ObjectNotFoundError,
    StorageDeniedError,
    StorageUnavailableError,
)
from vinymatic.storage import ObjectStore, S3Access, open_store

pytestmark = pytest.mark.component


def access(endpoint: str) -> S3Access:
    return S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=endpoint)


class S3Contract(StoreContract):
    bucket: str
    endpoint: str

    def open_another(self) -> ObjectStore:
        return open_store(f"s3://{self.bucket}/index", access(self.endpoint))

    def open_below(self, prefix: str) -> ObjectStore:
        return open_store(f"s3://{self.bucket}/index/{prefix}", access(self.endpoint))

    def test_a_large_object_is_copied_in_parts(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("vinymatic.storage.s3._LARGEST_COPY_BYTES", 5 << 20)
        data = bytes(range(251)) * 50_000
        source, store = self.open_below("source"), self.open_another()
        source.put("large", data)
        copied = store.copy_from(source, "large", "large")
        assert copied is not None
        assert copied.size == len(data)
        assert store.get("large")[0] == data

    def test_other_credentials_are_not_lent_for_a_copy(self) -> None:
        source = open_store(f"s3://{self.bucket}/source", S3Access("other", "secret", endpoint_url=self.endpoint))
        source.put("a", b"x")
        assert self.open_another().copy_from(source, "a", "a") is None


class TestMinistack(S3Contract):
    @pytest.fixture(autouse=True)
    def server(self, ministack: Ministack) -> None:
        self.endpoint, self.bucket = ministack.endpoint, make_bucket(ministack.s3())


class TestSeaweedFS(S3Contract):
    # A round of 16 writers takes it seconds: it lets one of them in about every second.
    rounds = 3
    # It keeps keys as folders and lists by their names, so a/b comes before a-b. Keys of one shape, such as the index's, are not touched.
    tricky_keys = ("a0", "z/é", "z/ü", "z/中", "z/🎵")

    @pytest.fixture(autouse=True)
    def server(self, seaweedfs: SeaweedFS) -> None:
        self.endpoint, self.bucket = seaweedfs.endpoint, make_bucket(seaweedfs.s3())


@pytest.fixture
def covers(ministack: Ministack, bucket: str) -> ObjectStore:
    """The root of a bucket, as covers are read."""
    return open_store(f"s3://{bucket}", access(ministack.endpoint))


@pytest.mark.parametrize(
    "key", ["//double", "/leading", "a/", "a//b", "../up", "a/../b", "./a", "tab\t\nline", "back\\slash", "🎵" * 256]
)
def test_users_keys_of_every_shape_are_held(covers: ObjectStore, key: str) -> None:
    covers.put(key, key.encode())
    assert covers.get(key)[0] == key.encode()
    assert [info.key for info in covers.list()] == [key]
    covers.delete(key)
    with pytest.raises(ObjectNotFoundError):
        covers.head(key)


def test_a_key_of_more_than_1024_bytes_is_refused(covers: ObjectStore) -> None:
    with pytest.raises(InvalidKeyError, match="1024"):
        covers.head("é" * 513)


def test_a_missing_bucket_is_never_taken_for_a_removed_object(ministack: Ministack) -> None:
    store = open_store("s3://no-such-bucket-here", access(ministack.endpoint))
    for attempt in (store.get, store.head, lambda key: store.put(key, b""), lambda key: store.create(key, b"")):
        with pytest.raises(StorageDeniedError, match=r"bucket|NoSuchBucket"):
            attempt("a")
    with pytest.raises(StorageDeniedError):
        list(store.list())


def test_the_folder_object_that_a_console_makes_is_not_listed(ministack: Ministack, bucket: str) -> None:
    ministack.s3().put_object(Bucket=bucket, Key="index/")
    store = open_store(f"s3://{bucket}/index", access(ministack.endpoint))
    store.put("a", b"x")
    assert [info.key for info in store.list()] == ["a"]


def test_a_stopped_server_is_unavailable_and_then_fine_again(tmp_path: Path) -> None:
    with SeaweedFS(tmp_path) as server:
        server.s3().create_bucket(Bucket="covers")
        store = open_store("s3://covers", access(server.endpoint))
        store.put("a", b"x")
        server.kill()
        attempts: list[Callable[[], object]] = [
            lambda: store.get("a"),
            lambda: store.head("a"),
            lambda: store.put("b", b""),
            lambda: store.create("c", b""),
            lambda: store.delete("a"),
            lambda: list(store.list()),
            lambda: store.download("a", tmp_path / "copy"),
            lambda: store.upload("a", Path(__file__)),
        ]
        with ThreadPoolExecutor(len(attempts)) as pool:  # side by side: each goes through the SDK's pauses
            failures = [future.exception() for future in [pool.submit(attempt) for attempt in attempts]]
        assert [type(failure) for failure in failures] == [StorageUnavailableError] * len(attempts)
        assert not (tmp_path / "copy").exists()
        server.start()
        assert store.get("a")[0] == b"x"
        store.create("c", b"now")


def test_one_store_serves_many_threads(covers: ObjectStore) -> None:
    errors: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for turn in range(10):
                covers.put(f"{number}/{turn}", f"{number} {turn}".encode())
                assert covers.get(f"{number}/{turn}")[0] == f"{number} {turn}".encode()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(list(covers.list())) == 120
