"""A running ingestor on a test's own bucket and queue, and what a test asks of the world around it."""

from __future__ import annotations

import json
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from local.servers import ServerProcess, free_ports
from local.servers.answers import answers_http
from local.servers.aws import ACCESS_KEY_ID, REGION, SECRET_ACCESS_KEY
from local.servers.process import clean_environment
from tests.support.servers import Pipeline
from vinymatic.errors import NoIndexError
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.places import index_store
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.rejects import Reject, find_reject
from vinymatic.queueing.sqs import SqsAccess, SqsQueue
from vinymatic.settings import IngestorSettings, load
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.pace import Pace
from vinymatic_ingestor.ports import Ports, open_ports
from vinymatic_ingestor.service import Ingestor

PATIENCE = 90.0
COMMAND = [sys.executable, "-m", "vinymatic", "ingest"]
# As the real one, with pauses that a test can sit out.
QUICK = Pace(first=0.05, longest=0.5, denied=0.2, receive_wait=1.0)


def eventually(condition: Callable[[], bool], what: str, *, seconds: float = PATIENCE) -> None:
    """Waits until `condition` holds; fails with `what` after a generous deadline."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s: {what}"
        time.sleep(0.02)


def environment(pipeline: Pipeline, folder: Path, **more: str) -> dict[str, str]:
    """The original's variables and an endpoint; `more` on top."""
    return {
        "S3_ACCESS_KEY_ID": ACCESS_KEY_ID,
        "S3_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
        "S3_REGION": REGION,
        "S3_BUCKET": pipeline.bucket,
        "S3_ENDPOINT_URL": pipeline.endpoint,
        "SQS_QUEUE_URL": pipeline.queue_url,
        "BACKUP_FOLDER": str(folder),
        "BACKUP_INTERVAL": "0",
        "RETRAINING_INTERVAL": "0",
        "COMPACTION_INTERVAL": "0",
        "COLLECTION_INTERVAL": "0",
        "BATCH_AGE": "0.1",
        "METRICS_HOST": "127.0.0.1",
        "METRICS_PORT": str(free_ports(1)[0]),
        **more,
    }


def settings_of(pipeline: Pipeline, folder: Path, **more: str) -> IngestorSettings:
    return load(IngestorSettings, environment(pipeline, folder, **more))


def process(variables: dict[str, str], folder: Path) -> ServerProcess:
    """The real program with these variables; its log lies in `folder`."""
    port = int(variables["METRICS_PORT"])
    return ServerProcess(
        "ingestor",
        COMMAND,
        log=folder / "ingestor.log",
        ready=lambda: answers_http(port, "/healthz"),
        environment=clean_environment(**variables),
    )


@dataclass
class World:
    """The bucket, the queue and the index of one test, seen from outside.

    `sent`: messages that have been, or soon will be, in the queue: a bucket's events arrive after the answer to what caused them.
    """

    pipeline: Pipeline
    settings: IngestorSettings
    folder: Path
    reader: Reader = field(init=False)
    index: ObjectStore = field(init=False)
    sent: int = 1  # the s3:TestEvent of the wiring

    def __post_init__(self) -> None:
        self.index = index_store(self.settings)
        self.reader = Reader(self.index, self.folder / "cache", dimensions=self.settings.sift_dimensions)

    def put(self, key: str, data: bytes) -> str:
        """The new object's ETag."""
        self.sent += 1
        answer = self.pipeline.s3.put_object(Bucket=self.pipeline.bucket, Key=key, Body=data)
        return answer["ETag"].strip('"')

    def remove(self, key: str) -> None:
        self.sent += 1
        self.pipeline.s3.delete_object(Bucket=self.pipeline.bucket, Key=key)

    def send(self, body: str) -> str:
        """The message's id."""
        self.sent += 1
        return self.pipeline.sqs.send_message(QueueUrl=self.pipeline.queue_url, MessageBody=body)["MessageId"]

    def queue(self) -> SqsQueue:
        return SqsQueue(self.pipeline.queue_url, SqsAccess(ACCESS_KEY_ID, SECRET_ACCESS_KEY, REGION))

    def waiting(self) -> tuple[int, int]:
        """Visible and hidden messages."""
        answer = self.pipeline.sqs.get_queue_attributes(QueueUrl=self.pipeline.queue_url, AttributeNames=["All"])
        attributes = answer["Attributes"]
        return (
            int(attributes["ApproximateNumberOfMessages"]),
            int(attributes["ApproximateNumberOfMessagesNotVisible"]),
        )

    def covers(self) -> dict[str, CoverEntry]:
        """What a reader finds in the newest manifest."""
        try:
            self.reader.refresh()
        except NoIndexError:
            return {}
        with self.reader.acquire() as snapshot:
            return {entry.id: entry for entry in snapshot.list_covers(limit=1_000_000)}

    def reject(self, key: str) -> Reject | None:
        return find_reject(self.index, key)


@dataclass
class Running:
    """An ingestor in a thread of this process, real in everything but its signals."""

    settings: IngestorSettings
    ports: Ports | None = None
    pace: Pace = QUICK

    def __enter__(self) -> Self:
        self.ingestor = Ingestor(self.settings, self.ports or open_ports(self.settings), pace=self.pace)
        self.clean: bool | None = None
        self.error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="ingestor")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ingestor.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        if error is None:
            assert self.error is None, self.error
            assert self.clean

    def _run(self) -> None:
        try:
            self.clean = self.ingestor.run()
        except BaseException as error:  # noqa: BLE001 - shown by __exit__
            self.error = error

    def metric(self, name: str, **labels: str) -> float:
        return self.ingestor.metrics.registry.get_sample_value(f"vinymatic_ingestor_{name}", labels) or 0.0

    def settle(self, world: World) -> None:
        """Waits until every message that was sent is acknowledged and the queue is empty."""

        def settled() -> bool:
            return self.metric("messages_acknowledged_total") >= world.sent and world.waiting() == (0, 0)

        eventually(
            settled, f"{world.sent} messages are acknowledged; {self.metric('messages_acknowledged_total'):.0f} are"
        )

    def fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.settings.metrics_port}{path}", timeout=30) as answer:
            body: bytes = answer.read()
        return body

    def health(self) -> dict[str, object]:
        report: dict[str, object] = json.loads(self.fetch("/healthz"))
        return report


def with_ports(settings: IngestorSettings, **changed: object) -> Ports:
    """The real ports, some of them wrapped."""
    return replace(open_ports(settings), **changed)  # type: ignore[arg-type]
