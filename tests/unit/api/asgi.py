"""ASGI without a network: a request as a list of messages, and everything that was sent back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Scope


def http_scope(
    method: str = "POST", path: str = "/", headers: Iterable[tuple[str, str]] = (), query: str = ""
) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }


@dataclass
class Exchange:
    """Plays `messages` to the app; after the last one the client stays connected and silent, unless it `leaves`."""

    messages: list[Message]
    leaves: bool = False
    sent: list[Message] = field(default_factory=list)
    taken: int = 0

    async def receive(self) -> Message:
        if self.taken < len(self.messages):
            self.taken += 1
            return self.messages[self.taken - 1]
        if self.leaves:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()
        raise AssertionError

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.sent[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.sent[1:])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def chunks(*parts: bytes) -> list[Message]:
    """A request body in these pieces."""
    return list(_chunks(parts))


def _chunks(parts: tuple[bytes, ...]) -> Iterator[Message]:
    for place, part in enumerate(parts):
        yield {"type": "http.request", "body": part, "more_body": place < len(parts) - 1}


def call(app: ASGIApp, scope: Scope, *parts: bytes, leaves: bool = False) -> Exchange:
    """One whole request in an event loop of its own."""
    exchange = Exchange(chunks(*(parts or (b"",))), leaves)
    asyncio.run(app(scope, exchange.receive, exchange.send))  # type: ignore[arg-type]  # an ASGI app is a coroutine function
    return exchange
