"""The catalogue over HTTP: whatever an S3 key may be, it goes there and back."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mypy_boto3_sqs import SQSClient

from local.servers import Ministack
from local.servers.ports import HOST
from tests.component.api.conftest import IDS, Shared
from tests.component.api.running import DEADLINE, RunningApi, error_of
from vinymatic.lifecycle.rejects import Reject, record_reject
from vinymatic.queueing.events import parse_message
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.component

ALL_IDS = pytest.mark.parametrize("key", IDS)


def raw(api: RunningApi, method: str, target: str) -> tuple[int, dict[str, Any]]:
    """One request whose target goes over the wire exactly as given."""
    connection = http.client.HTTPConnection(HOST, api.port, timeout=DEADLINE)
    try:
        connection.putrequest(method, target, skip_accept_encoding=True)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@ALL_IDS
@pytest.mark.parametrize("safe", ["", "/"], ids=["slashes encoded", "slashes as they are"])
def test_a_cover_is_found_by_its_id_in_the_path(api: RunningApi, key: str, safe: str) -> None:
    status, body = raw(api, "GET", "/v1/covers/" + quote(key, safe=safe))
    assert (status, body["id"]) == (200, key)
    assert body["manifest"] == 2
    assert body["features"] > 100


@ALL_IDS
def test_a_cover_is_found_by_its_id_in_the_query(api: RunningApi, key: str) -> None:
    page = api.client.get("/v1/covers", params={"id": key}).json()
    assert [cover["id"] for cover in page["covers"]] == [key]
    assert page["next"] is None


@pytest.mark.parametrize("key", [key for key in IDS if "." not in key.split("/") and ".." not in key.split("/")])
def test_an_ordinary_client_may_put_the_id_in_the_path(api: RunningApi, key: str) -> None:
    assert api.client.get("/v1/covers/" + quote(key, safe="")).json()["id"] == key


def test_an_id_that_is_not_there_is_a_404_and_an_empty_page(api: RunningApi) -> None:
    response = api.client.get("/v1/covers/nothing/here.jpg")
    assert (response.status_code, error_of(response)["code"]) == (404, "cover_not_found")
    assert api.client.get("/v1/covers", params={"id": "nothing/here.jpg"}).json()["covers"] == []


@pytest.mark.parametrize("target", ["/v1/covers/%FF", "/v1/covers/" + "x" * 1_025])
def test_what_no_s3_key_can_be_is_malformed(api: RunningApi, target: str) -> None:
    status, body = raw(api, "GET", target)
    assert (status, body["error"]["code"]) == (400, "malformed_id")


def pages(api: RunningApi, **parameters: str | int) -> Iterator[list[str]]:
    start_after = ""
    while True:
        page = api.client.get("/v1/covers", params={**parameters, "start_after": start_after}).json()
        yield [cover["id"] for cover in page["covers"]]
        if page["next"] is None:
            return
        start_after = page["next"]


@pytest.mark.parametrize("limit", [1, 4, len(IDS), 1_000])
def test_pages_hold_every_cover_once_in_order(api: RunningApi, limit: int) -> None:
    found = list(pages(api, limit=limit))
    assert [key for page in found for key in page] == sorted(IDS)
    assert all(len(page) <= limit for page in found)
    assert all(found)


def test_a_prefix_narrows_the_list(api: RunningApi) -> None:
    assert list(pages(api, prefix="a//")) == [["a//b///c.jpg"]]
    assert list(pages(api, prefix="none")) == [[]]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "id="])
def test_a_parameter_that_is_not_allowed_is_named(api: RunningApi, query: str) -> None:
    response = api.client.get(f"/v1/covers?{query}")
    assert response.status_code == 422
    assert query.partition("=")[0] in error_of(response)["message"]


@ALL_IDS
def test_what_became_of_an_image_can_be_asked(api: RunningApi, key: str) -> None:
    status, body = raw(api, "GET", "/v1/ingest/" + quote(key, safe=""))
    assert (status, body["id"], body["state"], body["manifest"]) == (200, key, "indexed", 2)
    assert api.client.get("/v1/ingest", params={"id": key}).json() == body


def test_a_rejected_image_says_why(shared: Shared) -> None:
    key = "rejected/ü ?#.jpg"
    store = open_store((shared.folder / "index").as_uri())
    record_reject(store, Reject(key, "e", "corrupt_image", "the JPEG image is damaged", "2026-01-01T00:00:00+00:00"))
    body = shared.api.client.get("/v1/ingest", params={"id": key}).json()
    assert body == {
        "id": key,
        "state": "rejected",
        "manifest": None,
        "code": "corrupt_image",
        "message": "the JPEG image is damaged",
        "etag": "e",
    }


def test_an_image_that_nobody_has_seen_is_unknown(api: RunningApi) -> None:
    assert api.client.get("/v1/ingest/never/seen.jpg").json()["state"] == "unknown"


def test_without_a_queue_a_deletion_says_what_is_missing(api: RunningApi) -> None:
    response = api.client.delete("/v1/covers/" + quote(IDS[0]))
    assert response.status_code == 501
    assert "SQS_QUEUE_URL" in error_of(response)["message"]
    assert api.client.get("/v1/covers/" + quote(IDS[0])).status_code == 200


def test_a_deletion_goes_to_the_ingestors_queue(
    few: Path, ministack: Ministack, sqs: SQSClient, queue_url: str
) -> None:
    settings = {
        "SQS_QUEUE_URL": queue_url,
        "SQS_ENDPOINT_URL": ministack.endpoint,
        "S3_ACCESS_KEY_ID": "test",
        "S3_SECRET_ACCESS_KEY": "test",
    }
    with RunningApi(few, settings) as api:
        for key in IDS:
            assert raw(api, "DELETE", "/v1/covers/" + quote(key, safe="")) == (202, {"id": key, "status": "accepted"})
        assert api.client.delete("/v1/covers", params={"id": "by query"}).status_code == 202
    changes: list[Change] = []
    while len(changes) <= len(IDS):
        for message in sqs.receive_message(QueueUrl=queue_url, WaitTimeSeconds=5, MaxNumberOfMessages=10)["Messages"]:
            changes += parse_message(message["Body"])
    assert {change.key for change in changes} == {*IDS, "by query"}
    assert {change.kind for change in changes} == {ChangeKind.DELETE}
