from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from typing import Annotated

import httpx
import pytest
from fastapi import FastAPI, Query

from vinymatic import errors
from vinymatic.errors import SettingError, VinymaticError
from vinymatic_api import problems
from vinymatic_api.problems import AWAY, INTERNAL, install, status_of
from vinymatic_api.schemas import ErrorResponse

pytestmark = pytest.mark.unit

SECRET = "s3://their-bucket/secret/path"
STATUSES = {
    "not_an_image": 415,
    "corrupt_image": 400,
    "image_too_large": 413,
    "no_object_found": 422,
    "cover_not_found": 404,
    "no_index": 503,
    "storage_unavailable": 503,
    "queue_unavailable": 503,
    "contention": 503,
    "bad_request": 400,
    "empty_body": 400,
    "malformed_body": 400,
    "malformed_id": 400,
    "not_found": 404,
    "body_too_large": 413,
    "queue_full": 503,
    "no_change_queue": 501,
    "client_gone": 400,
}


def kinds(root: type[VinymaticError]) -> Iterator[type[VinymaticError]]:
    yield root
    for kind in root.__subclasses__():
        yield from kinds(kind)


def made(kind: type[VinymaticError]) -> VinymaticError:
    return SettingError("A", SECRET, "b") if issubclass(kind, SettingError) else kind(f"about {SECRET}")


ALL = sorted(
    {kind for kind in kinds(VinymaticError) if kind.__module__ in (errors.__name__, problems.__name__)}, key=str
)


def answer(error: Exception | None = None, method: str = "GET", path: str = "/", query: str = "") -> httpx.Response:
    app = FastAPI()
    install(app)

    @app.get("/")
    def raises(number: Annotated[float, Query(le=5, allow_inf_nan=False)] = 1) -> str:
        if error is not None:
            raise error
        return "fine"

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
            return await client.request(method, path + query)

    return asyncio.run(ask())


OUTAGES = {"storage_unavailable", "queue_unavailable"}


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_of_the_tree_has_its_status_and_the_one_shape(kind: type[VinymaticError]) -> None:
    response = answer(made(kind))
    expected = STATUSES.get(kind.code, 500)
    assert response.status_code == expected == status_of(made(kind))
    assert ErrorResponse.model_validate(response.json())
    if expected == 500:
        assert response.json() == {"error": {"code": "internal", "message": INTERNAL}}
    elif kind.code in OUTAGES:
        assert response.json() == {"error": {"code": kind.code, "message": AWAY}}
    else:
        assert response.json() == {"error": {"code": kind.code, "message": f"about {SECRET}"}}
    assert ("retry-after" in response.headers) == (expected == 503)


def test_a_bug_tells_nothing_of_itself() -> None:
    response = answer(RuntimeError(SECRET))
    assert response.status_code == 500
    assert response.json() == {"error": {"code": "internal", "message": INTERNAL}}


def test_an_unknown_path_is_a_404_in_the_one_shape() -> None:
    response = answer(path="/nothing/here")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "not_found")
    assert ErrorResponse.model_validate(response.json())


def test_a_method_that_is_not_taken_is_a_405_that_names_those_that_are() -> None:
    response = answer(method="PATCH")
    assert (response.status_code, response.json()["error"]["code"]) == (405, "method_not_allowed")
    assert response.headers["allow"] == "GET"
    assert ErrorResponse.model_validate(response.json())


@pytest.mark.parametrize("value", ["6", "x", "nan", str(math.inf), ""])
def test_a_parameter_that_is_not_allowed_is_a_422_that_names_it(value: str) -> None:
    response = answer(query=f"?number={value}")
    assert response.status_code == 422
    body = response.json()["error"]
    assert body["code"] == "invalid_parameter"
    assert [detail["where"] for detail in body["details"]] == ["query.number"]
    assert "query.number" in body["message"]
