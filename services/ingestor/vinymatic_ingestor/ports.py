"""What the ingestor reaches of the world outside, as ports."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.errors import SettingError
from vinymatic.lifecycle.places import backup_store, change_queue, covers_store, index_store
from vinymatic.queueing.port import Queue
from vinymatic.settings import IngestorSettings
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class Ports:
    """`backup` is None where no backup is wanted."""

    covers: ObjectStore
    index: ObjectStore
    queue: Queue
    backup: ObjectStore | None


def open_ports(settings: IngestorSettings) -> Ports:
    """Asks nothing of the network yet. Raises `SettingError` where a setting that the ingestor needs is missing."""
    queue = change_queue(settings)
    if queue is None:
        raise SettingError("SQS_QUEUE_URL", "", "the URL of the queue that carries the keys of changed covers")
    return Ports(
        covers=covers_store(settings),
        index=index_store(settings),
        queue=queue,
        backup=backup_store(settings) if settings.backup_interval > 0 else None,
    )
