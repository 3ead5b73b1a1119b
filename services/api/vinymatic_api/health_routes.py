"""Alive, ready, and the metrics."""

from __future__ import annotations

from http import HTTPStatus

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.responses import JSONResponse, Response

from vinymatic_api.problems import problem
from vinymatic_api.readiness import not_loaded
from vinymatic_api.responses import failures
from vinymatic_api.schemas import Alive, Ready, Serving
from vinymatic_api.service import CurrentService

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Alive:
    """The process answers. Restart it when this does not."""
    return Alive()


@router.get("/readyz", response_model=Ready, responses=failures(503))
async def readyz(service: CurrentService) -> JSONResponse:
    """Ready while anything can be served, from INDEX_MIN_MANIFEST on: a load that fails keeps the older state, and is shown here."""
    state = service.reader.state
    if state.manifest is None:
        return not_loaded(service)
    if not service.readiness.reached(state.manifest):
        message = (
            f"manifest {state.manifest} is served; this replica is ready from manifest {service.readiness.least} on"
        )
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "stale_index", message)
    ready = Ready(segments=state.segments, **Serving.of(state, service.follower).model_dump())
    return JSONResponse(ready.model_dump())


@router.get(
    "/metrics", response_class=Response, responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}
)
async def metrics(service: CurrentService) -> Response:
    """For Prometheus."""
    service.metrics.show_state(service.reader.state)
    return Response(service.metrics.text(), media_type=CONTENT_TYPE_LATEST)
