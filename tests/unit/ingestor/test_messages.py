"""What one message asks of this ingestor."""

from __future__ import annotations

import json

import pytest

from vinymatic.errors import MalformedMessageError, UnknownBucketError
from vinymatic.queueing.port import Change, Message
from vinymatic_ingestor.lanes import Refusal
from vinymatic_ingestor.messages import requests_of

pytestmark = pytest.mark.unit


def record(bucket: str, key: str, moment: str = "2026-01-02T03:04:05Z") -> dict[str, object]:
    return {
        "eventName": "ObjectCreated:Put",
        "eventTime": moment,
        "s3": {"bucket": {"name": bucket}, "object": {"key": key}},
    }


def message(body: object) -> Message:
    return Message(body if isinstance(body, str) else json.dumps(body), "receipt", "m-1", sent_at=50.0)


def test_a_plain_key_happened_when_it_was_sent() -> None:
    assert requests_of(message("a.jpg"), "covers") == ([Change("a.jpg")], 50.0)


def test_events_happened_at_the_earliest_of_their_times() -> None:
    body = {"Records": [record("covers", "b"), record("covers", "a", "2026-01-02T03:04:00Z")]}
    requests, moment = requests_of(message(body), "covers")
    assert [request.key for request in requests] == ["b", "a"]
    assert moment == 1767323040.0


def test_another_buckets_record_is_refused_and_ours_beside_it_is_not() -> None:
    requests, _ = requests_of(message({"Records": [record("covers", "a"), record("other", "b")]}), "covers")
    ours, foreign = requests
    assert isinstance(ours, Change)
    assert isinstance(foreign, Refusal)
    assert foreign.key == "message:m-1"
    assert isinstance(foreign.error, UnknownBucketError)
    assert "'other'" in str(foreign.error)


def test_nonsense_is_refused_with_its_reason_and_its_beginning() -> None:
    (request,), moment = requests_of(message({"x": "y" * 10_000}), "covers")
    assert isinstance(request, Refusal)
    assert isinstance(request.error, MalformedMessageError)
    assert 'unknown shape: {"x"' in str(request.error)
    assert len(str(request.error)) < 1_000
    assert moment == 50.0


def test_no_records_ask_for_nothing() -> None:
    assert requests_of(message({"Records": []}), "covers") == ([], 50.0)
