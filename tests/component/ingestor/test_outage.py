"""Stores and queues that go away and come back, refuse, or fail for one object alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from local.servers import Ministack
from tests.component.ingestor.harness import QUICK, Running, World, eventually, settings_of, with_ports
from tests.support.faults import Fault, FaultyStore
from tests.support.index import cover, open_writer, prepared
from tests.support.servers import Pipeline, make_bucket, make_queue
from vinymatic.errors import StorageDeniedError, VinymaticError
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.places import covers_store, index_store
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectInfo, ObjectStore
from vinymatic_ingestor.health import Problem

pytestmark = pytest.mark.component


def problem(running: Running, part: str) -> Problem | None:
    return running.ingestor.health.report().problems.get(part)


def test_s3_and_sqs_stopped_and_started_again_under_load_lose_nothing(tmp_path: Path) -> None:
    with Ministack(tmp_path / "s3") as storage, Ministack(tmp_path / "sqs") as queueing:
        pipeline = Pipeline(
            storage.s3(), queueing.sqs(), storage.endpoint, make_bucket(storage.s3()), make_queue(queueing.sqs())
        )
        settings = settings_of(
            pipeline, tmp_path, INDEX_URL=f"s3://{pipeline.bucket}/index", BATCH_SIZE="4", VISIBILITY_TIMEOUT="5"
        )
        world = World(pipeline, settings, tmp_path)
        etags = {}
        for number in range(24):
            etags[f"{number}.jpg"] = world.put(f"{number}.jpg", cover(number % 8).jpeg())
            world.send(f"{number}.jpg")
        with Running(settings) as running:
            eventually(lambda: running.metric("covers_committed_total", change="added") >= 4, "the first commit")
            storage.stop()
            eventually(
                lambda: bool(problem(running, "storage") or problem(running, "commit")), "it notices that S3 is gone"
            )
            assert running.health()["status"] == "degraded"
            storage.start()
            before = running.metric("covers_committed_total", change="added")
            eventually(lambda: running.metric("covers_committed_total", change="added") > before, "it commits again")

            queueing.stop()
            eventually(lambda: problem(running, "queue") is not None, "it notices that SQS is gone")
            queueing.start()
            eventually(lambda: len(world.covers()) == len(etags), f"all are searchable; {len(world.covers())} are")
            eventually(lambda: world.waiting() == (0, 0), "every message is acknowledged")
            eventually(lambda: running.health() == {"status": "ok", "problems": {}}, "it is well again")
        assert {key: entry.etag for key, entry in world.covers().items()} == etags
        newest = read_newest(world.index)
        assert newest is not None
        assert newest.covers == len(etags)


@pytest.mark.parametrize("seed", range(3))
def test_an_index_store_that_fails_at_random_ends_up_with_every_cover_once(world: World, seed: int) -> None:
    faulty = FaultyStore(
        index_store(world.settings), seed, rates={Fault.UNAVAILABLE: 0.1, Fault.LOST_ANSWER: 0.1, Fault.SLOW: 0.1}
    )
    etags = {f"{number}.jpg": world.put(f"{number}.jpg", cover(number).jpeg()) for number in range(6)}
    world.put("bad.jpg", b"bad")
    with Running(world.settings, with_ports(world.settings, index=faulty)) as running:
        eventually(lambda: world.covers().keys() == etags.keys(), "all are searchable")
        running.settle(world)
    newest = read_newest(world.index)
    assert newest is not None
    assert newest.covers == len(etags)
    assert world.reject("bad.jpg") is not None


class _One:
    """The bucket, in which `action` decides what reading one key comes to."""

    def __init__(self, inner: ObjectStore, key: str, action: Callable[[], None]) -> None:
        self._inner = inner
        self._key = key
        self._action = action

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        if key == self._key:
            self._action()
        return self._inner.get(key, limit=limit)

    def head(self, key: str) -> ObjectInfo:
        return self._inner.head(key)


def refuse() -> None:
    raise StorageDeniedError("get s3://…: AccessDenied (HTTP 403)")


def break_down() -> None:
    raise ZeroDivisionError("a bug that one image meets")


@pytest.mark.parametrize("action", [refuse, break_down])
def test_one_object_that_always_fails_goes_back_to_the_queue_and_holds_up_no_other(
    world: World, action: Callable[[], None]
) -> None:
    covers = _One(covers_store(world.settings), "cursed.jpg", action)
    settings = world.settings.model_copy(update={"visibility_timeout": 600})
    world.put("cursed.jpg", cover(0).jpeg())
    with Running(settings, with_ports(settings, covers=covers)) as running:
        number = 0
        while running.metric("messages_returned_total") == 0:
            number += 1
            assert number < 100, "it was never given back"
            world.put(f"{number}.jpg", cover(1).jpeg())
            eventually(lambda: len(world.covers()) == number, "the others go through")  # noqa: B023 - called at once
        eventually(lambda: world.waiting() == (0, 1), "its message is hidden, not acknowledged")
        assert world.reject("cursed.jpg") is None
    assert "cursed.jpg" not in world.covers()


def test_a_bucket_that_refuses_everything_keeps_every_message_in_hand(world: World) -> None:
    denied: list[bool] = [True]

    def maybe() -> None:
        if denied[0]:
            refuse()

    covers = _One(covers_store(world.settings), "a.jpg", maybe)
    world.put("a.jpg", cover(0).jpeg())
    with Running(world.settings, with_ports(world.settings, covers=covers)) as running:
        attempts = 2 * QUICK.attempts
        eventually(lambda: running.metric("errors_total", code="storage_denied") >= attempts, "it is tried many times")
        report = running.health()
        assert report["status"] == "degraded"
        assert "AccessDenied" in str(report["problems"])
        assert running.metric("messages_returned_total") == 0
        denied[0] = False
        eventually(lambda: "a.jpg" in world.covers(), "it is indexed once it is allowed")
        running.settle(world)
        assert running.health()["status"] == "ok"


def test_a_bucket_that_does_not_exist_yet_tombstones_nothing(
    ministack: Ministack, pipeline: Pipeline, index_folder: Path, tmp_path: Path
) -> None:
    missing = f"{pipeline.bucket}-later"
    settings = settings_of(pipeline, index_folder.parent, S3_BUCKET=missing)
    world = World(pipeline, settings, tmp_path)
    open_writer(world.index, tmp_path / "work").commit(Batch(upserts=[prepared(0, id="a.jpg")]))
    world.send("a.jpg")
    with Running(settings) as running:
        eventually(lambda: running.metric("errors_total", code="storage_denied") >= 3, "it is tried again and again")
        found = problem(running, "storage")
        assert found is not None
        assert "NoSuchBucket" in found.message or "does not exist" in found.message
        assert "a.jpg" in world.covers()
        ministack.s3().create_bucket(Bucket=missing)
        running.settle(world)
        assert world.covers() == {}, "now the bucket says that it is gone"
        assert running.health()["status"] == "ok"


def test_an_index_that_cannot_be_reached_at_the_start_is_waited_for(pipeline: Pipeline, tmp_path: Path) -> None:
    with Ministack(tmp_path / "server") as server:
        bucket = make_bucket(server.s3())
        settings = settings_of(pipeline, tmp_path, INDEX_URL=f"s3://{bucket}/index")
        # The covers lie on the shared server, the index on one that is away.
        away = settings.model_copy(update={"s3_endpoint_url": server.endpoint})
        server.stop()
        ports = with_ports(settings, index=index_store(away))
        with Running(settings, ports) as running:
            eventually(lambda: problem(running, "index") is not None, "it says that the index is away")
            assert running.health()["status"] == "degraded"
            server.start()
            eventually(lambda: running.metric("manifest") >= 1, "it opens the index")
            assert problem(running, "index") is None


def test_an_index_of_other_dimensions_ends_the_process_with_its_reason(world: World) -> None:
    settings = world.settings.model_copy(update={"sift_dimensions": 64})
    running = Running(settings)
    with pytest.raises(AssertionError, match="SIFT_DIMENSIONS=128"), running:
        eventually(lambda: running.error is not None, "it ends")
    assert isinstance(running.error, VinymaticError)
