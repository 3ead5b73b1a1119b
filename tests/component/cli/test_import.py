"""`vinymatic import` from a real bucket: directly, through the queue, from an inventory, killed and run again, and pruned."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote_plus

import pytest

from local.servers import free_ports
from tests.component.ingestor.harness import Running, World, environment, eventually, settings_of
from tests.support.servers import Pipeline, make_bucket, make_queue
from vinymatic.queueing.events import parse_message
from vinymatic.settings import descriptions
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.sleeves import sleeve

pytestmark = pytest.mark.component


@lru_cache
def scan(seed: int) -> bytes:
    return sleeve(seed, side=240).jpeg()


@dataclass
class Place:
    """A bucket and a queue that nothing connects, an index of the test's own, and the program."""

    pipeline: Pipeline
    world: World
    variables: dict[str, str]

    def put(self, key: str, data: bytes) -> None:
        self.pipeline.s3.put_object(Bucket=self.pipeline.bucket, Key=key, Body=data)

    def fill(self, count: int, prefix: str = "") -> list[str]:
        keys = [f"{prefix}größe, {seed} & co+.jpg" for seed in range(count)]
        for seed, key in enumerate(keys):
            self.put(key, scan(seed))
        return keys

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "vinymatic", "import", *map(str, words)],
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *words: str | Path, exit_code: int = 0) -> tuple[str, str]:
        process = self.start(*words)
        out, err = process.communicate(timeout=120)
        assert process.returncode == exit_code, (out, err)
        return out, err

    def ids(self) -> list[str]:
        return sorted(self.world.covers())


@pytest.fixture
def place_of(pipeline: Pipeline, index_folder: Path, tmp_path: Path) -> Callable[..., Place]:
    """Events of the bucket go nowhere: what is indexed is the import's doing."""

    def make(**more: str) -> Place:
        quiet = Pipeline(
            pipeline.s3, pipeline.sqs, pipeline.endpoint, make_bucket(pipeline.s3), make_queue(pipeline.sqs)
        )
        world = World(quiet, settings_of(quiet, index_folder.parent, **more), tmp_path, sent=0)
        ours = {row.name for row in descriptions()}
        others = {name: value for name, value in os.environ.items() if name not in ours}
        return Place(quiet, world, others | environment(quiet, index_folder.parent, **more))

    return make


@pytest.fixture
def place(place_of: Callable[..., Place]) -> Place:
    return place_of()


def test_a_bucket_is_imported_without_the_index_and_the_backup_in_it(place_of: Callable[..., Place]) -> None:
    bucket_place = place_of()
    bucket = bucket_place.pipeline.bucket
    bucket_place.variables["INDEX_URL"] = f"s3://{bucket}/index"
    keys = bucket_place.fill(3)
    bucket_place.put("bad.jpg", b"not an image")
    bucket_place.put("folder/", b"")
    bucket_place.put("vinymatic-backup/manifests/x.json", b"{}")
    out, err = bucket_place.run("--bucket")
    assert f"s3://{bucket}/index: 3 covers added, 0 replaced, 0 unchanged, 1 refused; manifest 2" in out
    assert err.startswith("refused: bad.jpg: ")
    # The index lies in the bucket by now: none of its files is taken for a cover.
    bucket_place.put(keys[0], scan(9))
    out, _ = bucket_place.run("--bucket")
    assert "0 covers added, 1 replaced, 2 unchanged, 1 refused; manifest 3" in out


def test_an_object_above_the_limit_is_refused_and_the_prefix_is_kept_to(place_of: Callable[..., Place]) -> None:
    place = place_of(MAX_OBJECT_BYTES="100000")
    keys = place.fill(2, "in/")
    place.fill(1, "out/")
    place.put("in/huge.jpg", bytes(100_001))
    out, err = place.run("--bucket", "--prefix", "in/")
    assert "2 covers added, 0 replaced, 0 unchanged, 1 refused" in out
    assert err.startswith("refused: in/huge.jpg: ")
    assert "(image_too_large)" in err
    assert place.ids() == keys
    reject = place.world.reject("in/huge.jpg")
    assert reject is not None
    assert reject.code == "image_too_large"


def test_an_import_that_is_killed_is_finished_by_the_next_and_does_nothing_twice(place: Place) -> None:
    keys = place.fill(40)
    process = place.start("--bucket", "--batch", "1")
    try:
        eventually(lambda: len(place.world.covers()) >= 3, "three covers are committed")
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    done = place.world.covers()
    assert 3 <= len(done) < 40
    out, _ = place.run("--bucket", "--batch", "8")
    assert f"{40 - len(done)} covers added, 0 replaced, {len(done)} unchanged, 0 refused" in out
    after = place.world.covers()
    assert sorted(after) == sorted(keys)
    assert {cover_id: after[cover_id] for cover_id in done} == done


def test_ingestors_share_the_work_that_the_queue_is_told_of(place: Place) -> None:
    keys = place.fill(23)
    place.put("bad.jpg", b"not an image")
    place.run("--bucket", "--prefix", keys[0])
    out, _ = place.run("--bucket", "--to-queue")
    assert out == f"23 keys sent to {place.pipeline.queue_url}, 1 unchanged\n"
    assert place.world.waiting() == (23, 0)
    settings = place.world.settings
    other = settings.model_copy(update={"metrics_port": free_ports(1)[0]})
    with Running(settings), Running(other):
        eventually(lambda: place.ids() == sorted(keys) and place.world.waiting() == (0, 0), "every cover is indexed")
    reject = place.world.reject("bad.jpg")
    assert reject is not None
    assert reject.code == "not_an_image"
    # A refused object is looked at again; nothing else is sent a second time.
    out, _ = place.run("--bucket", "--to-queue")
    assert out.startswith("1 key sent to ")
    [message] = place.world.queue().receive(limit=10, wait_seconds=5, visibility_seconds=30)
    assert [change.key for change in parse_message(message.body)] == ["bad.jpg"]


def test_the_queue_can_be_filled_before_there_is_an_index_and_makes_none(place: Place, tmp_path: Path) -> None:
    place.fill(2)
    out, _ = place.run("--bucket", "--to-queue", "--index-url", (tmp_path / "new").as_uri())
    assert out.startswith("2 keys sent to ")
    assert not (tmp_path / "new").exists()


def test_a_packed_inventory_is_imported_and_what_is_gone_by_now_is_counted(place: Place, tmp_path: Path) -> None:
    keys = place.fill(3)
    listed = [(key, len(scan(seed))) for seed, key in enumerate(keys)] + [("gone.jpg", 5)]
    inventory = tmp_path / "inventory.csv.gz"
    inventory.write_bytes(
        gzip.compress(
            "".join(f'"{place.pipeline.bucket}","{quote_plus(key)}","{size}"\n' for key, size in listed).encode()
        )
    )
    words = ("--inventory", inventory, "--columns", "Bucket, Key, Size")
    out, _ = place.run(*words)
    assert "3 covers added, 0 replaced, 0 unchanged, 0 refused, 1 no longer there" in out
    assert place.ids() == sorted(keys)
    # The inventory has no ETags: the bucket is asked for them.
    out, _ = place.run(*words)
    assert "0 covers added, 0 replaced, 3 unchanged, 0 refused, 1 no longer there" in out


def test_a_list_of_keys_is_imported(place: Place, tmp_path: Path) -> None:
    keys = place.fill(3)
    (tmp_path / "keys.txt").write_text("\n".join(keys[:2]))
    place.run("--keys", tmp_path / "keys.txt")
    assert place.ids() == sorted(keys[:2])


def test_prune_deletes_with_yes_what_the_bucket_lost_under_the_prefix_alone(
    place: Place, index_store: ObjectStore
) -> None:
    inside, outside = place.fill(3, "in/"), place.fill(1, "out/")
    place.run("--bucket")
    for key in (inside[1], outside[0]):
        place.pipeline.s3.delete_object(Bucket=place.pipeline.bucket, Key=key)
    out, _ = place.run("--bucket", "--prefix", "in/", "--prune")
    assert f"would delete: {inside[1]}\n1 cover would be deleted; nothing is, without --yes" in out
    assert len(place.ids()) == 4
    out, _ = place.run("--bucket", "--prefix", "in/", "--prune", "--yes")
    assert "1 cover deleted whose scans are gone" in out
    assert place.ids() == sorted([inside[0], inside[2], outside[0]])


def test_a_bucket_that_is_not_there_ends_in_one_line(place: Place) -> None:
    place.variables["S3_BUCKET"] = "no-such-bucket-at-all"
    out, err = place.run("--bucket", exit_code=1)
    assert out == ""
    assert err.startswith("error: ")
    assert err.count("\n") == 1
