"""Stand-ins for the API's pods: processes of uvicorn, as the API is, each at an address of its own with the same port, as pods are."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import socket
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.servers.process import ServerProcess, clean_environment

# All of 127.0.0.0/8 is loopback on Linux.
ADDRESSES = ("127.0.0.2", "127.0.0.3", "127.0.0.4")
WORK_SECONDS = 0.05


class Pod(ServerProcess):
    """`mode`: `works`; `silent` reads a search and never answers it; `no_index` answers it 503, as an API before its first load does;
    `full` answers it 503 with a full queue."""

    def __init__(self, folder: Path, address: str, port: int, mode: str = "works") -> None:
        self.address = address
        self.port = port
        super().__init__(
            f"pod-{address}",
            [sys.executable, "-m", "tests.component.edge.pods", address, str(port), mode],
            log=folder / f"pod-{address}.log",
            ready=lambda: _listens(address, port),
            environment=clean_environment(PYTHONPATH=os.pathsep.join(sys.path)),
            stop_seconds=60,
        )


@contextmanager
def unreachable(address: str, port: int) -> Iterator[None]:
    """What a dead node leaves: connecting to `address` hangs. Its queue of connections is full and nobody takes them out, so Linux
    drops what else comes."""
    with ExitStack() as held:
        listening = held.enter_context(socket.socket())
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(0)
        for _ in range(3):
            waiting = held.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex((address, port))
        yield


def common_port() -> int:
    """A port that is free at every address."""
    while True:
        port = random.randint(20_000, 32_000)
        with ExitStack() as held, suppress(OSError):
            for address in ADDRESSES:
                held.enter_context(socket.create_server((address, port)))
            return port


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False


def _app(address: str, mode: str) -> Starlette:
    async def search(request: Request) -> Response:
        body = await request.body()
        if mode == "silent":
            await asyncio.Event().wait()
        if mode in ("no_index", "full"):
            code = {"full": "queue_full"}.get(mode, mode)
            return JSONResponse({"error": {"code": code}}, 503, headers={"Retry-After": "1", "Vinymatic-Error": code})
        await asyncio.sleep(WORK_SECONDS)
        return JSONResponse({"pod": address, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()})

    async def echo(request: Request) -> Response:
        sys.stdout.write(f"{request.method} {request.url.path}\n")
        if mode == "silent":
            await asyncio.Event().wait()
        return JSONResponse({"pod": address, "path": request.url.path, "headers": dict(request.headers)})

    methods = ["GET", "DELETE", "POST"]
    return Starlette(
        routes=[
            Route("/search", search, methods=["POST"]),
            Route("/v1/search", search, methods=["POST"]),
            Route("/{path:path}", echo, methods=methods),
        ]
    )


def _serve(address: str, port: str, mode: str) -> None:
    uvicorn.run(
        _app(address, mode), host=address, port=int(port), log_level="warning", timeout_keep_alive=150, http="h11"
    )


if __name__ == "__main__":
    _serve(*sys.argv[1:])
