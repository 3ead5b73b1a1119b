"""The servers of one run: started, watched, and stopped from the front to the back."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from local.errors import ServerDiedError
from local.servers import ServerProcess


class Fleet:
    """What was started last is stopped first, whatever ends the block."""

    def __init__(self) -> None:
        self._servers: list[ServerProcess] = []

    def start(self, *servers: ServerProcess) -> None:
        """Side by side; returns once all of them answer. Raises `ServerStartError`."""
        for server in servers:
            server.log.unlink(missing_ok=True)  # of an earlier run
            self._servers.append(server)
            server.launch()
        for server in servers:
            server.await_ready()

    def check(self) -> None:
        """Raises `ServerDiedError`, with the end of its log, when one of them is gone."""
        for server in self._servers:
            if server.exit_code is not None:
                raise ServerDiedError(
                    f"{server.name} ended with code {server.exit_code}; its log ({server.log}) ends:\n{server.log_tail()}"
                )

    def stop(self) -> None:
        while self._servers:
            self._servers.pop().stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
