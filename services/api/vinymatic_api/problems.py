"""Every failure as one JSON shape: `{"error": {"code", "message", …}}`, and never a stack trace.

Errors of the library get their status from one table; errors that only HTTP knows are declared here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from vinymatic.errors import (
    ContentionError,
    CorruptImageError,
    CoverNotFoundError,
    ImageTooLargeError,
    NoIndexError,
    NoObjectFoundError,
    NotAnImageError,
    QueueUnavailableError,
    StorageUnavailableError,
    VinymaticError,
)
from vinymatic_api.schemas import ErrorBody, ErrorDetail, ErrorResponse

log = logging.getLogger(__name__)

RETRY_SECONDS = 1
AWAY = "the store or the queue behind this service cannot be reached at the moment; try again"
INTERNAL = "something went wrong on this side; the server's log says what"


class RequestError(VinymaticError):
    """A request that this service cannot or will not serve."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    code = "bad_request"


class EmptyBodyError(RequestError):
    code = "empty_body"


class MalformedBodyError(RequestError):
    code = "malformed_body"


class MalformedIdError(RequestError):
    code = "malformed_id"


class UnknownPathError(RequestError):
    status = HTTPStatus.NOT_FOUND
    code = "not_found"


class BodyTooLargeError(RequestError):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = "body_too_large"


class QueueFullError(RequestError):
    status = HTTPStatus.SERVICE_UNAVAILABLE
    code = "queue_full"


class NoChangeQueueError(RequestError):
    status = HTTPStatus.NOT_IMPLEMENTED
    code = "no_change_queue"


class ClientGoneError(RequestError):
    """Nobody reads the answer any more; the status is for the metrics alone."""

    status = HTTPStatus.BAD_REQUEST
    code = "client_gone"


# By the most special class that an error is; whatever is not here is our own failure: 500, its text in the log alone.
_STATUS: dict[type[VinymaticError], HTTPStatus] = {
    NotAnImageError: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    CorruptImageError: HTTPStatus.BAD_REQUEST,
    ImageTooLargeError: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    NoObjectFoundError: HTTPStatus.UNPROCESSABLE_ENTITY,
    CoverNotFoundError: HTTPStatus.NOT_FOUND,
    NoIndexError: HTTPStatus.SERVICE_UNAVAILABLE,
    StorageUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    QueueUnavailableError: HTTPStatus.SERVICE_UNAVAILABLE,
    ContentionError: HTTPStatus.SERVICE_UNAVAILABLE,
}

_HTTP_CODES = {HTTPStatus.NOT_FOUND: "not_found", HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed"}
_HTTP_MESSAGES = {
    HTTPStatus.NOT_FOUND: "there is nothing at this path; /docs lists what there is",
    HTTPStatus.METHOD_NOT_ALLOWED: "this path does not take this method; the Allow header says which it takes",
}


def status_of(error: VinymaticError) -> HTTPStatus:
    if isinstance(error, RequestError):
        return error.status
    return next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)


def problem(
    status: int,
    code: str,
    message: str,
    *,
    details: list[ErrorDetail] | None = None,
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """The one shape. Every 503 says when to come back."""
    body = ErrorResponse(error=ErrorBody(code=code, message=message, details=details))
    # A proxy reads no bodies: by this one the edge tells a pod that has no index yet from one that has too much to do.
    extra = {"vinymatic-error": code, **(headers or {})}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        extra.setdefault("retry-after", str(RETRY_SECONDS))
    return JSONResponse(body.model_dump(exclude_none=True), status_code=status, headers=extra)


def problem_of(error: VinymaticError) -> JSONResponse:
    status = status_of(error)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        # Its text may name files, buckets and hosts, which are nobody's business outside.
        return problem(status, "internal", INTERNAL)
    if isinstance(error, StorageUnavailableError | QueueUnavailableError):
        # So may an outage's, which names endpoints.
        return problem(status, error.code, AWAY)
    return problem(status, error.code, error.message)


def install(app: FastAPI) -> None:
    """Makes `app` answer every failure in the one shape."""
    app.add_exception_handler(VinymaticError, _on_own)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(Exception, _on_bug)


async def _on_own(request: Request, error: Exception) -> Response:
    assert isinstance(error, VinymaticError)
    request.scope["vinymatic.code"] = error.code
    if status_of(error) == HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    elif isinstance(error, StorageUnavailableError | QueueUnavailableError):
        log.warning("%s %s: %s", request.method, request.url.path, error)
    return problem_of(error)


async def _on_http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    code = _HTTP_CODES.get(status, "http_error")
    request.scope["vinymatic.code"] = code
    headers = dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = _methods_of(request) or headers["Allow"]
    return problem(status, code, _HTTP_MESSAGES.get(status, status.phrase), headers=headers)


def _methods_of(request: Request) -> str:
    """All methods of the path that was asked for; the framework names those of the first route on it alone."""
    template = getattr(request.scope.get("route"), "path_format", "")
    return ", ".join(sorted(method.upper() for method in request.app.openapi()["paths"].get(template, {})))


async def _on_invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    request.scope["vinymatic.code"] = "invalid_parameter"
    details = [
        # The given value is not repeated: it may be anything, NaN included, which JSON cannot hold.
        ErrorDetail(where=".".join(str(part) for part in one["loc"]), message=str(one["msg"]))
        for one in error.errors()
    ]
    named = "; ".join(f"{detail.where}: {detail.message}" for detail in details)
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_parameter", named, details=details)


async def _on_bug(request: Request, _: Exception) -> Response:
    # Starlette raises the error again after this answer, and the server logs it with its trace.
    request.scope["vinymatic.code"] = "internal"
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", INTERNAL)
