"""The index that this replica serves, for programs that look after it: the operator has no other sight of it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import JSONResponse

from vinymatic.errors import NoIndexError
from vinymatic.lifecycle.summary import summarize
from vinymatic_api.index_schemas import IndexOut, ScoreOut, SearchesOut
from vinymatic_api.readiness import not_loaded
from vinymatic_api.responses import failures
from vinymatic_api.schemas import Serving
from vinymatic_api.service import CurrentService

router = APIRouter(tags=["health"])


@router.get("/v1/index", response_model=IndexOut, responses=failures(503))
def index(service: CurrentService) -> JSONResponse:
    """What the index served is, how fresh it is, and how searches went. INDEX_MIN_MANIFEST does not matter here."""
    try:
        with service.reader.acquire() as snapshot:
            summary = summarize(snapshot.manifest)
            serving = Serving.of(service.reader.state, service.follower)
    except NoIndexError:
        return not_loaded(service)
    searches = SearchesOut(answered=service.metrics.answers.answered, failed=service.metrics.answers.failed)
    score = ScoreOut(weights=service.weights.name, sha256=service.weights.sha256)
    return JSONResponse(IndexOut(index=summary, serving=serving, score=score, searches=searches).model_dump())
