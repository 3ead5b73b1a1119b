"""Alive, ready, and the metrics."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from vinymatic_api.problems import problem
from vinymatic_api.responses import failures
from vinymatic_api.schemas import Alive, Ready
from vinymatic_api.search_routes import nothing_loaded
from vinymatic_api.service import CurrentService

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers. Restart it when this does not."""
    return Alive()


@router.get("/readyz", response_model=Ready, responses=failures(503))
async def readyz(service: CurrentService) -> JSONResponse:
    """Ready while anything can be served: a load that fails keeps the older state, and is shown here."""
    state, failure = service.reader.state, service.follower.failure
    if state.manifest is None or state.epoch is None or state.loaded_at is None:
        code = "no_index" if failure is None else failure.code
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, nothing_loaded(service))
    ready = Ready(
        manifest=state.manifest,
        epoch=state.epoch,
        covers=state.covers,
        segments=state.segments,
        loaded_at=state.loaded_at,
        staleness_s=round(service.follower.staleness, 3),
        max_staleness_s=round(service.follower.max_staleness, 3),
        last_error=None if failure is None else str(failure),
    )
    return JSONResponse(ready.model_dump())


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(service: CurrentService) -> Response:
    """For Prometheus."""
    service.metrics.show_state(service.reader.state)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
