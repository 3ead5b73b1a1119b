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
    """One delivery. `receipt` is what acknowledges it; `received_count` counts deliveries, this one included."""

    body: str
    receipt: str
    message_id: str
    received_count: int = 1


class Queue(Protocol):
    """Every method may raise `QueueUnavailableError` (passing) and `QueueDeniedError`."""

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        """At most `limit` messages (any number: the adapter splits); waits for the first at most `wait_seconds`."""
        ...

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        """Deletes the messages; returns those that could not be deleted (they will be delivered again)."""
        ...

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        """Sets how long the messages stay hidden from now on (0 returns them at once); returns those that could not be."""
        ...

    def send(self, body: str) -> None:
        """Puts one message in."""
        ...
