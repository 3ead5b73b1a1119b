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


def _header(description: str, example: str) -> dict[str, object]:
    return {"description": description, "schema": {"type": "string"}, "example": example}


PICTURE: dict[str, object] = {
    "description": "A PNG of at most some 1,500 × 1,200 pixels",
    "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
    "headers": {
        "Vinymatic-Verdict": _header("`match`, `ambiguous` or `not_in_catalogue`.", "match"),
        "Vinymatic-Manifest": _header("The state of the catalogue that answered.", "17"),
        "Vinymatic-Score": _header("Of the cover that is drawn first, accepted or not; 0 where none is.", "0.9981"),
        "Vinymatic-Covers": _header(
            "What is accepted, best first: a JSON object, score by ID, in ASCII; the last are left out over 7,000 bytes.",
            '{"covers/The Nightingales/Hollow Coast (1974).jpg":0.9981}',
        ),
    },
}
