"""Threads that run beside the loop. One that dies takes the process with it, instead of leaving it half alive."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Companion:
    def __init__(self, name: str, target: Callable[[], None], crashed: Callable[[BaseException], None]) -> None:
        """`crashed` is called, in the companion's thread, with what ended `target`."""
        self._target = target
        self._crashed = crashed
        # A request that hangs must not keep the process from ending.
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def join(self, seconds: float) -> bool:
        """Whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._target()
        except BaseException as error:  # noqa: BLE001 - handed to the loop, which raises it
            self._crashed(error)
