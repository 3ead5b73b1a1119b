"""What is wrong right now, by part; and whether the loop is alive. Shown at /healthz."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vinymatic.errors import VinymaticError

# A commit on a slow store, or a very large image, may keep the loop busy for long; only a stuck one needs a restart.
STALLED_AFTER_SECONDS = 600.0


@dataclass(frozen=True)
class Problem:
    """`since`: Unix seconds of the first failure in this row."""

    code: str
    message: str
    since: float


@dataclass(frozen=True)
class HealthReport:
    """`alive`: whether the process is of any use; a restart helps only where it is not."""

    alive: bool
    problems: Mapping[str, Problem]

    @property
    def status(self) -> str:
        if not self.alive:
            return "stalled"
        return "degraded" if self.problems else "ok"


class Health:
    """Thread-safe. Parts are named by words: queue, storage, commit, backup, a job's name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._problems: dict[str, Problem] = {}
        self._ticked = clock()

    def failed(self, part: str, error: BaseException) -> bool:
        """Notes the failure; True when it is news: the part was well, or failed otherwise."""
        code = error.code if isinstance(error, VinymaticError) else "internal"
        with self._lock:
            before = self._problems.get(part)
            since = before.since if before is not None else time.time()
            self._problems[part] = Problem(code, str(error), since)
        return before is None or before.code != code

    def well(self, part: str) -> bool:
        """Notes a success; True when it is news."""
        with self._lock:
            return self._problems.pop(part, None) is not None

    def tick(self) -> None:
        """The loop has come round."""
        self._ticked = self._clock()

    def report(self) -> HealthReport:
        with self._lock:
            problems = dict(self._problems)
        return HealthReport(self._clock() - self._ticked < STALLED_AFTER_SECONDS, problems)
