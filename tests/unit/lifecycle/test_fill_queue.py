"""Filling the queue: every key gets in, what one attempt leaves over is sent again."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from vinymatic.errors import QueueUnavailableError
from vinymatic.lifecycle.fill_queue import fill_queue
from vinymatic.lifecycle.patience import Patience
from vinymatic.queueing.events import parse_message
from vinymatic.queueing.port import Change, Message
from vinymatic.queueing.sqs import SqsAccess, SqsQueue

pytestmark = pytest.mark.unit


class Taking:
    """A queue whose `send_many` leaves over what `refuse` says, at most `faults` times."""

    def __init__(self, faults: int = 0) -> None:
        self.bodies: list[str] = []
        self.faults = faults

    def send_many(self, bodies: Sequence[str]) -> list[str]:
        taken = len(bodies)
        if self.faults:
            self.faults -= 1
            taken //= 3
        self.bodies += bodies[:taken]
        return list(bodies[taken:])

    def send(self, body: str) -> None:
        raise AssertionError

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        raise AssertionError

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        raise AssertionError

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        raise AssertionError


KEYS = [f"größe,\n {number}.jpg" for number in range(251)]


@pytest.mark.parametrize("faults", [0, 1, 5])
def test_every_key_gets_in_once_though_some_are_left_over_at_first(faults: int) -> None:
    queue, told = Taking(faults), list[int]()
    fill_queue(queue, KEYS, bucket="b", patience=Patience([0] * 9, lambda _: None), advance=told.append)
    assert [parse_message(body) for body in queue.bodies] == [[Change(key, bucket="b")] for key in KEYS]
    assert sum(told) == len(KEYS)


def test_a_queue_that_never_takes_all_ends_the_run_and_tells_how_many_are_in() -> None:
    queue, told = Taking(100), list[int]()
    with pytest.raises(QueueUnavailableError, match="did not take"):
        fill_queue(queue, KEYS, bucket="b", patience=Patience([0, 0], lambda _: None), advance=told.append)
    assert sum(told) == len(queue.bodies) < len(KEYS)


class PartialClient:
    """SQS's own answer when a batch is taken in part: HTTP 200 with a list of those that failed."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []

    def send_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> object:  # noqa: N803 - SQS's spelling
        self.batches.append([entry["MessageBody"] for entry in Entries])
        failed = [{"Id": entry["Id"]} for entry in Entries if entry["MessageBody"].endswith("7")]
        return {"Successful": [], "Failed": failed}


def test_the_adapter_splits_into_tens_and_returns_what_was_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    queue, client = SqsQueue("http://127.0.0.1:9/queue", SqsAccess("key", "secret")), PartialClient()
    monkeypatch.setattr(queue, "_client", client)
    bodies = [str(number) for number in range(23)]
    assert queue.send_many(bodies) == ["7", "17"]
    assert [len(batch) for batch in client.batches] == [10, 10, 3]
    assert [body for batch in client.batches for body in batch] == bodies


def test_the_adapter_sends_nothing_for_nothing() -> None:
    assert SqsQueue("http://127.0.0.1:9/queue", SqsAccess("key", "secret")).send_many([]) == []
