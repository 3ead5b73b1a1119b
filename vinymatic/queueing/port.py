"""The port to the queue that tells which keys of the source bucket have changed.

Delivery is at least once and unordered, so a message is only a hint to look at a key: what the bucket holds *now* decides. A message is
acknowledged after the manifest that holds its cover is committed, never before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class ChangeKind(StrEnum):
    """LOOK: read the key and index what is there (tombstone it when it is gone). DELETE: tombstone it whatever the bucket holds."""

    LOOK = "look"
    DELETE = "delete"


@dataclass(frozen=True)
class Change:
    """One key to act on. `bucket` is None for plain messages that carry just a key; `happened_at` is the event's time (Unix seconds)."""

    key: str
    kind: ChangeKind = ChangeKind.LOOK
    bucket: str | None = None
    happened_at: float | None = None


@dataclass(frozen=True)
class Message:
    """One delivery. `receipt` is what acknowledges it; `received_count` counts deliveries, this one included.

    `sent_at`: when it entered the queue (Unix seconds), None where the queue does not tell.
    """

    body: str
    receipt: str
    message_id: str
    received_count: int = 1
    sent_at: float | None = None


class Queue(Protocol):
    """Every method may raise `QueueUnavailableError` (passing) and `QueueDeniedError`."""

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        """At most `limit` messages (any number: the adapter splits); waits for the first at most `wait_seconds` (0 to 20)."""
        ...

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        """Deletes the messages; returns those that could not be deleted (they will be delivered again).

        Raises only when nothing could be deleted.
        """
        ...

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        """Sets how long the messages stay hidden from now on (0 returns them at once); returns those that could not be.

        Raises only when nothing could be set.
        """
        ...

    def send(self, body: str) -> None:
        """Puts one message in."""
        ...

    def send_many(self, bodies: Sequence[str]) -> list[str]:
        """Puts many messages in (any number: the adapter splits); returns those that could not be.

        Raises only when nothing could be put in. After a lost answer a message may be in though it is returned: sent again, it
        is there twice.
        """
        ...
