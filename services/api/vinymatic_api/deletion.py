"""Deletion goes the way of every change: a message to the ingestor, who alone commits. This process only reads the index."""

from __future__ import annotations

from vinymatic.queueing.events import encode_change
from vinymatic.queueing.port import Change, ChangeKind, Queue
from vinymatic_api.problems import NoChangeQueueError


def request_deletion(queue: Queue | None, key: str) -> None:
    """Raises `NoChangeQueueError`, `QueueUnavailableError`, `QueueDeniedError`."""
    if queue is None:
        raise NoChangeQueueError(
            "this server cannot pass a deletion on: SQS_QUEUE_URL is not set. `vinymatic index remove` removes a cover directly"
        )
    queue.send(encode_change(Change(key, ChangeKind.DELETE)))
