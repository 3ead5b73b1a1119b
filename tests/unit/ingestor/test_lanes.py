"""One lane for each key: the last look is the one that counts, whatever the order in which work ends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.ingestor.doubles import message
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic_ingestor.batch import PendingBatch
from vinymatic_ingestor.hand import Delivery
from vinymatic_ingestor.lanes import Lanes, Task
from vinymatic_ingestor.outcomes import Ignored

pytestmark = pytest.mark.unit


def delivery(name: str) -> Delivery:
    return Delivery(message(name))


def test_a_key_that_is_being_worked_on_is_not_started_again() -> None:
    lanes = Lanes()
    assert lanes.offer(Change("a"), delivery("1")) is not None
    assert lanes.offer(Change("a"), delivery("2")) is None
    assert lanes.offer(Change("b"), delivery("3")) is not None
    assert len(lanes) == 2


def test_of_all_that_wait_for_a_key_only_the_last_is_done_and_it_settles_all_of_them() -> None:
    lanes = Lanes()
    first = lanes.offer(Change("a"), delivery("1"))
    assert first is not None
    waiting = [delivery(str(number)) for number in range(3)]
    for kind, held in zip((ChangeKind.LOOK, ChangeKind.DELETE, ChangeKind.LOOK), waiting, strict=True):
        lanes.offer(Change("a", kind), held)
    following = lanes.finish(first)
    assert following is not None
    assert following.request == Change("a", ChangeKind.LOOK)
    assert following.deliveries == waiting
    assert lanes.finish(following) is None
    assert len(lanes) == 0


def test_what_is_done_once_more_holds_its_key_again() -> None:
    lanes = Lanes()
    held = delivery("1")
    first = lanes.offer(Change("a"), held)
    assert first is not None
    lanes.finish(first)
    again = lanes.again(Change("a"), first.deliveries)
    assert again is not None
    assert (again.request, again.deliveries) == (Change("a"), [held])
    assert lanes.offer(Change("a"), delivery("2")) is None


def test_what_is_to_be_done_once_more_joins_a_later_request_that_is_at_work() -> None:
    lanes = Lanes()
    first = lanes.offer(Change("a", ChangeKind.DELETE), delivery("1"))
    assert first is not None
    lanes.offer(Change("a"), delivery("2"))
    waiting = delivery("3")
    later = lanes.finish(first)
    assert later is not None
    lanes.offer(Change("a"), waiting)
    assert lanes.again(first.request, first.deliveries) is None
    assert later.request == Change("a"), "the later request counts"
    assert [held.message.message_id for held in later.deliveries] == ["2", "1"]
    last = lanes.finish(later)
    assert last is not None
    assert last.deliveries == [waiting]


offers = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(ChangeKind), st.integers(0, 9)), max_size=40)


@given(offers, st.randoms(use_true_random=False))
def test_whatever_the_order_in_which_work_ends_the_last_request_of_a_key_wins(
    requests: list[tuple[str, ChangeKind, int]], random: object
) -> None:
    from random import Random

    assert isinstance(random, Random)
    lanes, batch = Lanes(), PendingBatch(1_000, 60.0)
    running: list[Task] = []
    sent: dict[str, list[Delivery]] = {}
    last: dict[str, str] = {}

    def finish_one() -> None:
        task = running.pop(random.randrange(len(running)))
        assert task.key not in {other.key for other in running}, "a key is worked on twice at a time"
        # The outcome says which request it comes from.
        batch.add(task.key, Ignored(str(task.request)), task.deliveries, now=0.0)
        if (following := lanes.finish(task)) is not None:
            running.append(following)

    for number, (key, kind, ends) in enumerate(requests):
        request = Change(key, kind, happened_at=float(number))
        held = delivery(str(number))
        sent.setdefault(key, []).append(held)
        last[key] = str(request)
        if (task := lanes.offer(request, held)) is not None:
            running.append(task)
        for _ in range(min(ends, len(running)) // 3):
            finish_one()
    while running:
        finish_one()

    bundle = batch.bundle()
    assert {key: outcome.reason for key, outcome in bundle.outcomes.items() if isinstance(outcome, Ignored)} == last
    assert {key: list(held) for key, held in bundle.deliveries.items()} == sent
    assert len(lanes) == 0
