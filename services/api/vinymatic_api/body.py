"""Request bodies: bounded before they are read, read once, and answered without cutting the client off.

A client that is still sending when the answer goes out would lose it: closing a socket with unread bytes in it resets the connection, and
the answer dies in the client's buffer. So the rest of a refused body is read and thrown away, for a while.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from vinymatic_api.problems import BodyTooLargeError, ClientGoneError, EmptyBodyError, problem_of

LINGER_SECONDS = 5.0


class _OverflowError(Exception):
    """More bytes came than allowed. No `VinymaticError`: the app's handlers must let it through to `BodyLimit`."""


@dataclass(frozen=True)
class _Framing:
    """What the headers say of the body. `declared`: Content-Length."""

    declared: int
    expected: bool
    awaits_continue: bool


def _framing(scope: Scope) -> _Framing:
    headers: dict[bytes, bytes] = dict(scope["headers"])
    length = headers.get(b"content-length", b"0")
    declared = int(length) if length.isdigit() else 0
    return _Framing(
        declared=declared,
        expected=declared > 0 or b"transfer-encoding" in headers,
        awaits_continue=headers.get(b"expect", b"").lower() == b"100-continue",
    )


class BodyLimit:
    """ASGI middleware: 413 at once for a Content-Length over `limit`, and as soon as a chunked body passes it.

    Any answer that goes out before the body is in closes the connection, after at most `linger` seconds of reading on.
    (Starlette's own limit looks at Content-Length only once the app reads, answers in plain text and cuts senders off.)
    """

    def __init__(self, app: ASGIApp, *, limit: int, linger: float = LINGER_SECONDS) -> None:
        self._app = app
        self._limit = limit
        self._linger = linger

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        exchange = _Exchange(_framing(scope), receive, send, self._limit, self._linger)
        if exchange.framing.declared > self._limit:
            await self._refuse(scope, exchange)
            return
        try:
            await self._app(scope, exchange.receive, exchange.send)
        except _OverflowError:
            if exchange.answering:
                raise
            await self._refuse(scope, exchange)

    async def _refuse(self, scope: Scope, exchange: _Exchange) -> None:
        error = BodyTooLargeError(f"the body is larger than {self._limit} bytes")
        scope["vinymatic.code"] = error.code
        await problem_of(error)(scope, exchange.receive, exchange.send)


class _Exchange:
    """One request and its answer."""

    def __init__(self, framing: _Framing, receive: Receive, send: Send, limit: int, linger: float) -> None:
        self.framing = framing
        self.answering = False
        self._receive = receive
        self._send = send
        self._limit = limit
        self._linger = linger
        self._received = 0
        self._complete = not framing.expected
        self._begun = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._begun = True
            self._received += len(message.get("body", b""))
            self._complete = not message.get("more_body", False)
            if self._received > self._limit:
                raise _OverflowError
        return message

    async def send(self, message: Message) -> None:
        early = not self._complete
        if message["type"] == "http.response.start":
            self.answering = True
            if early:
                message = {**message, "headers": [*message.get("headers", []), (b"connection", b"close")]}
        elif message["type"] == "http.response.body" and early and not message.get("more_body", False):
            # The answer is whole on the wire (it has a Content-Length), but the exchange stays open while the rest is read.
            await self._send({**message, "more_body": True})
            await self._read_on()
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await self._send(message)

    async def _read_on(self) -> None:
        if self.framing.awaits_continue and not self._begun:
            return  # it was never told to begin
        with suppress(TimeoutError):
            async with asyncio.timeout(self._linger):
                while not self._complete:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        return
                    self._complete = not message.get("more_body", False)


async def read_body(request: Request) -> bytes:
    """The whole body. Raises `EmptyBodyError`, `ClientGoneError`."""
    parts: list[bytes] = []
    try:
        async for part in request.stream():
            parts.append(part)  # noqa: PERF401 - an async comprehension would lose what arrived to the exception all the same
    except ClientDisconnect:
        raise ClientGoneError("the client left in the middle of its upload") from None
    body = b"".join(parts)
    if not body:
        raise EmptyBodyError("the body is empty: send a photo, as a multipart file or as the body itself")
    return body
