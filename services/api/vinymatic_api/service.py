"""What the routes share, and how they get at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from vinymatic.features import FeatureSpec
from vinymatic.index.score_weights import StepWeights
from vinymatic.lifecycle.places import score_weights
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.scan_reader import ScanReader
from vinymatic.queueing.port import Queue
from vinymatic.settings import ApiSettings
from vinymatic.storage.port import ObjectStore
from vinymatic.threads import usable_cores
from vinymatic_api.follower import Follower
from vinymatic_api.metrics import Metrics
from vinymatic_api.pool import WorkPool
from vinymatic_api.readiness import Readiness


@dataclass(frozen=True)
class Service:
    """One running API. `queue`: where deletions go; None where SQS_QUEUE_URL is empty. `store`: the index's, for reject records.

    `scans`: for match pictures; None where S3_BUCKET is empty.
    """

    settings: ApiSettings
    spec: FeatureSpec
    weights: StepWeights
    reader: Reader
    store: ObjectStore
    queue: Queue | None
    scans: ScanReader | None
    metrics: Metrics
    pool: WorkPool
    follower: Follower
    readiness: Readiness


def make_service(
    settings: ApiSettings, reader: Reader, store: ObjectStore, queue: Queue | None, scans: ScanReader | None = None
) -> Service:
    """Threads start with the first photo, the follower with the app. Raises `SettingError` for weights that cannot be read."""
    weights = score_weights(settings)
    metrics = Metrics()
    pool = WorkPool(settings.search_threads or usable_cores(), settings.queue_size)
    follower = Follower(reader, settings.refresh_interval, metrics)
    metrics.threads.set(pool.threads)
    metrics.waiting.set_function(lambda: pool.waiting)
    metrics.running.set_function(lambda: pool.running)
    metrics.staleness.set_function(lambda: follower.staleness)
    metrics.max_staleness.set_function(lambda: follower.max_staleness)
    spec = FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    return Service(
        settings=settings,
        spec=spec,
        weights=weights,
        reader=reader,
        store=store,
        queue=queue,
        scans=scans,
        metrics=metrics,
        pool=pool,
        follower=follower,
        readiness=Readiness(settings.index_min_manifest),
    )


def _service(request: Request) -> Service:
    return cast(Service, request.app.state.service)


CurrentService = Annotated[Service, Depends(_service)]
