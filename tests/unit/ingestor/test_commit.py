"""Commit first, then acknowledge; on a real index."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from tests.unit.ingestor.doubles import ScriptedBucket, ScriptedQueue, message
from tests.unit.lifecycle.stalls import StallingStore
from vinymatic.errors import QueueUnavailableError, StorageError
from vinymatic.index.layout import MANIFESTS
from vinymatic.lifecycle.rejects import Reject, find_reject, record_reject
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.batch import PendingBatch
from vinymatic_ingestor.commit import Committer
from vinymatic_ingestor.hand import Delivery, Hand
from vinymatic_ingestor.metrics import Metrics
from vinymatic_ingestor.outcomes import Gone, Outcome, Ready, Refused, Same
from vinymatic_ingestor.ports import Ports

pytestmark = pytest.mark.unit

OLD = Reject("a", "old", "corrupt_image", "truncated", "2026-01-02T03:04:05+00:00")


class Desk:
    """A committer on a real writer, with one batch."""

    def __init__(self, store: ObjectStore, work: Path) -> None:
        self.store = store
        self.writer = open_writer(store, work)
        self.queue = ScriptedQueue()
        self.hand = Hand(10)
        self.metrics = Metrics()
        self.batch = PendingBatch(10, 1.0)
        self.bucket = ScriptedBucket(work / "covers", {"a": "1", "b": "1"})
        ports = Ports(covers=self.bucket, index=store, queue=self.queue, backup=None)
        self.committer = Committer(self.writer, ports, self.hand, self.metrics)

    def take(self, name: str, changes: int = 1) -> Delivery:
        (delivery,) = self.hand.take([message(name)])
        delivery.open_changes = changes
        delivery.happened_at = 0.0
        return delivery

    def commit(self) -> tuple[str, ...]:
        return self.committer.commit(self.batch.bundle())

    def count(self, name: str, **labels: str) -> float | None:
        return self.metrics.registry.get_sample_value(f"vinymatic_ingestor_{name}", labels)


@pytest.fixture
def desk(index_store: ObjectStore, tmp_path: Path) -> Desk:
    return Desk(index_store, tmp_path / "work")


def test_a_committed_cover_is_acknowledged_and_its_reject_record_cleared(desk: Desk) -> None:
    record_reject(desk.store, OLD)
    desk.batch.add("a", Ready(random_cover("a")), [desk.take("1")], now=0.0)
    desk.commit()
    assert desk.writer.entry("a") is not None
    assert [held.message_id for held in desk.queue.acknowledged] == ["1"]
    assert len(desk.hand) == 0
    assert find_reject(desk.store, "a") is None
    assert desk.count("covers_committed_total", change="added") == 1
    assert desk.count("ingest_lag_seconds_count") == 1


def test_a_refused_images_record_is_not_cleared_by_its_own_batch(desk: Desk) -> None:
    record_reject(desk.store, OLD)
    desk.batch.add("a", Refused(OLD), [desk.take("1")], now=0.0)
    desk.commit()
    assert find_reject(desk.store, "a") == OLD
    assert len(desk.queue.acknowledged) == 1


def test_a_message_is_acknowledged_only_when_all_its_changes_are_settled(desk: Desk) -> None:
    delivery = desk.take("1", changes=2)
    desk.batch.add("a", Ready(random_cover("a")), [delivery], now=0.0)
    first = desk.batch.bundle()
    desk.committer.commit(first)
    desk.batch.settle(first)
    assert desk.queue.acknowledged == []
    desk.batch.add("b", Ready(random_cover("b")), [delivery], now=0.0)
    desk.commit()
    assert [held.message_id for held in desk.queue.acknowledged] == ["1"]


def test_a_message_that_was_given_back_meanwhile_is_not_acknowledged(desk: Desk) -> None:
    delivery = desk.take("1")
    desk.batch.add("a", Ready(random_cover("a")), [delivery], now=0.0)
    desk.hand.release([delivery])
    desk.commit()
    assert desk.queue.acknowledged == []


def test_a_key_that_another_has_committed_since_it_was_looked_at_is_named_and_settled_by_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    record_reject(desk.store, OLD)
    other = open_writer(desk.store, tmp_path / "other")
    other.commit(Batch([random_cover("a", "2"), random_cover("same", "2")]))
    outcomes: dict[str, Outcome] = {
        "a": Ready(random_cover("a", "1")),
        "b": Ready(random_cover("b")),
        "same": Same("1"),
    }
    for number, (key, outcome) in enumerate(outcomes.items()):
        desk.batch.add(key, outcome, [desk.take(str(number))], now=0.0)
    assert desk.commit() == ("a", "same")
    assert [held.message_id for held in desk.queue.acknowledged] == ["1"]
    assert len(desk.hand) == 2, "the others stay in hand"
    assert {i: entry.etag for i in desk.writer.ids() if (entry := desk.writer.entry(i))} == {
        "a": "2",
        "b": "1",
        "same": "2",
    }
    assert find_reject(desk.store, "a") == OLD, "it may be of the newer version"
    assert desk.count("stale_looks_total") == 2
    assert desk.count("covers_committed_total", change="added") == 1
    assert desk.count("covers_committed_total", change="unchanged") == 0
    assert desk.count("ingest_lag_seconds_count") == 1


def test_a_key_that_the_bucket_has_changed_since_it_was_looked_at_is_committed_and_not_settled(desk: Desk) -> None:
    desk.writer.commit(Batch([random_cover("b")]))
    desk.bucket.answers = {"a": "2", "b": "1"}
    desk.batch.add("a", Ready(random_cover("a", "1")), [desk.take("1")], now=0.0)
    desk.batch.add("b", Gone("1"), [desk.take("2")], now=0.0)
    desk.batch.add("c", Gone(), [desk.take("3")], now=0.0)
    assert desk.commit() == ("a", "b")
    assert [held.message_id for held in desk.queue.acknowledged] == ["3"]
    assert len(desk.hand) == 2
    assert desk.writer.ids() == ["a"]
    assert desk.count("stale_looks_total") == 2


def test_a_bundle_that_changes_nothing_is_compared_with_the_newest_manifest_and_is_no_commit(desk: Desk) -> None:
    desk.writer.commit(Batch([random_cover("a")]))
    number = desk.writer.number
    desk.batch.add("a", Same("1"), [desk.take("1")], now=0.0)
    assert desk.commit() == ()
    assert (desk.writer.number, len(desk.queue.acknowledged)) == (number, 1)
    assert desk.count("commit_seconds_count") == 0
    assert desk.count("covers_committed_total", change="unchanged") == 1


def test_the_rounds_of_a_commit_are_counted(index_store: ObjectStore, tmp_path: Path) -> None:
    other = open_writer(index_store, tmp_path / "other")
    stalling = StallingStore(index_store, "create", MANIFESTS, lambda: other.commit(Batch([random_cover("b")])))
    desk = Desk(stalling, tmp_path / "work")
    desk.batch.add("a", Ready(random_cover("a")), [desk.take("1")], now=0.0)
    desk.commit()
    assert desk.count("commit_conflicts_total") == 1
    assert (desk.count("commit_rounds_count"), desk.count("commit_rounds_sum")) == (1, 2)


@pytest.mark.parametrize("verb", ["put", "create", "list"])
def test_nothing_is_acknowledged_while_the_store_fails_and_the_same_bundle_may_be_committed_again(
    index_store: ObjectStore, tmp_path: Path, verb: str
) -> None:
    faulty = FaultyStore(index_store, 1, only=lambda called, key: called == verb)
    desk = Desk(faulty, tmp_path / "work")
    desk.batch.add("a", Ready(random_cover("a")), [desk.take("1")], now=0.0)
    faulty.rates = {Fault.UNAVAILABLE: 1.0}
    with pytest.raises(StorageError):
        desk.commit()
    assert desk.queue.acknowledged == []
    assert len(desk.hand) == 1
    faulty.rates = {}
    desk.commit()
    assert len(desk.queue.acknowledged) == 1
    assert desk.writer.manifest.covers == 1


def test_a_queue_that_cannot_acknowledge_costs_a_repetition_and_nothing_else(desk: Desk) -> None:
    desk.queue.error = QueueUnavailableError("gone")
    desk.batch.add("a", Ready(random_cover("a")), [desk.take("1")], now=0.0)
    desk.commit()
    assert len(desk.hand) == 0, "it is not held for ever"
    number = desk.writer.number

    desk.queue.error = None
    desk.batch = PendingBatch(10, 1.0)
    desk.batch.add("a", Ready(random_cover("a")), [desk.take("1")], now=0.0)
    desk.commit()
    assert desk.writer.number == number
    assert len(desk.queue.acknowledged) == 1


def test_a_cover_that_comes_twice_in_different_versions_is_there_once(desk: Desk) -> None:
    first, second = desk.take("1"), desk.take("2")
    desk.bucket.answers["a"] = "v2"
    desk.batch.add("a", Ready(random_cover("a", "v1")), [first], now=0.0)
    desk.batch.add("a", Ready(replace(random_cover("a", "v2"))), [second], now=0.0)
    desk.commit()
    entry = desk.writer.entry("a")
    assert entry is not None
    assert entry.etag == "v2"
    assert desk.writer.manifest.covers == 1
    assert len(desk.queue.acknowledged) == 2
