"""Two ingestors look at one object, and the one that looked first commits last: the index ends as the bucket is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import pytest

from tests.component.ingestor.harness import PATIENCE, Running, World, eventually, settings_of, with_ports
from tests.support.index import cover
from tests.support.servers import Pipeline
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.places import change_queue, covers_store
from vinymatic.queueing.port import Message, Queue
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.component

T = TypeVar("T")


class Stalling:
    """The bucket as an ingestor sees it that stalls with the first answer it gets once `armed`, until `go_on`."""

    def __init__(self, inner: ObjectStore) -> None:
        self.armed = False
        self.has_looked, self.go_on = threading.Event(), threading.Event()
        self._inner = inner

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        return self._stall(lambda: self._inner.get(key, limit=limit))

    def head(self, key: str) -> ObjectInfo:
        return self._stall(lambda: self._inner.head(key))

    def _stall(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        finally:
            if self.armed:
                self.armed = False
                self.has_looked.set()
                assert self.go_on.wait(PATIENCE)


class Closable:
    """A queue that gives nothing any more once it is closed."""

    def __init__(self, inner: Queue) -> None:
        self._inner = inner
        self._closed = threading.Event()
        self._asking = threading.Lock()

    def close(self) -> None:
        self._closed.set()
        with self._asking:  # waits for the answer to who is asking now
            pass

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        with self._asking:
            if not self._closed.is_set():
                return self._inner.receive(
                    limit=limit, wait_seconds=wait_seconds, visibility_seconds=visibility_seconds
                )
        threading.Event().wait(wait_seconds)
        return []

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        return self._inner.acknowledge(messages)

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        return self._inner.extend(messages, visibility_seconds)


class Duel:
    """The ingestor `late` has looked at `a.jpg` and stalls; whatever happens from then on is another's to see, who does not."""

    def __init__(self, world: World, pipeline: Pipeline, folder: Path) -> None:
        self.world = world
        queue = change_queue(world.settings)
        assert queue is not None
        self.bucket, self.queue = Stalling(covers_store(world.settings)), Closable(queue)
        self.late = Running(world.settings, with_ports(world.settings, covers=self.bucket, queue=self.queue))
        self._other = settings_of(pipeline, folder)

    def etag(self) -> str | None:
        entry = self.world.covers().get("a.jpg")
        return None if entry is None else entry.etag

    def settled(self) -> bool:
        """Whether `late` has settled all it was told: it looks at an object once more after its commit, before it acknowledges, and that
        look must not be the one that stalls.
        """
        return self.etag() is not None and self.world.waiting() == (0, 0)

    def fight(self, cause: Callable[[], object], then: Callable[[], object]) -> None:
        """`late` looks because of `cause` and stalls; the other settles `then`; `late` goes on and settles the rest."""
        self.bucket.armed = True
        cause()
        assert self.bucket.has_looked.wait(PATIENCE)
        self.queue.close()
        with Running(self._other) as other:
            acknowledged = other.metric("messages_acknowledged_total")
            then()
            eventually(
                lambda: other.metric("messages_acknowledged_total") > acknowledged, "the other has settled its message"
            )
            self.bucket.go_on.set()
            eventually(lambda: self.world.waiting() == (0, 0), "every message is acknowledged")
        newest = read_newest(self.world.index)
        assert newest is not None
        assert newest.covers == len(self.world.covers()), "a cover is there twice"


@pytest.fixture
def duel(world: World, pipeline: Pipeline, index_folder: Path) -> Iterator[Duel]:
    duel = Duel(world, pipeline, index_folder.parent)
    with duel.late:
        eventually(lambda: world.waiting() == (0, 0), "the test event is acknowledged")
        yield duel


def test_a_version_replaced_since_does_not_come_back(duel: Duel) -> None:
    put = duel.world.put
    etags: list[str] = []
    duel.fight(lambda: etags.append(put("a.jpg", cover(0).jpeg())), lambda: etags.append(put("a.jpg", cover(1).jpeg())))
    assert duel.etag() == etags[1]
    assert duel.late.metric("stale_looks_total") == 1
    assert duel.late.metric("covers_committed_total", change="unchanged") == 1


def test_a_cover_whose_object_was_put_again_stays(duel: Duel) -> None:
    put, etags = duel.world.put, list[str]()
    put("a.jpg", cover(0).jpeg())
    eventually(duel.settled, "the first version is searchable")
    duel.fight(lambda: duel.world.remove("a.jpg"), lambda: etags.append(put("a.jpg", cover(1).jpeg())))
    assert duel.etag() == etags[0]
    assert duel.late.metric("stale_looks_total") == 1


def test_an_object_deleted_before_its_first_version_was_committed_leaves_no_cover(duel: Duel) -> None:
    """The index holds nothing under the key at either look: nothing there tells the late one that it is late."""
    duel.fight(lambda: duel.world.put("a.jpg", cover(0).jpeg()), lambda: duel.world.remove("a.jpg"))
    assert duel.etag() is None


def test_a_cover_whose_object_was_deleted_and_put_again_byte_for_byte_stays(duel: Duel) -> None:
    """The index holds the same ETag all along."""
    etag = duel.world.put("a.jpg", cover(0).jpeg())
    eventually(duel.settled, "the cover is searchable")
    duel.fight(lambda: duel.world.remove("a.jpg"), lambda: duel.world.put("a.jpg", cover(0).jpeg()))
    assert duel.etag() == etag
