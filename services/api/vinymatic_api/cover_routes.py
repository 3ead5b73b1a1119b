"""The catalogue: list it, look a cover up, ask for its removal."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from vinymatic.errors import CoverNotFoundError
from vinymatic_api.deletion import request_deletion
from vinymatic_api.keys import MOST_BYTES, PathKey, QueryKey, checked
from vinymatic_api.responses import failures
from vinymatic_api.schemas import CoverOut, CoverPage, DeletionOut
from vinymatic_api.service import CurrentService

router = APIRouter(prefix="/v1/covers", tags=["covers"])


@router.get("", responses=failures(400, 422, 503))
def list_covers(
    service: CurrentService,
    prefix: Annotated[str, Query(description="Only IDs that start so.", max_length=MOST_BYTES)] = "",
    start_after: Annotated[
        str, Query(description="Only IDs after this one: the last page's `next`.", max_length=MOST_BYTES)
    ] = "",
    limit: Annotated[int, Query(ge=1, le=1_000, description="Most covers of a page.")] = 100,
    id: Annotated[  # noqa: A002 - the product's word
        str | None,
        Query(
            min_length=1,
            description="Only this very ID; the page is empty where it is not there. For keys that a client would tidy away in a path.",
            examples=["covers//../odd.jpg"],
        ),
    ] = None,
) -> CoverPage:
    """Covers in the order of their IDs (by code point, as S3 lists them)."""
    with service.reader.acquire() as snapshot:
        if id is not None:
            try:
                found = [snapshot.cover(checked(id.encode()))]
            except CoverNotFoundError:
                found = []
            return CoverPage(covers=[CoverOut.of(entry) for entry in found], next=None, manifest=snapshot.number)
        # One more than asked for tells whether another page follows.
        entries = snapshot.list_covers(start_after, limit + 1, prefix)
        page = entries[:limit]
        following = page[-1].id if len(entries) > limit else None
        return CoverPage(covers=[CoverOut.of(entry) for entry in page], next=following, manifest=snapshot.number)


@router.get("/{id:key}", responses=failures(400, 404, 422, 503))
def get_cover(key: PathKey, service: CurrentService) -> CoverOut:
    """What the index knows of a cover."""
    with service.reader.acquire() as snapshot:
        return CoverOut.of(snapshot.cover(key))


@router.delete("", status_code=HTTPStatus.ACCEPTED, responses=failures(400, 422, 501, 503))
def delete_cover_by_query(key: QueryKey, service: CurrentService) -> DeletionOut:
    """Asks the ingestor to remove a cover from the index, by `?id=`. The scan in the bucket stays."""
    return _delete(key, service)


@router.delete("/{id:key}", status_code=HTTPStatus.ACCEPTED, responses=failures(400, 422, 501, 503))
def delete_cover(key: PathKey, service: CurrentService) -> DeletionOut:
    """Asks the ingestor to remove a cover from the index. The scan in the bucket stays; asking twice is no error."""
    return _delete(key, service)


def _delete(key: str, service: CurrentService) -> DeletionOut:
    request_deletion(service.queue, key)
    return DeletionOut(id=key)
