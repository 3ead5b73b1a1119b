"""Covers that are put into the bucket one after another, by somebody who does not give up."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from tests.e2e.catalogue import Cover
from tests.e2e.stack import Stack

_AGAIN_SECONDS = 1.0


class Uploads:
    """While it is open, one cover each `every` seconds. `put` are those whose upload was acknowledged; `retried`: uploads that were not."""

    def __init__(self, stack: Stack, covers: Iterable[Cover], *, every: float) -> None:
        self.put: list[Cover] = []
        self.retried = 0
        self._stack = stack
        self._covers = iter(covers)
        self._every = every
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="uploads", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """What was begun is brought to its end."""
        self._stop.set()
        self._thread.join()

    def _work(self) -> None:
        for cover in self._covers:
            while not self._is_put(cover):
                self.retried += 1
                if self._stop.wait(_AGAIN_SECONDS):
                    return
            self.put.append(cover)
            if self._stop.wait(self._every):
                return

    def _is_put(self, cover: Cover) -> bool:
        try:
            self._stack.put(cover)
        except (BotoCoreError, ClientError):
            return False
        return True
