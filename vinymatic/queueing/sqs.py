"""The queue port on Amazon SQS and whatever speaks its protocol, through boto3."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import urlsplit

import boto3
from botocore.config import Config

from vinymatic.errors import QueueDeniedError, QueueError
from vinymatic.queueing.port import Message
from vinymatic.queueing.sqs_errors import translated

if TYPE_CHECKING:  # the stubs are not installed in production
    from mypy_boto3_sqs.type_defs import BatchResultErrorEntryTypeDef, MessageTypeDef

# SQS's own bounds.
LARGEST_BATCH = 10
LONGEST_WAIT_SECONDS = 20
LONGEST_VISIBILITY_SECONDS = 43_200

_CONNECT_SECONDS = 5
_READ_SECONDS = LONGEST_WAIT_SECONDS + 10
# Every call may be made twice: none of them does harm the second time.
_ATTEMPTS = 2

T = TypeVar("T")
_Call = Callable[[Sequence[T]], Sequence["BatchResultErrorEntryTypeDef"]]


@dataclass(frozen=True)
class SqsAccess:
    """`key_id` and `secret` both empty: the usual AWS chain (environment, profile, role, IRSA).

    `endpoint_url` empty: AWS, or the queue URL's own host where that is not AWS's.
    """

    key_id: str = ""
    secret: str = field(default="", repr=False)
    region: str = "us-east-1"
    endpoint_url: str = ""


class SqsQueue:
    """One queue. Thread-safe. Asks nothing of the network before the first call. Raises `QueueDeniedError` for half a key pair."""

    def __init__(self, url: str, access: SqsAccess) -> None:
        self.url = url
        if bool(access.key_id) != bool(access.secret):
            raise QueueDeniedError(f"{url}: an access key and its secret belong together; only one is set")
        with translated(f"open {url}"):
            session = boto3.Session(
                aws_access_key_id=access.key_id or None,
                aws_secret_access_key=access.secret or None,
                region_name=access.region,
            )
            self._client = session.client(
                "sqs",
                endpoint_url=access.endpoint_url or endpoint_of(url),
                config=Config(
                    connect_timeout=_CONNECT_SECONDS,
                    read_timeout=_READ_SECONDS,
                    retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
                    tcp_keepalive=True,
                ),
            )

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        """Stops early when a request brings fewer than it asked for; `wait_seconds` is rounded up to whole seconds."""
        received: list[Message] = []
        wait = min(math.ceil(wait_seconds), LONGEST_WAIT_SECONDS)
        while len(received) < limit:
            wanted = min(LARGEST_BATCH, limit - len(received))
            try:
                page = self._receive_page(wanted, wait, visibility_seconds)
            except QueueError:
                if not received:
                    raise
                break  # what was received is in our hands: the next call meets the error again
            received += page
            wait = 0
            if len(page) < wanted:
                break
        return received

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        def delete(batch: Sequence[Message]) -> Sequence[BatchResultErrorEntryTypeDef]:
            return self._client.delete_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(place), "ReceiptHandle": m.receipt} for place, m in enumerate(batch)],
            ).get("Failed", [])

        return self._in_batches(f"delete from {self.url}", messages, delete)

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        seconds = max(0, min(visibility_seconds, LONGEST_VISIBILITY_SECONDS))

        def change(batch: Sequence[Message]) -> Sequence[BatchResultErrorEntryTypeDef]:
            return self._client.change_message_visibility_batch(
                QueueUrl=self.url,
                Entries=[
                    {"Id": str(place), "ReceiptHandle": m.receipt, "VisibilityTimeout": seconds}
                    for place, m in enumerate(batch)
                ],
            ).get("Failed", [])

        return self._in_batches(f"extend in {self.url}", messages, change)

    def send(self, body: str) -> None:
        with translated(f"send to {self.url}"):
            self._client.send_message(QueueUrl=self.url, MessageBody=body)

    def send_many(self, bodies: Sequence[str]) -> list[str]:
        def put(batch: Sequence[str]) -> Sequence[BatchResultErrorEntryTypeDef]:
            return self._client.send_message_batch(
                QueueUrl=self.url,
                Entries=[{"Id": str(place), "MessageBody": body} for place, body in enumerate(batch)],
            ).get("Failed", [])

        return self._in_batches(f"send to {self.url}", bodies, put)

    def _receive_page(self, limit: int, wait: int, visibility_seconds: int) -> list[Message]:
        with translated(f"receive from {self.url}"):
            answer = self._client.receive_message(
                QueueUrl=self.url,
                MaxNumberOfMessages=limit,
                WaitTimeSeconds=wait,
                VisibilityTimeout=visibility_seconds,
                MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
            )
        return [_message(message) for message in answer.get("Messages", [])]

    def _in_batches(self, action: str, entries: Sequence[T], call: _Call[T]) -> list[T]:
        failed: list[T] = []
        error: QueueError | None = None
        for batch in _batches(entries):
            try:
                with translated(action):
                    failed += [batch[int(entry["Id"])] for entry in call(batch)]
            except QueueError as caught:
                error = caught
                failed += batch
        if error is not None and len(failed) == len(entries):
            raise error
        return failed


def endpoint_of(queue_url: str) -> str | None:
    """Where a queue that is not on AWS is served: its URL's own host. None for AWS, whose endpoint follows from the region."""
    parts = urlsplit(queue_url)
    host = parts.hostname or ""
    if host.endswith((".amazonaws.com", ".amazonaws.com.cn")):
        return None
    return f"{parts.scheme}://{parts.netloc}"


def _batches(entries: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(entries), LARGEST_BATCH):
        yield entries[start : start + LARGEST_BATCH]


def _message(message: MessageTypeDef) -> Message:
    attributes = message.get("Attributes", {})
    sent = attributes.get("SentTimestamp")
    return Message(
        body=message["Body"],
        receipt=message["ReceiptHandle"],
        message_id=message["MessageId"],
        received_count=int(attributes.get("ApproximateReceiveCount", "1")),
        sent_at=int(sent) / 1000 if sent else None,
    )
