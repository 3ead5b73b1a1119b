"""What the ingestor does beside ingesting: it retrains after so many images, and backs up every so often."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.component.ingestor.harness import Running, World, eventually, settings_of
from tests.support.index import cover, photo_of
from tests.support.servers import Pipeline
from vinymatic.features import FeatureSpec
from vinymatic.index.bootstrap import FIRST_EPOCH
from vinymatic.index.query import identify
from vinymatic.index.results import SearchOptions
from vinymatic.lifecycle.backup import restore
from vinymatic.lifecycle.places import backup_store
from vinymatic.lifecycle.reader import Reader
from vinymatic.storage.open import open_store

pytestmark = pytest.mark.component


def test_after_so_many_images_the_index_is_retrained_while_ingestion_goes_on(
    world: World, pipeline: Pipeline, index_folder: Path
) -> None:
    settings = settings_of(pipeline, index_folder.parent, RETRAINING_INTERVAL="4", BATCH_SIZE="2")
    with Running(settings) as running:
        for number in range(4):
            world.put(f"{number}.jpg", cover(number).jpeg())
        eventually(lambda: running.metric("job_running", step="retraining") == 1, "the training starts")
        for number in range(4, 7):
            world.put(f"{number}.jpg", cover(number).jpeg())
        eventually(lambda: len(world.covers()) == 7, "ingestion goes on")
        eventually(
            lambda: running.metric("jobs_total", step="retraining", outcome="succeeded") == 1, "the training succeeds"
        )
        running.settle(world)
        assert running.metric("images_since_training") < 4
        world.put("last.jpg", cover(8).jpeg())
        eventually(lambda: "last.jpg" in world.covers(), "ingestion goes on under the new codebook")
    assert world.reader.state.epoch is not None
    with world.reader.acquire() as snapshot:
        assert snapshot.epoch > FIRST_EPOCH
        for number, key in ((2, "2.jpg"), (6, "6.jpg"), (8, "last.jpg")):
            result = identify(snapshot, photo_of(number), FeatureSpec(), SearchOptions(), max_pixels=10**8)
            assert [match.id for match in result.covers] == [key]


def test_segments_are_merged_and_the_index_collected_while_ingestion_goes_on(
    world: World, pipeline: Pipeline, index_folder: Path
) -> None:
    settings = settings_of(
        pipeline, index_folder.parent, BATCH_SIZE="1", COMPACTION_INTERVAL="0.2", COLLECTION_INTERVAL="0.2"
    )
    with Running(settings) as running:
        etags = {f"{number}.jpg": world.put(f"{number}.jpg", cover(number).jpeg()) for number in range(9)}
        eventually(lambda: len(world.covers()) == len(etags), "all are searchable")

        def segments() -> int:
            world.covers()
            return world.reader.state.segments

        def ended(job: str) -> bool:
            return running.metric("jobs_total", step=job, outcome="succeeded") >= 1

        eventually(lambda: segments() < 8, "small segments are merged")
        for job in ("compaction", "collection"):
            eventually(partial(ended, job), f"{job} ends well")
        running.settle(world)
    assert {key: entry.etag for key, entry in world.covers().items()} == etags


def test_a_stop_ends_a_training_that_is_running(world: World, pipeline: Pipeline, index_folder: Path) -> None:
    settings = settings_of(pipeline, index_folder.parent, RETRAINING_INTERVAL="1")
    with Running(settings) as running:
        world.put("a.jpg", cover(0).jpeg())
        eventually(lambda: running.metric("job_running", step="retraining") == 1, "the training starts")
        running.settle(world)
    with Running(settings_of(pipeline, index_folder.parent)) as again:
        world.put("b.jpg", cover(1).jpeg())
        eventually(lambda: len(world.covers()) == 2, "the index is as good as before")
        assert again.metric("commit_seconds_count") > 0


def test_the_index_is_backed_up_and_comes_back_from_its_backup(
    world: World, pipeline: Pipeline, index_folder: Path, tmp_path: Path
) -> None:
    settings = settings_of(pipeline, index_folder.parent, BACKUP_INTERVAL="0.2")
    with Running(settings) as running:
        etag = world.put("a.jpg", cover(0).jpeg())
        eventually(lambda: "a.jpg" in world.covers(), "the cover is searchable")
        number = world.reader.state.manifest
        eventually(lambda: running.metric("backup_manifest") == number, "its manifest is backed up")
        made = running.metric("backups_total", outcome="succeeded")
        world.send("a.jpg")  # changes nothing
        running.settle(world)
        assert running.metric("backups_total", outcome="succeeded") == made
        assert running.metric("backup_last_success_timestamp_seconds") > 1_700_000_000
    kept = backup_store(settings)
    assert kept is not None
    restored = open_store((tmp_path / "restored").as_uri())
    restore(kept, restored)
    reader = Reader(restored, tmp_path / "restored-cache", dimensions=128)
    reader.refresh()
    with reader.acquire() as snapshot:
        assert snapshot.cover("a.jpg").etag == etag


def test_a_backup_that_fails_is_told_and_stops_nothing(world: World, pipeline: Pipeline, index_folder: Path) -> None:
    settings = settings_of(
        pipeline, index_folder.parent, BACKUP_INTERVAL="0.1", BACKUP_URL=f"s3://{pipeline.bucket}-missing/backup"
    )
    with Running(settings) as running:
        eventually(lambda: running.metric("backups_total", outcome="failed") >= 2, "it fails and is tried again")
        assert "backup" in str(running.health()["problems"])
        world.put("a.jpg", cover(0).jpeg())
        eventually(lambda: "a.jpg" in world.covers(), "covers are ingested all the same")
        pipeline.s3.create_bucket(Bucket=f"{pipeline.bucket}-missing")
        eventually(lambda: running.health()["status"] == "ok", "the next one succeeds")


def test_a_message_in_hand_for_longer_than_its_visibility_is_not_delivered_twice(
    world: World, pipeline: Pipeline, index_folder: Path
) -> None:
    settings = settings_of(pipeline, index_folder.parent, VISIBILITY_TIMEOUT="5", BATCH_AGE="9")
    with Running(settings) as running:
        world.put("a.jpg", cover(0).jpeg())
        eventually(lambda: "a.jpg" in world.covers(), "it is searchable once the batch is old enough")
        running.settle(world)
        assert running.metric("messages_received_total") == world.sent
