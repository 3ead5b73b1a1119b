"""Bad input, tried as a stranger would: one shape of answer, the right status, and a server that goes on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx
import pytest

from local.servers.ports import HOST
from tests.component.api import images
from tests.component.api.conftest import IDS, MAX_BODY_BYTES
from tests.component.api.running import DEADLINE, RunningApi, error_of
from tests.support.index import photo_of

pytestmark = pytest.mark.component

EVERY = pytest.mark.parametrize("path", ["/search", "/v1/search", "/v1/search/picture"])


@dataclass(frozen=True)
class Bad:
    """A body, and what it must be answered."""

    make: Callable[[], bytes]
    status: int
    code: str


BODIES = {
    "empty": Bad(bytes, 400, "empty_body"),
    "text": Bad(lambda: b"hello, is this the right address?", 415, "not_an_image"),
    "html": Bad(lambda: b"<!doctype html><script>alert(1)</script>", 415, "not_an_image"),
    "gif": Bad(images.gif, 415, "not_an_image"),
    "truncated jpeg": Bad(lambda: photo_of(0)[:5_000], 400, "corrupt_image"),
    "a jpeg's first bytes alone": Bad(lambda: photo_of(0)[:3], 400, "corrupt_image"),
    "png with a broken chunk": Bad(lambda: images.palette_png(0)[:200] + b"\0" * 500, 400, "corrupt_image"),
    "one pixel": Bad(images.one_pixel, 422, "no_object_found"),
    "blank white": Bad(images.blank, 422, "no_object_found"),
    "20,000 × 20,000 png": Bad(images.huge_png, 413, "image_too_large"),
    "larger than MAX_BODY_BYTES": Bad(lambda: bytes(MAX_BODY_BYTES + 1), 413, "body_too_large"),
}


@EVERY
@pytest.mark.parametrize("name", BODIES)
def test_a_bad_body_is_answered_in_the_one_shape(api: RunningApi, path: str, name: str) -> None:
    bad = BODIES[name]
    response = api.search(bad.make(), path)
    assert (response.status_code, error_of(response)["code"]) == (bad.status, bad.code)


def test_the_huge_png_is_small_on_the_wire() -> None:
    assert len(images.huge_png()) < 200_000


def test_pure_noise_is_not_in_the_catalogue(api: RunningApi) -> None:
    noise = images.noise()
    assert api.search(noise).json() == {}
    assert api.search(noise, "/v1/search").json()["verdict"] == "not_in_catalogue"


@EVERY
@pytest.mark.parametrize(
    ("files", "data"),
    [
        ([("file", ("a.jpg", b"1")), ("file", ("b.jpg", b"2"))], {}),
        ([("file", ("a.jpg", b"1")), ("other", ("b.jpg", b"2"))], {}),
        ([("file", ("a.jpg", b""))], {}),
        ([("note", (None, b"no file name, so no file"))], {"more": "text"}),
    ],
    ids=["two files", "two fields", "an empty file", "no file"],
)
def test_a_form_must_hold_exactly_one_file(
    api: RunningApi, path: str, files: list[tuple[str, tuple[str | None, bytes]]], data: dict[str, str]
) -> None:
    response = api.client.post(path, files=files, data=data)
    assert (response.status_code, error_of(response)["code"]) == (400, "malformed_body")


def test_a_form_whose_boundary_never_comes_is_malformed(api: RunningApi) -> None:
    response = api.search(b"no form at all", headers={"content-type": "multipart/form-data; boundary=x"})
    assert (response.status_code, error_of(response)["code"]) == (400, "malformed_body")


def test_a_chunked_upload_is_refused_before_all_of_it_is_read(api: RunningApi) -> None:
    sent = 0

    def counted() -> Iterator[bytes]:
        nonlocal sent
        for part in images.endless(64_000, MAX_BODY_BYTES // 64_000 + 2):
            sent += len(part)
            yield part

    response = api.client.post("/search", content=counted())
    assert sent > MAX_BODY_BYTES
    assert (response.status_code, error_of(response)["code"]) == (413, "body_too_large")


@pytest.mark.parametrize("declared", [True, False], ids=["with its length", "chunked"])
def test_an_upload_of_200_megabytes_is_refused_without_holding_it(api: RunningApi, declared: bool) -> None:
    megabytes = 200
    before = api.metric("process_resident_memory_bytes")
    headers = {"content-length": str(4 + (megabytes << 20))} if declared else {}
    response = httpx.post(
        f"{api.url}/search", content=images.endless(1 << 20, megabytes), headers=headers, timeout=DEADLINE
    )
    assert (response.status_code, error_of(response)["code"]) == (413, "body_too_large")
    assert response.headers["connection"] == "close"
    assert api.metric("process_resident_memory_bytes") - before < 60 << 20


def test_a_client_that_asks_before_it_sends_is_told_no_before_it_has_sent_anything(api: RunningApi) -> None:
    head = f"POST /search HTTP/1.1\r\nhost: x\r\ncontent-length: {1 << 30}\r\nexpect: 100-continue\r\n\r\n"
    answer = spoken(api, head.encode())
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer


@pytest.mark.parametrize(
    "request_",
    [
        b"this is not HTTP\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(64),
        b"GET / HTTP/1.1\r\ncontent-length: -1\r\nhost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET /" + b"x" * 200_000,
    ],
    ids=["words", "a TLS hello", "a negative length", "no host", "an endless path"],
)
def test_what_is_not_http_gets_the_one_shape_too(api: RunningApi, request_: bytes) -> None:
    head, _, body = spoken(api, request_).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert body == b'{"error":{"code":"malformed_request","message":"Invalid HTTP request received."}}'


def test_a_client_that_leaves_while_its_photo_waits_is_dropped(few_api: RunningApi) -> None:
    photo = photo_of(0)
    head = f"POST /search HTTP/1.1\r\nhost: x\r\ncontent-length: {len(photo)}\r\n\r\n".encode()
    for _ in range(12):
        with socket.create_connection((HOST, few_api.port), DEADLINE) as connection:
            connection.sendall(head + photo)
    assert list(few_api.search(photo).json()) == [IDS[0]]
    gone = few_api.metric("vinymatic_errors_total", code="client_gone")
    assert gone >= 1
    assert few_api.metric("vinymatic_queue_depth") == 0


def test_after_all_of_it_the_server_answers_on_the_same_connection(api: RunningApi) -> None:
    with httpx.Client(base_url=api.url, timeout=DEADLINE) as client:
        for body in (b"text", photo_of(0)[:5_000], images.blank()):
            assert client.post("/search", content=body).is_client_error
        assert list(client.post("/search", content=photo_of(0)).json()) == [IDS[0]]


def spoken(api: RunningApi, data: bytes) -> bytes:
    """Everything that the server says to these bytes until it closes."""
    with socket.create_connection((HOST, api.port), DEADLINE) as connection:
        sender = threading.Thread(target=_send, args=(connection, data))
        sender.start()
        parts = []
        while part := _receive(connection):
            parts.append(part)
        sender.join()
    return b"".join(parts)


def _send(connection: socket.socket, data: bytes) -> None:
    try:
        connection.sendall(data)
    except OSError:
        return  # the server had heard enough


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""
