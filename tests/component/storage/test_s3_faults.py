"""The S3 adapter when the network and the server misbehave: a real server behind a proxy that injects the fault."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.servers import Ministack
from local.servers.aws import ACCESS_KEY_ID, SECRET_ACCESS_KEY
from tests.support.fault_proxy import Answer, CutBody, FaultProxy, LoseAnswer
from vinymatic.errors import (
    ImageTooLargeError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageDeniedError,
    StorageError,
    StorageUnavailableError,
)
from vinymatic.storage import ObjectStore, S3Access, open_store

pytestmark = pytest.mark.component

SLOW_DOWN = Answer(503, "SlowDown")


@pytest.fixture
def proxy(ministack: Ministack) -> Iterator[FaultProxy]:
    with FaultProxy(ministack.port) as proxy:
        yield proxy


@pytest.fixture
def store(proxy: FaultProxy, bucket: str) -> ObjectStore:
    return open_store(f"s3://{bucket}", S3Access(ACCESS_KEY_ID, SECRET_ACCESS_KEY, endpoint_url=proxy.endpoint))


def test_a_create_whose_answer_is_lost_is_sent_once_and_its_outcome_unknown(
    store: ObjectStore, proxy: FaultProxy
) -> None:
    proxy.faults = deque([LoseAnswer()])
    with pytest.raises(StorageUnavailableError):
        store.create("manifests/1", b"mine")
    assert proxy.requests == ["PUT"]
    assert store.get("manifests/1")[0] == b"mine"


@pytest.mark.parametrize("fault", [SLOW_DOWN, Answer(500, "InternalError"), Answer(409, "ConditionalRequestConflict")])
def test_a_create_that_the_server_puts_off_is_not_sent_again(
    store: ObjectStore, proxy: FaultProxy, fault: Answer
) -> None:
    proxy.faults = deque([fault])
    with pytest.raises(StorageUnavailableError):
        store.create("manifests/1", b"mine")
    assert proxy.requests == ["PUT"]
    with pytest.raises(ObjectNotFoundError):
        store.get("manifests/1")


def test_a_create_that_comes_late_loses(store: ObjectStore) -> None:
    store.create("manifests/1", b"theirs")
    with pytest.raises(ObjectExistsError):
        store.create("manifests/1", b"mine")


def test_a_put_whose_answer_is_lost_is_sent_again(store: ObjectStore, proxy: FaultProxy) -> None:
    proxy.faults = deque([LoseAnswer()])
    store.put("a", b"x")
    assert proxy.requests == ["PUT", "PUT"]
    assert store.get("a")[0] == b"x"


def test_a_get_outlasts_a_server_that_is_busy_for_a_moment(store: ObjectStore, proxy: FaultProxy) -> None:
    store.put("a", b"x")
    proxy.faults = deque([SLOW_DOWN, SLOW_DOWN])
    assert store.get("a")[0] == b"x"
    assert proxy.faults == deque()


def test_a_get_gives_up_on_a_server_that_stays_busy(store: ObjectStore, proxy: FaultProxy) -> None:
    store.put("a", b"x")
    proxy.faults = deque([SLOW_DOWN] * 50)
    with pytest.raises(StorageUnavailableError, match="SlowDown"):
        store.get("a")


def test_a_body_that_is_cut_off_is_read_again(store: ObjectStore, proxy: FaultProxy, tmp_path: Path) -> None:
    data = bytes(range(256)) * 8192
    store.put("a", data)
    proxy.faults = deque([CutBody(1_000_000), CutBody(0)])
    assert store.get("a")[0] == data
    proxy.faults = deque([CutBody(1_500_000), CutBody(10)])
    store.download("a", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == data


def test_a_body_that_is_always_cut_off_leaves_the_file_as_it_was(
    store: ObjectStore, proxy: FaultProxy, tmp_path: Path
) -> None:
    store.put("a", b"x" * 2_000_000)
    (tmp_path / "copy").write_bytes(b"old")
    proxy.faults = deque([CutBody(1_000_000)] * 10)
    with pytest.raises(StorageUnavailableError):
        store.download("a", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["copy"]
    assert (tmp_path / "copy").read_bytes() == b"old"
    with pytest.raises(StorageUnavailableError):
        store.get("a")


def test_an_object_over_the_limit_is_hardly_read(store: ObjectStore, proxy: FaultProxy) -> None:
    size = 60_000_000
    store.put("big", bytes(size))
    with pytest.raises(ImageTooLargeError):
        store.get("big", limit=1_000_000)
    assert proxy.body_bytes_sent < size // 2  # what fits in the sockets' buffers, at most


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Answer(403, "AccessDenied"), StorageDeniedError),
        (Answer(403, "SignatureDoesNotMatch"), StorageDeniedError),
        (Answer(400, "ExpiredToken"), StorageDeniedError),
        (Answer(404, "NoSuchKey"), ObjectNotFoundError),
        (Answer(404, "NoSuchBucket"), StorageDeniedError),
        (Answer(400, "InvalidRequest"), StorageError),
    ],
)
def test_an_answer_that_stays_is_told_at_once(
    store: ObjectStore, proxy: FaultProxy, fault: Answer, expected: type[StorageError]
) -> None:
    proxy.faults = deque([fault])
    with pytest.raises(StorageError) as caught:
        store.get("a")
    assert type(caught.value) is expected
    assert proxy.requests == ["GET"]


def test_an_upload_that_is_denied_is_denied(store: ObjectStore, proxy: FaultProxy, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 100)
    proxy.faults = deque([Answer(403, "AccessDenied")])
    with pytest.raises(StorageDeniedError):
        store.upload("a", tmp_path / "file")
