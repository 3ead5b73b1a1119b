"""Puts the service together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from vinymatic import __version__
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.scan_reader import ScanReader
from vinymatic.queueing.port import Queue
from vinymatic.settings import ApiSettings
from vinymatic.storage.port import ObjectStore
from vinymatic_api import cover_routes, health_routes, index_routes, ingest_routes, problems, search_routes
from vinymatic_api.body import BodyLimit
from vinymatic_api.metrics import RequestMetrics
from vinymatic_api.service import make_service

_DESCRIPTION = """\
Says which release a photographed record sleeve is, or honestly that it is not in the catalogue.

Every failure has one shape: `{"error": {"code", "message"}}`."""


def create_app(
    settings: ApiSettings,
    reader: Reader,
    store: ObjectStore,
    queue: Queue | None = None,
    scans: ScanReader | None = None,
) -> FastAPI:
    """The ASGI application. It follows the manifest log while its lifespan runs; `reader` stays the caller's to close.

    `store`: the index's. `queue`: where deletions are sent. `scans`: what match pictures draw the covers from.
    """
    service = make_service(settings, reader, store, queue, scans)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        service.follower.start()
        try:
            yield
        finally:
            await service.follower.stop()
            await run_in_threadpool(service.pool.close)

    app = FastAPI(
        title="Vinymatic",
        version=__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        # A redirect would answer for keys that end in a slash.
        redirect_slashes=False,
        redoc_url=None,
    )
    app.state.service = service
    problems.install(app)
    for module in (search_routes, cover_routes, ingest_routes, index_routes, health_routes):
        app.include_router(module.router)
    # The last one added is the outermost.
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(RequestMetrics, metrics=service.metrics)
    return app
