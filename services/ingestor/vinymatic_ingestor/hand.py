"""What is in hand: messages received and not yet acknowledged or given back. The one structure that threads share."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from vinymatic.queueing.port import Message


@dataclass(eq=False)
class Delivery:
    """One message in hand. `open_changes`: those of its changes that are not settled yet.

    `happened_at`: Unix seconds of its first event, or when it was sent; None where nothing tells.
    """

    message: Message
    open_changes: int = 0
    happened_at: float | None = None


class Hand:
    """At most `capacity` messages at a time, so that an ingestor's memory does not grow with the queue."""

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self._deliveries: dict[str, Delivery] = {}
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._deliveries)

    def take(self, messages: Iterable[Message]) -> list[Delivery]:
        """Those that are new here. A message that came again keeps its place and gets the new receipt: the old one may be void."""
        new = []
        with self._changed:
            for message in messages:
                known = self._deliveries.get(message.message_id)
                if known is None:
                    known = self._deliveries[message.message_id] = Delivery(message)
                    new.append(known)
                else:
                    known.message = replace(
                        known.message, receipt=message.receipt, received_count=message.received_count
                    )
        return new

    def release(self, deliveries: Iterable[Delivery]) -> None:
        """They are in hand no longer: acknowledged, or given back."""
        with self._changed:
            for delivery in deliveries:
                if self._deliveries.get(delivery.message.message_id) is delivery:
                    del self._deliveries[delivery.message.message_id]
            self._changed.notify_all()

    def holds(self, delivery: Delivery) -> bool:
        return self._deliveries.get(delivery.message.message_id) is delivery

    def all(self) -> Sequence[Delivery]:
        with self._changed:
            return list(self._deliveries.values())

    def messages(self) -> list[Message]:
        return [delivery.message for delivery in self.all()]

    def wait_for_room(self, seconds: float) -> int:
        """How many more messages fit; waits up to `seconds` until at least one does."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._deliveries) < self._capacity, seconds)
            return max(0, self._capacity - len(self._deliveries))
