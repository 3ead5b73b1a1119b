"""The SQS adapter on a real server."""

from __future__ import annotations

import pytest
from mypy_boto3_sqs import SQSClient

from local.servers import Ministack, free_ports
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from tests.support.servers import Pipeline
from vinymatic.errors import QueueDeniedError, QueueUnavailableError
from vinymatic.queueing.events import encode_change, parse_message
from vinymatic.queueing.port import Change, ChangeKind, Message
from vinymatic.queueing.sqs import SqsAccess, SqsQueue, endpoint_of

pytestmark = pytest.mark.component

ACCESS = SqsAccess(ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION)


def open_queue(url: str) -> SqsQueue:
    return SqsQueue(url, ACCESS)


def drain(queue: SqsQueue, count: int, *, visibility_seconds: int = 60) -> list[Message]:
    messages: list[Message] = []
    while len(messages) < count:
        page = queue.receive(limit=count, wait_seconds=20, visibility_seconds=visibility_seconds)
        assert page, f"only {len(messages)} of {count} messages arrived"
        messages += page
    return messages


def counts(sqs: SQSClient, url: str) -> tuple[int, int]:
    """Visible and hidden messages."""
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    return int(attributes["ApproximateNumberOfMessages"]), int(attributes["ApproximateNumberOfMessagesNotVisible"])


def test_more_than_a_batch_is_received_hidden_and_acknowledged(queue_url: str, sqs: SQSClient) -> None:
    queue = open_queue(queue_url)
    for number in range(23):
        queue.send(f"key-{number}")
    messages = drain(queue, 23)
    assert sorted(message.body for message in messages) == sorted(f"key-{number}" for number in range(23))
    assert {message.received_count for message in messages} == {1}
    assert all(message.sent_at is not None and message.sent_at > 1_700_000_000 for message in messages)
    assert counts(sqs, queue_url) == (0, 23)
    assert queue.acknowledge(messages) == []
    assert counts(sqs, queue_url) == (0, 0)


def test_receive_takes_no_more_than_its_limit(queue_url: str, sqs: SQSClient) -> None:
    queue = open_queue(queue_url)
    for number in range(15):
        queue.send(str(number))
    assert len(drain(queue, 12)) == 12
    assert counts(sqs, queue_url) == (3, 12)


def test_an_empty_queue_gives_nothing_without_waiting(queue_url: str) -> None:
    assert open_queue(queue_url).receive(limit=5, wait_seconds=0, visibility_seconds=30) == []


def test_messages_extended_by_nothing_come_back_at_once(queue_url: str) -> None:
    queue = open_queue(queue_url)
    for number in range(11):
        queue.send(str(number))
    first = drain(queue, 11)
    assert queue.extend(first, 0) == []
    again = drain(queue, 11)
    assert {message.message_id for message in again} == {message.message_id for message in first}
    assert {message.received_count for message in again} == {2}


def test_an_extended_message_stays_hidden(queue_url: str, sqs: SQSClient) -> None:
    queue = open_queue(queue_url)
    queue.send("slow")
    messages = drain(queue, 1, visibility_seconds=1)
    assert queue.extend(messages, 60) == []
    # Longer than the first visibility: the server waits, not the test.
    assert queue.receive(limit=1, wait_seconds=2, visibility_seconds=30) == []
    assert counts(sqs, queue_url) == (0, 1)


def test_receipts_that_are_not_accepted_are_returned(queue_url: str) -> None:
    queue = open_queue(queue_url)
    queue.send("good")
    good = drain(queue, 1)[0]
    bad = Message("x", "no-such-receipt", "1")
    assert bad in queue.extend([bad, good], 30)
    failed = queue.acknowledge([bad, good])
    assert good not in failed


def test_a_queue_that_is_not_there_is_denied(queue_url: str) -> None:
    queue = open_queue(queue_url + "-missing")
    with pytest.raises(QueueDeniedError, match="-missing"):
        queue.receive(limit=1, wait_seconds=0, visibility_seconds=30)
    with pytest.raises(QueueDeniedError):
        queue.send("x")
    with pytest.raises(QueueDeniedError):
        queue.acknowledge([Message("x", "receipt", "1")])


def test_a_server_that_is_not_there_is_unavailable() -> None:
    queue = open_queue(f"http://127.0.0.1:{free_ports(1)[0]}/000000000000/covers")
    with pytest.raises(QueueUnavailableError):
        queue.receive(limit=1, wait_seconds=0, visibility_seconds=30)
    with pytest.raises(QueueUnavailableError):
        queue.extend([Message("x", "receipt", "1")], 30)


def test_half_a_key_pair_is_refused() -> None:
    with pytest.raises(QueueDeniedError, match="belong together"):
        SqsQueue("http://127.0.0.1:1/0/covers", SqsAccess(key_id="id"))


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123/covers", None),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123/covers", None),
        ("http://127.0.0.1:4566/000000000000/covers", "http://127.0.0.1:4566"),
        ("https://queue.example.org/covers", "https://queue.example.org"),
    ],
)
def test_a_queue_elsewhere_is_asked_at_its_own_host(url: str, endpoint: str | None) -> None:
    assert endpoint_of(url) == endpoint


def test_events_of_a_real_bucket_name_the_key_as_it_was_put(pipeline: Pipeline) -> None:
    key = "Blue Note/è #1? 50%25+💿/../x.jpg"
    pipeline.s3.put_object(Bucket=pipeline.bucket, Key=key, Body=b"x")
    pipeline.s3.delete_object(Bucket=pipeline.bucket, Key=key)
    messages = drain(open_queue(pipeline.queue_url), 3)  # the test event too
    changes = [change for message in messages for change in parse_message(message.body)]
    assert {(change.key, change.bucket, change.kind) for change in changes} == {(key, pipeline.bucket, ChangeKind.LOOK)}
    assert all(change.happened_at is not None for change in changes)


def test_our_own_messages_travel_through_the_queue(ministack: Ministack, queue_url: str) -> None:
    change = Change("tab\there/\x00\x1f💿.jpg", ChangeKind.DELETE)
    queue = open_queue(queue_url)
    queue.send(encode_change(change))
    assert parse_message(drain(queue, 1)[0].body) == [change]
