"""What comes in the queue: odd keys, several records, nonsense."""

from __future__ import annotations

import json

import pytest

from tests.component.ingestor.harness import Running, World, eventually
from tests.support.index import cover

pytestmark = pytest.mark.component


KEYS = [
    "../../etc/passwd",
    "a/../b.jpg",
    "Blue Note/Blue Train (1957).jpg",
    "a+b &=?#%20.jpg",
    "%2520.jpg",
    "é/スリーブ 💿.png",
    "quote\"'.jpg",
    "trailing space .jpg ",
]


def test_keys_that_only_s3_would_allow_come_through_unchanged(world: World, running: Running) -> None:
    etags = {key: world.put(key, cover(number).jpeg()) for number, key in enumerate(KEYS)}
    running.settle(world)
    assert {key: entry.etag for key, entry in world.covers().items()} == etags
    for key in KEYS:
        world.remove(key)
    eventually(lambda: not world.covers(), "all are removed again")
    running.settle(world)


def test_what_nobody_can_act_on_is_recorded_under_its_message_and_acknowledged(world: World, running: Running) -> None:
    foreign = {"Records": [{"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": "x"}, "object": {"key": "k"}}}]}
    sent = {
        world.send('{"foo": 1}'): "malformed_message",
        world.send("[]"): "malformed_message",
        world.send("k" * 2_000): "malformed_message",
        world.send(json.dumps(foreign)): "unknown_bucket",
    }
    running.settle(world)
    for message_id, code in sent.items():
        reject = world.reject(f"message:{message_id}")
        assert reject is not None
        assert reject.code == code
    assert running.metric("rejects_total", code="malformed_message") == 3
    assert running.metric("rejects_total", code="unknown_bucket") == 1
    assert world.covers() == {}


def test_messages_that_ask_for_nothing_are_acknowledged(world: World, running: Running) -> None:
    world.send('{"Records": []}')
    world.send('{"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "covers"}')
    world.send("no-such-key.jpg")
    running.settle(world)
    assert running.metric("messages_acknowledged_total") == 4  # with the bucket's own test event
    assert world.covers() == {}


def test_several_records_in_one_message_are_all_done(world: World, running: Running) -> None:
    # One message of our own instead of the bucket's many.
    world.pipeline.s3.put_bucket_notification_configuration(Bucket=world.pipeline.bucket, NotificationConfiguration={})
    records = []
    for number in range(4):
        world.put(f"{number}.jpg", cover(number).jpeg() if number else b"bad")
        world.sent -= 1
        part = {"bucket": {"name": world.pipeline.bucket}, "object": {"key": f"{number}.jpg"}}
        records.append({"eventName": "ObjectCreated:Put", "s3": part})
    world.send(json.dumps({"Records": records}))
    running.settle(world)
    assert sorted(world.covers()) == ["1.jpg", "2.jpg", "3.jpg"]
    assert world.reject("0.jpg") is not None
