"""POST /search, as it always was; POST /v1/search, which says how it came to its answer, and /v1/search/picture, which draws it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Generic, TypeVar

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import JSONResponse, Response

from vinymatic.errors import NoIndexError
from vinymatic.index.query import identify
from vinymatic.index.results import Effort, SearchOptions, SearchResult
from vinymatic_api.body import read_body
from vinymatic_api.photo import photo_in
from vinymatic_api.picture import draw_search
from vinymatic_api.readiness import nothing_loaded
from vinymatic_api.responses import PICTURE, failures
from vinymatic_api.schemas import Scores, SearchOut
from vinymatic_api.service import CurrentService, Service

Result = TypeVar("Result")

router = APIRouter(tags=["search"])

_IMAGE = {"schema": {"type": "string", "format": "binary"}}
_BODY = {
    "requestBody": {
        "required": True,
        "description": "A photo: JPEG, PNG or WebP. Its first bytes decide, not the Content-Type.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {"file": {"type": "string", "format": "binary", "description": "The photo."}},
                    "required": ["file"],
                }
            },
            "image/jpeg": _IMAGE,
            "image/png": _IMAGE,
            "image/webp": _IMAGE,
            "application/octet-stream": _IMAGE,
        },
    }
}
_FAILURES = failures(400, 413, 415, 422, 503)


@router.post("/search", response_model=Scores, responses=_FAILURES, openapi_extra=_BODY)
async def search(request: Request, service: CurrentService) -> JSONResponse:
    """Score by ID, best first: at most TOP_N, none under SIMILARITY_THRESHOLD. `{}` when the cover is not in the catalogue."""
    settings = service.settings
    options = SearchOptions(settings.top_n, settings.similarity_threshold)
    result, _ = await _search(service, request, options)
    # Straight from the dict: its order is the ranking.
    return JSONResponse(result.scores(options))


async def _options(
    service: CurrentService,
    max_covers: Annotated[int, Query(ge=1, le=20, description="Most covers to look for in the photo.")] = 1,
    top_n: Annotated[
        int | None, Query(ge=1, le=100, description="Most candidates to show. Otherwise TOP_N.", examples=[5])
    ] = None,
    similarity_threshold: Annotated[
        float | None,
        Query(
            ge=0,
            le=1,
            allow_inf_nan=False,
            description="Least score to accept. Otherwise SIMILARITY_THRESHOLD.",
            examples=[0.5],
        ),
    ] = None,
    effort: Annotated[
        Effort,
        Query(
            description="`fast`: one cheap step. `standard`: cheap first, more while undecided. `max`: the most, at once."
        ),
    ] = Effort.STANDARD,
) -> SearchOptions:
    settings = service.settings
    return SearchOptions(
        top_n=settings.top_n if top_n is None else top_n,
        similarity_threshold=settings.similarity_threshold if similarity_threshold is None else similarity_threshold,
        max_covers=max_covers,
        effort=effort,
    )


Options = Annotated[SearchOptions, Depends(_options)]


@router.post("/v1/search", responses=_FAILURES, openapi_extra=_BODY)
async def search_v1(request: Request, service: CurrentService, options: Options) -> SearchOut:
    """The verdict, why, and where in the photo each cover lies."""
    result, timings = await _search(service, request, options)
    return SearchOut.of(result, timings)


# A response class that names its type would name it for failures too.
@router.post("/v1/search/picture", response_class=Response, responses={200: PICTURE, **_FAILURES}, openapi_extra=_BODY)
async def search_picture(request: Request, service: CurrentService, options: Options) -> Response:
    """The photo with the outline of each cover, the covers beside it, and lines between the features that agree."""
    done = await _worked(service, request, partial(draw_search, service, options=options))
    drawn = done.value
    service.metrics.observe_search(drawn.result, done.waited, done.waited + drawn.seconds)
    return drawn.response()


async def _search(service: Service, request: Request, options: SearchOptions) -> tuple[SearchResult, dict[str, float]]:
    """The result, and milliseconds by step with the wait for a thread and the total after the upload."""
    done = await _worked(service, request, partial(_identify, service, options=options))
    result = done.value
    service.metrics.observe_search(result, done.waited, done.total)
    return result, {"queue": done.waited * 1_000, **result.timings_ms, "total": done.total * 1_000}


@dataclass(frozen=True)
class _Worked(Generic[Result]):
    """Seconds: `waited` for a thread, `total` after the upload."""

    value: Result
    waited: float
    total: float


async def _worked(service: Service, request: Request, job: Callable[[bytes, str], Result]) -> _Worked[Result]:
    """What `job` makes of the body and its Content-Type, on a thread of the pool."""
    # Before the upload is read: there is no point in taking 20 MB only to send them away.
    _require_index(service)
    service.pool.require_room()
    body = await read_body(request)
    begin = time.perf_counter()
    content_type = request.headers.get("content-type", "")
    done = await service.pool.run(partial(job, body, content_type), partial(_client_left, request))
    return _Worked(done.value, done.waited, time.perf_counter() - begin)


def _require_index(service: Service) -> None:
    if service.reader.state.manifest is None:
        raise NoIndexError(nothing_loaded(service))


def _identify(service: Service, body: bytes, content_type: str, options: SearchOptions) -> SearchResult:
    """Runs on a thread of the pool."""
    photo = photo_in(body, content_type)
    with service.reader.acquire() as snapshot:
        return identify(
            snapshot,
            photo,
            service.spec,
            options,
            max_pixels=service.settings.max_pixels,
            weights=service.weights,
        )


async def _client_left(request: Request) -> None:
    """Returns when the connection is gone. The body has been read, so nothing else can arrive."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
