"""How failures look in the API's description."""

from __future__ import annotations

from vinymatic_api.schemas import ErrorResponse

_MEANING = {
    400: "Malformed: an empty or damaged body, a form without exactly one file, an ID that is no key",
    404: "Not there",
    413: "Too many bytes or pixels",
    415: "Not a JPEG, PNG or WebP",
    422: "A parameter is not allowed, or no object was found in the photo",
    501: "This server has no SQS_QUEUE_URL",
    503: "Nothing is loaded yet, the queue is full, or a service behind this one is away; Retry-After says when to come back",
}


def failures(*statuses: int) -> dict[int | str, dict[str, object]]:
    """The `responses` of a route that may fail in these ways."""
    return {status: {"model": ErrorResponse, "description": _MEANING[status]} for status in statuses}
