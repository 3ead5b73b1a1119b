"""What became of an image: indexed, rejected, or unknown."""

from __future__ import annotations

from fastapi import APIRouter

from vinymatic.errors import CoverNotFoundError
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.rejects import find_reject
from vinymatic.lifecycle.status import ingest_status
from vinymatic_api.keys import PathKey, QueryKey
from vinymatic_api.responses import failures
from vinymatic_api.schemas import IngestOut
from vinymatic_api.service import CurrentService, Service

router = APIRouter(prefix="/v1/ingest", tags=["ingest"])


@router.get("", responses=failures(400, 422, 503))
def get_ingest_by_query(key: QueryKey, service: CurrentService) -> IngestOut:
    """What became of the image under this S3 key, by `?id=`."""
    return _status(key, service)


@router.get("/{id:key}", responses=failures(400, 422, 503))
def get_ingest(key: PathKey, service: CurrentService) -> IngestOut:
    """What became of the image under this S3 key. `unknown`: not seen yet, or removed."""
    return _status(key, service)


def _status(key: str, service: Service) -> IngestOut:
    status = ingest_status(_entry(key, service), find_reject(service.store, key))
    return IngestOut(
        id=key,
        state=status.state,
        manifest=status.manifest,
        code=status.code,
        message=status.message,
        etag=status.etag,
    )


def _entry(key: str, service: Service) -> CoverEntry | None:
    with service.reader.acquire() as snapshot:
        try:
            return snapshot.cover(key)
        except CoverNotFoundError:
            return None
