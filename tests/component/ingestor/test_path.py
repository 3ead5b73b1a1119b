"""The whole path: an object in the bucket, its event in the queue, the ingestor, a cover that a reader finds."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from tests.component.ingestor.harness import Running, World, eventually, settings_of, with_ports
from tests.support.index import cover, photo_of
from tests.support.servers import Pipeline
from vinymatic.features import FeatureSpec
from vinymatic.index.query import identify
from vinymatic.index.results import SearchOptions, Verdict
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.places import covers_store
from vinymatic.queueing.events import encode_change
from vinymatic.queueing.port import Change, ChangeKind
from vinymatic.storage.port import ObjectInfo, ObjectStore

pytestmark = pytest.mark.component


def scan(number: int) -> bytes:
    return cover(number).jpeg()


def png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def test_an_uploaded_cover_is_found_by_a_photo_of_it(world: World, running: Running) -> None:
    for number in range(3):
        world.put(cover(number).id, scan(number))
    eventually(lambda: len(world.covers()) == 3, "three covers are searchable")
    running.settle(world)
    with world.reader.acquire() as snapshot:
        result = identify(snapshot, photo_of(1), FeatureSpec(), SearchOptions(), max_pixels=10**8)
    assert result.verdict is Verdict.MATCH
    assert result.covers[0].id == cover(1).id
    assert running.metric("covers_committed_total", change="added") == 3
    assert running.metric("ingest_lag_seconds_count") == 3


def test_a_second_message_for_the_same_etag_changes_nothing(world: World, running: Running) -> None:
    world.put("a.jpg", scan(0))
    eventually(lambda: "a.jpg" in world.covers(), "the cover is searchable")
    number = world.reader.state.manifest
    for _ in range(3):
        world.send("a.jpg")
    world.send(json.dumps("a.jpg"))
    eventually(lambda: running.metric("covers_committed_total", change="unchanged") >= 1, "it is seen to be unchanged")
    running.settle(world)
    assert list(world.covers()) == ["a.jpg"]
    assert world.reader.state.manifest == number


def test_a_replaced_object_replaces_its_cover(world: World, running: Running) -> None:
    world.put("a.jpg", scan(0))
    eventually(lambda: "a.jpg" in world.covers(), "the first version is searchable")
    etag = world.put("a.jpg", scan(1))
    eventually(lambda: world.covers()["a.jpg"].etag == etag, "the second version is searchable")
    running.settle(world)
    assert len(world.covers()) == 1
    assert running.metric("covers_committed_total", change="replaced") == 1


def test_a_removed_object_loses_its_cover(world: World, running: Running) -> None:
    world.put("a.jpg", scan(0))
    world.put("b.jpg", scan(1))
    eventually(lambda: len(world.covers()) == 2, "both covers are searchable")
    world.remove("a.jpg")
    eventually(lambda: list(world.covers()) == ["b.jpg"], "the removed one is gone")
    running.settle(world)


def test_a_delete_message_takes_the_cover_out_though_the_object_is_there(world: World, running: Running) -> None:
    world.put("a.jpg", scan(0))
    eventually(lambda: "a.jpg" in world.covers(), "the cover is searchable")
    world.send(encode_change(Change("a.jpg", ChangeKind.DELETE)))
    eventually(lambda: not world.covers(), "the cover is gone")
    world.send(encode_change(Change("a.jpg")))
    eventually(lambda: "a.jpg" in world.covers(), "a look brings it back")
    running.settle(world)


def test_an_object_deleted_before_it_is_read_is_no_error(world: World) -> None:
    world.put("gone.jpg", scan(0))
    world.remove("gone.jpg")
    with Running(world.settings) as running:
        running.settle(world)
        assert world.covers() == {}
        assert world.reject("gone.jpg") is None
        assert running.metric("errors_total", code="object_not_found") == 0


def test_the_version_that_was_read_is_indexed_with_its_own_etag(world: World) -> None:
    world.put("a.jpg", scan(0))
    etag = world.put("a.jpg", scan(1))
    with Running(world.settings) as running:
        running.settle(world)
        entry = world.covers()["a.jpg"]
    assert entry.etag == etag
    assert entry.size == len(scan(1))


class _ChangedAfterRead:
    """The bucket, in which another version is put right after the first read of a key."""

    def __init__(self, inner: ObjectStore, world: World, data: bytes) -> None:
        self._inner = inner
        self._world = world
        self._data = data
        self.etag: str | None = None

    def get(self, key: str, *, limit: int | None = None) -> tuple[bytes, ObjectInfo]:
        answer = self._inner.get(key, limit=limit)
        if self.etag is None:
            self.etag = self._world.put(key, self._data)
        return answer

    def head(self, key: str) -> ObjectInfo:
        return self._inner.head(key)


def test_an_object_that_changes_after_it_was_read_ends_up_in_its_last_version(world: World) -> None:
    changing = _ChangedAfterRead(covers_store(world.settings), world, scan(1))
    with Running(world.settings, with_ports(world.settings, covers=changing)) as running:
        first = world.put("a.jpg", scan(0))
        eventually(
            lambda: "a.jpg" in world.covers() and world.covers()["a.jpg"].etag == changing.etag, "the last version"
        )
        running.settle(world)
    assert first != changing.etag
    assert len(world.covers()) == 1


BAD_IMAGES = {
    "text.jpg": (b"this is no image", "not_an_image"),
    "empty.jpg": (b"", "not_an_image"),
    "cut.jpg": (cover(0).jpeg()[:5_000], "corrupt_image"),
    "blank.png": (png(Image.new("L", (300, 300), 255)), "no_object_found"),
    "dot.png": (png(Image.new("L", (1, 1))), "no_object_found"),
    "huge.png": (png(Image.new("1", (20_000, 20_000))), "image_too_large"),
}


def test_bad_images_get_a_reject_record_and_are_not_tried_again(world: World, running: Running) -> None:
    etags = {key: world.put(key, data) for key, (data, _) in BAD_IMAGES.items()}
    world.put("good.jpg", scan(0))
    running.settle(world)
    for key, (_, code) in BAD_IMAGES.items():
        reject = world.reject(key)
        assert reject is not None, key
        assert (reject.key, reject.etag, reject.code) == (key, etags[key], code)
        assert reject.message
    assert list(world.covers()) == ["good.jpg"]
    assert running.metric("rejects_total", code="not_an_image") == 2


def test_an_object_over_the_limit_is_refused_unread(world: World, pipeline: Pipeline, index_folder: Path) -> None:
    settings = settings_of(pipeline, index_folder.parent, MAX_OBJECT_BYTES="1000")
    etag = world.put("big.jpg", scan(0))
    with Running(settings) as running:
        running.settle(world)
    reject = world.reject("big.jpg")
    assert reject is not None
    assert (reject.code, reject.etag) == ("image_too_large", etag)


def test_a_mended_image_loses_its_reject_record_and_so_does_a_removed_one(world: World, running: Running) -> None:
    for key in ("mended.jpg", "removed.jpg"):
        world.put(key, b"bad")
    eventually(lambda: all(world.reject(key) for key in ("mended.jpg", "removed.jpg")), "both are refused")
    world.put("mended.jpg", scan(0))
    world.remove("removed.jpg")
    running.settle(world)
    assert list(world.covers()) == ["mended.jpg"]
    assert world.reject("mended.jpg") is None
    assert world.reject("removed.jpg") is None


def test_a_bad_replacement_is_refused_and_the_old_cover_stays(world: World, running: Running) -> None:
    etag = world.put("a.jpg", scan(0))
    eventually(lambda: "a.jpg" in world.covers(), "the cover is searchable")
    bad = world.put("a.jpg", b"bad")
    eventually(lambda: world.reject("a.jpg") is not None, "the replacement is refused")
    running.settle(world)
    reject = world.reject("a.jpg")
    assert reject is not None
    assert reject.etag == bad
    assert world.covers()["a.jpg"].etag == etag


def test_a_folders_marker_is_no_cover(world: World, running: Running) -> None:
    world.put("folder/", b"")
    world.put("folder/a.jpg", scan(0))
    running.settle(world)
    assert list(world.covers()) == ["folder/a.jpg"]
    assert world.reject("folder/") is None


def test_an_index_in_the_covers_own_bucket_does_not_index_itself(
    world: World, pipeline: Pipeline, tmp_path: Path
) -> None:
    settings = settings_of(
        pipeline, tmp_path / "local", INDEX_URL=f"s3://{pipeline.bucket}/index", BACKUP_INTERVAL="1", BATCH_AGE="0.05"
    )
    inside = World(pipeline, settings, tmp_path)
    with Running(settings) as running:
        inside.put("a.jpg", scan(0))
        eventually(lambda: "a.jpg" in inside.covers(), "the cover is searchable")
        eventually(lambda: running.metric("backups_total", outcome="succeeded") >= 1, "a backup is made")
        assert running.metric("objects_ignored_total") >= 4
        assert running.metric("rejects_total", code="not_an_image") == 0
        assert list(inside.covers()) == ["a.jpg"]


def test_two_ingestors_on_one_queue_index_every_cover_once(
    world: World, pipeline: Pipeline, index_folder: Path
) -> None:
    settings = [settings_of(pipeline, index_folder.parent, BATCH_SIZE="2") for _ in range(2)]
    with Running(settings[0]) as first, Running(settings[1]) as second:
        eventually(lambda: all(r.metric("manifest") >= 1 for r in (first, second)), "both have opened the index")
        etags = {f"{number}.jpg": world.put(f"{number}.jpg", scan(number % 5)) for number in range(16)}
        eventually(lambda: world.covers().keys() == etags.keys(), "all are searchable")
        eventually(lambda: world.waiting() == (0, 0), "all is acknowledged")
        assert min(r.metric("covers_committed_total", change="added") for r in (first, second)) > 0
    newest = read_newest(world.index)
    assert newest is not None
    assert newest.covers == len(etags)
    assert {key: entry.etag for key, entry in world.covers().items()} == etags


def test_metrics_and_health_are_served(world: World, running: Running) -> None:
    world.put("a.jpg", scan(0))
    eventually(lambda: "a.jpg" in world.covers(), "the cover is searchable")
    running.settle(world)
    text = running.fetch("/metrics").decode()
    assert 'vinymatic_ingestor_covers_committed_total{change="added"} 1.0' in text
    assert "# TYPE vinymatic_ingestor_commit_seconds histogram" in text
    assert running.health() == {"status": "ok", "problems": {}}
