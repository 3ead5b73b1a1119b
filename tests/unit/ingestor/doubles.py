"""A queue and a bucket that a test writes the answers of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.support.faults import FaultyStore
from vinymatic.errors import ObjectNotFoundError, QueueError, StorageError
from vinymatic.queueing.port import Message
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectInfo


def message(name: str, body: str = "a.jpg", *, receipt: str = "") -> Message:
    return Message(body, receipt or f"receipt of {name}", name)


@dataclass
class ScriptedQueue:
    """`answers`: what each `receive` gives or raises, in turn; then nothing. `error`: what every other call raises."""

    answers: list[list[Message] | QueueError] = field(default_factory=list)
    error: QueueError | None = None
    refused: list[Message] = field(default_factory=list)
    received_with: list[int] = field(default_factory=list)
    acknowledged: list[Message] = field(default_factory=list)
    extended: list[tuple[list[Message], int]] = field(default_factory=list)

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        self.received_with.append(limit)
        answer = self.answers.pop(0) if self.answers else []
        if isinstance(answer, QueueError):
            raise answer
        return answer[:limit]

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        if self.error is not None:
            raise self.error
        self.acknowledged += [message for message in messages if message not in self.refused]
        return [message for message in messages if message in self.refused]

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        if self.error is not None:
            raise self.error
        self.extended.append((list(messages), visibility_seconds))
        return [message for message in messages if message in self.refused]

    def send(self, body: str) -> None:
        raise AssertionError("the ingestor sends nothing")

    def send_many(self, bodies: Sequence[str]) -> list[str]:
        raise AssertionError("the ingestor sends nothing")


class ScriptedBucket(FaultyStore):
    """`answers`: key → the ETag that the bucket gives for it, or what asking for it raises. It holds no other key."""

    def __init__(self, folder: Path, answers: Mapping[str, str | StorageError]) -> None:
        super().__init__(open_store(folder.as_uri()), 1)
        self.answers = dict(answers)

    def head(self, key: str) -> ObjectInfo:
        answer = self._call("head", key, lambda _: self.answers.get(key, ObjectNotFoundError(key)))
        if isinstance(answer, StorageError):
            raise answer
        return ObjectInfo(key, 0, answer, datetime.now(UTC))
