"""uvicorn, run from here: one process, one port, a clean end."""

from __future__ import annotations

import signal
import socket
from types import FrameType

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from vinymatic_api.problems import problem

# A search is well under a second; the rest is for uploads that are on their way.
SHUTDOWN_SECONDS = 30
# Longer than Caddy keeps idle connections to us (2 minutes): it must be the one who closes, or a request may meet a closed door.
KEEP_ALIVE_SECONDS = 150
_BACKLOG = 2_048


class Protocol(H11Protocol):
    """Answers bytes that are not HTTP in our one shape, too."""

    def send_400_response(self, msg: str) -> None:
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.close()  # in the middle of an answer nothing sensible can be said any more
            return
        answer = problem(400, "malformed_request", msg, headers={"connection": "close"})
        events = (h11.Response(status_code=400, headers=answer.raw_headers, reason=b"Bad Request"),)
        for event in (*events, h11.Data(data=bytes(answer.body)), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises `OSError`: in use, no such address, not permitted."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    # Connections inherit it. asyncio sets it only on sockets that were made with the protocol named, which this one is not; without it
    # the answer's body waits 40 ms for the client to acknowledge its headers.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening


def run(app: ASGIApp, listening: socket.socket) -> None:
    """Serves until SIGTERM or SIGINT; then takes no more connections, finishes what it has begun and returns."""
    config = uvicorn.Config(
        app,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=_BACKLOG,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )
    # uvicorn raises the signal again when it is done, which would end the process as if it had been killed.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _ignore)
    uvicorn.Server(config).run(sockets=[listening])


def _ignore(_: int, __: FrameType | None) -> None:
    pass
