from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

from tests.unit.api.asgi import Exchange, call, chunks, http_scope
from vinymatic_api.body import BodyLimit, read_body
from vinymatic_api.problems import ClientGoneError, EmptyBodyError

pytestmark = pytest.mark.unit

LIMIT = 100


async def echo_length(scope: Scope, receive: Receive, send: Send) -> None:
    body = await read_body(Request(scope, receive))
    await PlainTextResponse(str(len(body)))(scope, receive, send)


async def answers_unread(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("no", status_code=404)(scope, receive, send)


def limited(app: Callable[[Scope, Receive, Send], Awaitable[None]], linger: float = 60) -> BodyLimit:
    return BodyLimit(app, limit=LIMIT, linger=linger)


def sized(length: int) -> Scope:
    return http_scope(headers=[("content-length", str(length))])


CHUNKED = [("transfer-encoding", "chunked")]


def test_a_body_of_exactly_the_limit_is_taken() -> None:
    answer = call(limited(echo_length), sized(LIMIT), b"x" * 60, b"x" * 40)
    assert (answer.status, answer.body) == (200, b"100")
    assert "connection" not in answer.headers


def test_a_declared_length_over_the_limit_is_refused_before_the_app_sees_it() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError

    answer = call(limited(never), sized(LIMIT + 1), b"x" * 101)
    assert answer.status == 413
    assert answer.json == {"error": {"code": "body_too_large", "message": "the body is larger than 100 bytes"}}


def test_a_chunked_body_is_refused_when_it_passes_the_limit_and_not_after_all_of_it() -> None:
    taken_when_answered: list[int] = []

    class Noted(Exchange):
        async def send(self, message: Message) -> None:
            taken_when_answered.append(self.taken)
            await super().send(message)

    exchange = Noted(chunks(*[b"x" * 40] * 50))
    asyncio.run(limited(echo_length)(http_scope(headers=CHUNKED), exchange.receive, exchange.send))
    assert exchange.status == 413
    assert taken_when_answered[0] == 3


def test_a_refused_upload_is_read_on_after_the_answer_so_that_the_client_does_not_lose_it() -> None:
    exchange = Exchange(chunks(*[b"x" * 40] * 50))
    asyncio.run(limited(echo_length)(http_scope(headers=CHUNKED), exchange.receive, exchange.send))
    assert exchange.taken == 50
    assert exchange.headers["connection"] == "close"
    assert [message.get("more_body") for message in exchange.sent[1:]] == [True, False]
    assert int(exchange.headers["content-length"]) == len(exchange.sent[1]["body"])


def test_reading_on_ends_when_the_client_keeps_silent() -> None:
    exchange = Exchange([{"type": "http.request", "body": b"x" * 101, "more_body": True}])
    asyncio.run(limited(echo_length, linger=0.05)(http_scope(headers=CHUNKED), exchange.receive, exchange.send))
    assert exchange.status == 413
    assert exchange.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}


def test_reading_on_ends_when_the_client_leaves() -> None:
    exchange = Exchange([{"type": "http.request", "body": b"x" * 101, "more_body": True}], leaves=True)
    asyncio.run(limited(echo_length)(http_scope(headers=CHUNKED), exchange.receive, exchange.send))
    assert exchange.status == 413


def test_a_client_that_waits_to_be_told_to_send_is_not_told() -> None:
    scope = http_scope(headers=[("content-length", "101"), ("expect", "100-continue")])
    answer = call(limited(echo_length), scope, b"x" * 101)
    assert (answer.status, answer.taken) == (413, 0)
    assert answer.headers["connection"] == "close"


def test_any_answer_that_comes_before_the_body_is_in_closes_the_connection() -> None:
    answer = call(limited(answers_unread), sized(50), b"x" * 25, b"x" * 25)
    assert (answer.status, answer.body, answer.taken) == (404, b"no", 2)
    assert answer.headers["connection"] == "close"


def test_a_request_without_a_body_keeps_its_connection() -> None:
    answer = call(limited(answers_unread), http_scope("GET"))
    assert "connection" not in answer.headers


def test_an_empty_body_is_an_error_of_its_own() -> None:
    with pytest.raises(EmptyBodyError):
        asyncio.run(read_body(Request(sized(0), Exchange(chunks(b"")).receive)))


def test_a_client_that_leaves_in_the_middle_of_its_upload_is_no_failure_of_ours() -> None:
    exchange = Exchange([{"type": "http.request", "body": b"x", "more_body": True}], leaves=True)
    with pytest.raises(ClientGoneError):
        asyncio.run(read_body(Request(sized(50), exchange.receive)))
