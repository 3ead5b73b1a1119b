"""Everything is killed at random, the storage server too; afterwards every cover is there exactly once.

Ingestors, a trainer, a compactor, a collector and a backup run as real processes on one index on SeaweedFS and one queue on ministack. All
die by kill -9, both servers too. ministack forgets its queue then, which SQS does not: every key that was ever sent is sent again.
The collector's grace is a day, so within minutes it deletes nothing; it reads, lists and judges among the others.

VINYMATIC_SOAK_SECONDS makes it longer.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from local.servers import Ministack, SeaweedFS, free_ports
from local.servers.process import clean_environment
from tests.component.ingestor.harness import Running, World, environment, eventually
from tests.component.lifecycle.roles import Role
from tests.support.index import cover, open_writer
from tests.support.servers import Pipeline, make_bucket, make_queue
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.files import sha256_of
from vinymatic.settings import IngestorSettings, load

pytestmark = pytest.mark.component

SECONDS = float(os.environ.get("VINYMATIC_SOAK_SECONDS", "30"))
KEYS = 30
PICTURES = 8
T = TypeVar("T")


def patiently(action: Callable[[], T]) -> T:
    """A server that is being started again is waited for."""
    deadline = time.monotonic() + 90
    while True:
        try:
            return action()
        except (BotoCoreError, ClientError):
            assert time.monotonic() < deadline
            time.sleep(0.2)


class Shop:
    """Puts, replaces and removes scans, and says so in the queue; `expected`: the ETag of each key that the bucket holds."""

    def __init__(self, world: World, dice: random.Random) -> None:
        self.expected: dict[str, str] = {}
        self._world = world
        self._dice = dice
        self._sent: set[str] = set()

    def act(self) -> None:
        key = f"{self._dice.randrange(KEYS)}.jpg"
        if key in self.expected and self._dice.random() < 0.3:
            patiently(lambda: self._world.remove(key))
            del self.expected[key]
        else:
            scan = cover(self._dice.randrange(PICTURES)).jpeg()
            self.expected[key] = patiently(lambda: self._world.put(key, scan))
        self._sent.add(key)
        patiently(lambda: self._world.send(key))

    def send_again(self) -> None:
        """To a new queue of the old name."""
        queue = self._world.pipeline.queue_url.rpartition("/")[2]
        patiently(lambda: self._world.pipeline.sqs.create_queue(QueueName=queue))
        for key in sorted(self._sent):
            patiently(lambda key=key: self._world.send(key))  # type: ignore[misc]


def test_whatever_is_killed_every_cover_is_there_once(tmp_path: Path) -> None:
    seed = int(os.environ.get("VINYMATIC_SOAK_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"VINYMATIC_SOAK_SEED={seed}")  # noqa: T201 - pytest shows it when the test fails
    dice = random.Random(seed)
    with SeaweedFS(tmp_path / "s3") as storage, Ministack(tmp_path / "sqs") as queueing:
        pipeline = Pipeline(
            storage.s3(), queueing.sqs(), storage.endpoint, make_bucket(storage.s3()), make_queue(queueing.sqs())
        )
        variables = environment(
            pipeline,
            tmp_path / "data",
            INDEX_URL=f"s3://{pipeline.bucket}/index",
            BACKUP_URL=f"s3://{pipeline.bucket}/backup",
            SQS_ENDPOINT_URL=queueing.endpoint,
            BATCH_SIZE="4",
            BATCH_AGE="0.5",
            VISIBILITY_TIMEOUT="5",
            INGEST_THREADS="1",
        )
        settings = load(IngestorSettings, variables)
        world = World(pipeline, settings, tmp_path)
        open_writer(world.index, tmp_path / "work")

        def role(name: str, *commands: str) -> Role:
            own = variables | {"BACKUP_FOLDER": str(tmp_path / name), "METRICS_PORT": str(free_ports(1)[0])}
            return Role(name, commands, clean_environment(**own), tmp_path / f"{name}.log")

        roles = [
            role("ingestor-1", "ingest"),
            role("ingestor-2", "ingest"),
            role("trainer", "train", "promote --ungated", "train", "discard", "rollback", "retire"),
            role("compactor", "compact --fan-in 2"),
            role("collector", "collect --keep 1"),
            role("backup", "backup"),
        ]
        shop = Shop(world, dice)
        happened: Counter[str] = Counter()
        try:
            began = time.monotonic()
            # On a slow machine until everybody has got somewhere between two deaths.
            while time.monotonic() < began + SECONDS or not all(one.done for one in roles[2:]):
                assert time.monotonic() < began + SECONDS + 200, {one.name: one.done for one in roles}
                for one in roles:
                    one.drive()
                if dice.random() < 0.8:
                    shop.act()
                if dice.random() < 0.08:
                    dice.choice(roles).kill()
                if dice.random() < 0.02:
                    storage.kill()
                    storage.start()
                    happened["storage killed"] += 1
                if dice.random() < 0.02:
                    queueing.kill()
                    queueing.start()
                    shop.send_again()
                    happened["queue killed"] += 1
                time.sleep(dice.uniform(0.0, 0.4))
        finally:
            for one in roles:
                one.kill()
        happened.update({f"{one.name} killed": one.killed for one in roles})
        happened.update({f"{one.name} ended well": one.done for one in roles})
        print(dict(happened))  # noqa: T201

        with Running(settings):
            eventually(lambda: world.waiting() == (0, 0), "every message is acknowledged", seconds=180)
            eventually(
                lambda: {key: entry.etag for key, entry in world.covers().items()} == shop.expected,
                "the index is what the bucket holds",
            )
        _assert_whole(world, tmp_path / "checked")
        assert [one.name for one in roles if "Traceback" in one.log.read_text(errors="replace")] == []


def _assert_whole(world: World, path: Path) -> None:
    """No id is there twice, and every file that the newest manifest names has the bytes that it says."""
    newest = read_newest(world.index)
    assert newest is not None
    assert newest.covers == len(world.covers())
    assert newest.lacking(newest.active_epoch) == ()
    for file in newest.files():
        world.index.download(file.key, path)
        assert (path.stat().st_size, sha256_of(path)) == (file.size, file.sha256), file.key
