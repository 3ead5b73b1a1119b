"""The indexes behind `tests/support/operator/quick.py`, in the test's own process, where the test looks at them and changes them."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.operator.index import Index, new_index
from vinymatic_operator.resources.base import Json

# No site-packages and nothing of the environment: it starts in a few dozen milliseconds.
QUICK = (sys.executable, "-I", "-S", str(Path(__file__).with_name("quick.py")))


class Service:
    """An index comes into being when it is first asked for. `lock` is held while a command runs."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._indexes: dict[str, Index] = {}
        self._gates: dict[str, threading.Lock] = {}
        handler = type("Handler", (_Handler,), {"owner": self})
        self._server = _Server(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def index(self, url: str) -> Index:
        with self.lock:
            if url not in self._indexes:
                self._indexes[url] = new_index(lambda: datetime.now(UTC))
            return self._indexes[url]

    def gate(self, url: str) -> threading.Lock:
        """Whoever holds it keeps every command of this index from doing anything; one that was killed meanwhile never does."""
        with self.lock:
            return self._gates.setdefault(url, threading.Lock())

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, question: Json, gone: Callable[[], bool]) -> Json:
        """`gone`: whoever asked is dead."""
        url = str(question["url"])
        index = self.index(url)
        if isinstance(arguments := question.get("arguments"), list):
            with self.gate(url), self.lock:
                if gone():
                    return {}
                code, result = index.run([str(word) for word in arguments])
            return {"code": code, "result": result}
        with self.lock:
            return _served(index, str(question["path"]), _number(question["epoch"]), _number(question["least"]))


def _served(index: Index, path: str, epoch: int | None, least: int | None) -> Json:
    """As the API answers: one that is held to an epoch serves it while the index has it, and is ready from `least` on."""
    if index.lost:
        return {"status": 503, "body": {"error": {"code": "no_index", "message": "nothing is committed"}}}
    state = index.state
    there = (state.active_epoch, state.previous_epoch, state.candidate_epoch if state.candidate_complete else None)
    if path == "/readyz":
        return {"status": 200 if state.manifest >= (least or 0) else 503, "body": {}}
    serving: Json = {
        "manifest": state.manifest,
        "epoch": epoch if epoch is not None and epoch in there else state.active_epoch,
        "staleness_s": 0.1,
    }
    summary: Json = json.loads(state.model_dump_json())
    return {"status": 200, "body": {"index": summary, "serving": serving, "searches": {"answered": 100, "failed": 0}}}


def _number(found: object) -> int | None:
    return None if found is None else int(str(found))


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128


class _Handler(socketserver.StreamRequestHandler):
    owner: Service

    def handle(self) -> None:
        line = self.rfile.readline()
        if line:
            answer = json.dumps(self.owner.answer(json.loads(line), self._gone)).encode() + b"\n"
            with contextlib.suppress(OSError):
                self.wfile.write(answer)

    def _gone(self) -> bool:
        try:
            return not self.request.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
