"""When a batch is committed, and what is in it."""

from __future__ import annotations

import pytest

from tests.support.covers import random_cover
from tests.unit.ingestor.doubles import message
from vinymatic.lifecycle.rejects import Reject
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic_ingestor.batch import PendingBatch
from vinymatic_ingestor.hand import Delivery
from vinymatic_ingestor.outcomes import Gone, Ignored, Ready, Refused, Same

pytestmark = pytest.mark.unit

REFUSED = Refused(Reject("bad", "1", "corrupt_image", "truncated", "now"))


def held(name: str) -> list[Delivery]:
    return [Delivery(message(name))]


def test_an_empty_batch_is_never_due() -> None:
    assert PendingBatch(2, 5.0).seconds_until_due(1e9) is None


def test_a_batch_is_due_when_its_oldest_outcome_is_old_enough() -> None:
    batch = PendingBatch(10, 5.0)
    batch.add("a", Gone(), held("1"), now=100.0)
    batch.add("b", Gone(), held("2"), now=103.0)
    assert batch.seconds_until_due(104.0) == 1.0
    assert batch.seconds_until_due(105.0) == 0.0
    assert batch.seconds_until_due(200.0) == 0.0


def test_a_full_batch_is_due_at_once() -> None:
    batch = PendingBatch(2, 5.0)
    batch.add("a", Gone(), held("1"), now=100.0)
    assert batch.seconds_until_due(100.0) == 5.0
    batch.add("b", Ignored("no cover"), held("2"), now=100.0)
    assert batch.seconds_until_due(100.0) == 0.0


def test_a_repeated_key_takes_no_second_place_and_keeps_its_age() -> None:
    batch = PendingBatch(2, 5.0)
    batch.add("a", Gone(), held("1"), now=100.0)
    batch.add("a", Ready(random_cover("a")), held("2"), now=104.0)
    assert len(batch) == 1
    assert batch.seconds_until_due(104.0) == 1.0


def test_the_last_outcome_of_a_key_counts_and_settles_all_its_messages() -> None:
    batch = PendingBatch(10, 5.0)
    deliveries = held("1") + held("2") + held("3")
    batch.add("a", Ready(random_cover("a", "v1")), deliveries[:1], now=0.0)
    batch.add("a", Gone(), deliveries[1:2], now=0.0)
    batch.add("a", Ready(random_cover("a", "v2")), deliveries[2:], now=0.0)
    bundle = batch.bundle()
    assert [cover.etag for cover in bundle.batch().upserts] == ["v2"]
    assert bundle.batch().deletes == []
    assert bundle.deliveries["a"] == deliveries


def test_a_commit_takes_no_more_keys_than_a_batch_holds_and_the_oldest_first() -> None:
    batch = PendingBatch(2, 5.0)
    for number in range(5):
        batch.add(str(number), Gone(), held(str(number)), now=float(number))
    first = batch.bundle()
    assert first.batch().deletes == ["0", "1"]
    batch.settle(first)
    assert batch.bundle().batch().deletes == ["2", "3"]
    batch.settle(batch.bundle())
    assert batch.seconds_until_due(5.0) == 4.0, "the age of what is left counts"


def test_only_covers_and_removals_reach_the_index() -> None:
    batch = PendingBatch(10, 5.0)
    batch.add("new", Ready(random_cover("new")), held("1"), now=0.0)
    batch.add("gone", Gone(), held("2"), now=0.0)
    batch.add("same", Same("1"), held("3"), now=0.0)
    batch.add("folder/", Ignored("a folder"), held("4"), now=0.0)
    batch.add("bad", REFUSED, held("5"), now=0.0)
    bundle = batch.bundle()
    assert [cover.id for cover in bundle.batch().upserts] == ["new"]
    assert bundle.batch().deletes == ["gone"]
    assert bundle.keys_in_order() == ["new", "gone", "same"]


def test_a_batch_says_what_the_index_held_when_its_objects_were_looked_at() -> None:
    batch = PendingBatch(10, 5.0)
    batch.add("new", Ready(random_cover("new")), held("1"), now=0.0)
    batch.add("changed", Ready(random_cover("changed", "1"), "0"), held("2"), now=0.0)
    batch.add("changed", Ready(random_cover("changed", "2"), "1"), held("2"), now=0.0)
    batch.add("gone", Gone("1"), held("3"), now=0.0)
    batch.add("same", Same("1"), held("4"), now=0.0)
    batch.add("bad", REFUSED, held("5"), now=0.0)
    assert batch.bundle().batch().seen == {"new": None, "changed": "1", "gone": "1", "same": "1"}


def test_a_key_is_looked_at_again_by_the_kind_of_request_that_it_came_by() -> None:
    batch = PendingBatch(10, 5.0)
    batch.add("new", Ready(random_cover("new")), held("1"), now=0.0)
    batch.add("gone", Gone("1"), held("2"), now=0.0)
    batch.add("deleted", Gone("1", ChangeKind.DELETE), held("3"), now=0.0)
    bundle = batch.bundle()
    requests = [bundle.request(key) for key in ("new", "gone", "deleted")]
    assert requests == [Change("new"), Change("gone"), Change("deleted", ChangeKind.DELETE)]
