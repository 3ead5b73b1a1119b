"""Many ingestors on one queue and one index: rounds are lost, covers and messages never."""

from __future__ import annotations

import hashlib
import re
import signal
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path

import pytest

from local.servers.ports import HOST
from tests.component.ingestor.harness import Running, World, environment, eventually, process, settings_of, with_ports
from tests.support.faults import Fault, FaultyStore, T
from tests.support.index import open_writer, prepared
from tests.support.servers import Pipeline, make_bucket
from vinymatic.index.layout import MANIFESTS
from vinymatic.lifecycle.catalogue import Catalogue
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.places import change_queue, index_store
from vinymatic.lifecycle.writer import Batch
from vinymatic.queueing.events import parse_message
from vinymatic.queueing.port import Message, Queue
from vinymatic.settings import IngestorSettings, load
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.component

INGESTORS = 8
COVERS = 64
# Sixteen commits at least, by eight who all want to be first.
BATCH_SIZE = "4"
# Eight processes start, and describe every cover, on two cores that others use as well.
PATIENCE = 240.0
ROUNDS = re.compile(r'^vinymatic_ingestor_commit_rounds_bucket\{le="(\S+?)"\} (\S+)$', re.MULTILINE)


@lru_cache
def scan(number: int) -> bytes:
    return sleeve(number, side=240).jpeg()


def etag_of(data: bytes) -> str:
    """What S3 makes of an object that was put whole."""
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


@pytest.fixture
def variables(pipeline: Pipeline, index_folder: Path, tmp_path: Path) -> Callable[[], dict[str, str]]:
    """An ingestor's settings: the index is empty and lies in a bucket of its own; a folder and a port for each ingestor."""
    url = f"s3://{make_bucket(pipeline.s3)}/index"
    numbers = iter(range(1_000))

    def make() -> dict[str, str]:
        return environment(
            pipeline, tmp_path / f"ingestor-{next(numbers)}", INDEX_URL=url, BATCH_SIZE=BATCH_SIZE, INGEST_THREADS="1"
        )

    local, target = open_store(index_folder.as_uri()), index_store(load(IngestorSettings, make()))
    for info in local.list():
        target.put(info.key, local.get(info.key)[0])
    return make


def fill(world: World) -> dict[str, str]:
    """Puts the covers, some of them twice and one of them removed again; what the index must hold in the end."""
    etags = {f"{number}.jpg": world.put(f"{number}.jpg", scan(number)) for number in range(COVERS)}
    for number in range(0, COVERS, 8):
        etags[f"{number}.jpg"] = world.put(f"{number}.jpg", scan(number + COVERS))
    world.remove("1.jpg")
    del etags["1.jpg"]
    assert etags["0.jpg"] == etag_of(scan(COVERS))
    return etags


def assert_each_once(world: World, etags: dict[str, str]) -> None:
    assert {key: entry.etag for key, entry in world.covers().items()} == etags
    newest = read_newest(world.index)
    assert newest is not None
    assert newest.covers == len(etags), "a cover is there twice"
    assert world.waiting() == (0, 0)


def test_eight_ingestor_processes_index_every_cover_once_and_leave_no_message(
    variables: Callable[[], dict[str, str]], pipeline: Pipeline, tmp_path: Path
) -> None:
    world = World(pipeline, load(IngestorSettings, variables()), tmp_path)
    rounds: Counter[str] = Counter()
    etags = fill(world)
    with ExitStack() as stack:
        running = []
        for number in range(INGESTORS):
            own = variables()
            ingestor = process(own, tmp_path / f"log-{number}")
            ingestor.launch()  # all at once: the first would be done before the last begins
            stack.callback(ingestor.stop)
            running.append((own, ingestor))
        for _, ingestor in running:
            ingestor.await_ready()
        eventually(
            lambda: world.waiting() == (0, 0) and len(world.covers()) == len(etags), "all is done", seconds=PATIENCE
        )
        for own, _ in running:
            with urllib.request.urlopen(f"http://{HOST}:{own['METRICS_PORT']}/metrics", timeout=30) as answer:
                for most, count in ROUNDS.findall(answer.read().decode()):
                    rounds[most] += int(float(count))
        for _, ingestor in running:
            ingestor.send_signal(signal.SIGTERM)  # to all at once: each ends only with its long poll
    print(f"commits by rounds at most: {dict(rounds)}")  # noqa: T201 - pytest shows it when the test fails
    assert [ingestor.exit_code for _, ingestor in running] == [0] * INGESTORS
    assert_each_once(world, etags)
    assert rounds["+Inf"] >= COVERS / int(BATCH_SIZE)


class Watched:
    """A queue that compares the newest manifest with every message that is about to be acknowledged."""

    def __init__(self, inner: Queue, index: ObjectStore, work: Path, etags: dict[str, str]) -> None:
        self._inner = inner
        self._index = index
        self._catalogue = Catalogue(FileCache(index, work))
        self._etags = etags
        self.acknowledged: list[str] = []
        self.too_early: list[str] = []

    def receive(self, *, limit: int, wait_seconds: float, visibility_seconds: int) -> list[Message]:
        return self._inner.receive(limit=limit, wait_seconds=wait_seconds, visibility_seconds=visibility_seconds)

    def acknowledge(self, messages: Sequence[Message]) -> list[Message]:
        newest = read_newest(self._index)
        assert newest is not None
        self._catalogue.follow(newest)
        for message in messages:
            for change in parse_message(message.body):
                self.acknowledged.append(change.key)
                if self._catalogue.etag(change.key) != self._etags.get(change.key):
                    self.too_early.append(change.key)
        return self._inner.acknowledge(messages)

    def extend(self, messages: Sequence[Message], visibility_seconds: int) -> list[Message]:
        return self._inner.extend(messages, visibility_seconds)


def test_eight_ingestors_acknowledge_nothing_that_the_newest_manifest_does_not_hold(
    variables: Callable[[], dict[str, str]], pipeline: Pipeline, tmp_path: Path
) -> None:
    """The bucket does not change any more when they begin: then what it holds is what each acknowledgement has to find committed."""
    world = World(pipeline, load(IngestorSettings, variables()), tmp_path)
    etags = fill(world)
    running: list[Running] = []
    queues: list[Watched] = []
    with ExitStack() as stack:
        for number in range(INGESTORS):
            settings = load(IngestorSettings, variables())
            queue = change_queue(settings)
            assert queue is not None
            queues.append(Watched(queue, world.index, tmp_path / f"watch-{number}", etags))
            running.append(stack.enter_context(Running(settings, with_ports(settings, queue=queues[-1]))))
        eventually(lambda: world.waiting() == (0, 0), "all is acknowledged", seconds=PATIENCE)
        for ingestor in running:
            ingestor.ingestor.stop()
    assert_each_once(world, etags)
    assert [key for queue in queues for key in queue.too_early] == []
    # Not the s3:TestEvent, which names no key.
    assert Counter(key for queue in queues for key in queue.acknowledged).total() >= world.sent - 1
    assert sum(ingestor.metric("commit_conflicts_total") for ingestor in running) > 0, "they never met"


class Rival(FaultyStore):
    """An index in which another writer is first in every round, until it is told to stop."""

    def __init__(self, inner: ObjectStore, work: Path) -> None:
        super().__init__(inner, 1)
        self.stopped = threading.Event()
        self._writer = open_writer(inner, work)
        self._won = 0

    def _call(self, verb: str, key: str, action: Callable[[Fault | None], T]) -> T:
        if verb == "create" and key.startswith(MANIFESTS) and not self.stopped.is_set():
            self._won += 1
            self._writer.commit(Batch([prepared(0, str(self._won), id="rival.jpg")]))
        return super()._call(verb, key, action)


def test_a_commit_that_lost_every_round_is_tried_again_with_its_batch(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vinymatic.lifecycle.commit.LONGEST_PAUSE", 0.0)
    rival = Rival(index_store(world.settings), tmp_path / "rival")
    settings = settings_of(pipeline, index_folder.parent, VISIBILITY_TIMEOUT="600")
    etags = {f"{number}.jpg": world.put(f"{number}.jpg", scan(number)) for number in range(3)}
    with Running(settings, with_ports(settings, index=rival)) as running:
        eventually(lambda: running.metric("errors_total", code="contention") >= 2, "two commits have lost every round")
        acknowledged = running.metric("messages_acknowledged_total")
        assert acknowledged <= 1, "only the test event"
        assert world.covers().keys() == {"rival.jpg"}
        assert running.health()["status"] == "degraded"
        rival.stopped.set()
        running.settle(world)
        assert running.health()["status"] == "ok"
        assert running.metric("work_seconds_count") == len(etags), "nothing was downloaded and described again"
    assert {key: entry.etag for key, entry in world.covers().items() if key != "rival.jpg"} == etags
