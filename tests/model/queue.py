"""The queue and the bucket of scans: what is true of each cover, and the messages that say that something has changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field


@dataclass
class Queue:
    """`scans`: id → ETag. `messages`: number → key, until they are acknowledged. `hands`: message → who got it last, while it is hidden."""

    scans: dict[str, str] = field(default_factory=dict)
    messages: dict[int, str] = field(default_factory=dict)
    hands: dict[int, str] = field(default_factory=dict)
    _sent: int = 0
    _written: int = 0

    def put(self, key: str) -> None:
        """A scan is uploaded, or replaced."""
        self._written += 1
        self.scans[key] = f"v{self._written}"
        self.send(key)

    def remove(self, key: str) -> None:
        if self.scans.pop(key, None) is not None:
            self.send(key)

    def send(self, key: str) -> None:
        self._sent += 1
        self.messages[self._sent] = key

    @property
    def free(self) -> list[int]:
        return [number for number in self.messages if number not in self.hands]

    def receive(self, who: str, most: int) -> dict[int, str]:
        """Messages, number → key, now in the hand of `who`."""
        numbers = self.free[:most]
        self.hands.update(dict.fromkeys(numbers, who))
        return {number: self.messages[number] for number in numbers}

    def acknowledge(self, numbers: Collection[int]) -> None:
        for number in numbers:
            self.messages.pop(number, None)
            self.hands.pop(number, None)

    def drop(self, who: str) -> None:
        """What `who` held is delivered again. Its time may also run out while `who` still works on it."""
        self.hands = {number: holder for number, holder in self.hands.items() if holder != who}
