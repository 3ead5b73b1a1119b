"""When a replica may be given work: something is loaded, and it is recent enough."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from vinymatic_api.problems import problem

if TYPE_CHECKING:
    from vinymatic_api.service import Service


class Readiness:
    """`least`: the least manifest to be ready with, INDEX_MIN_MANIFEST; None: any."""

    def __init__(self, least: int | None) -> None:
        self.least = least
        self._reached = least is None

    def reached(self, manifest: int) -> bool:
        """Whether `least` is served now or ever was: a replica that clients use already is not taken from them for what the index lost."""
        self._reached = self._reached or (self.least is not None and manifest >= self.least)
        return self._reached


def nothing_loaded(service: Service) -> str:
    """The sentence of a 503 while nothing is served."""
    failure = service.follower.failure
    return "no index is loaded yet" if failure is None else f"no index is loaded yet: {failure}"


def not_loaded(service: Service) -> JSONResponse:
    """That 503, whose code says why the last look failed."""
    failure = service.follower.failure
    code = "no_index" if failure is None else failure.code
    return problem(HTTPStatus.SERVICE_UNAVAILABLE, code, nothing_loaded(service))
