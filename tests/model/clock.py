"""The model's time and chance: every machine's clock is wrong in its own way, none of them sleeps, and names come from a counter.

`simulated` puts them in place of what the lifecycle modules use: without it a failing run could not be replayed.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from types import SimpleNamespace
from unittest.mock import patch

from vinymatic.lifecycle import (
    backup,
    collection,
    commit,
    copying,
    files,
    first,
    log,
    pins,
    reader,
    training,
    ulid,
    uploads,
)

_EPOCH = datetime(2030, 1, 1, tzinfo=UTC)
# Modules and the names in them through which time or chance comes in.
_SOURCES = (
    (commit, ("time", "random", "uuid", "datetime")),
    (files, ("secrets",)),
    (first, ("uuid",)),
    (backup, ("uuid",)),
    (ulid, ("time", "secrets")),
    (uploads, ("time",)),
    (reader, ("time",)),
    (log, ("time",)),
    (collection, ("datetime",)),
    (copying, ("datetime",)),
    (pins, ("datetime",)),
    (training, ("datetime",)),
)


class Clock:
    """`now`: the true time, in seconds since the run began. `who`: the machine that runs at the moment."""

    def __init__(self, seed: int) -> None:
        self.now = 0.0
        self.who = ""
        # How far a machine's wall clock is ahead, and for how long its steady clock stood still, in seconds.
        self.ahead: dict[str, float] = {}
        self.slept: dict[str, float] = {}
        self.random = random.Random(seed)

    def wall(self) -> float:
        return _EPOCH.timestamp() + self.now + self.ahead.get(self.who, 0.0)

    def steady(self) -> float:
        return self.now - self.slept.get(self.who, 0.0)

    def moment(self) -> datetime:
        """What the clock of the machine that runs says."""
        return datetime.fromtimestamp(self.wall(), UTC)

    def store_moment(self) -> datetime:
        """The store's clock, by which all ages count."""
        return _EPOCH + timedelta(seconds=self.now)


@contextmanager
def simulated(clock: Clock) -> Iterator[None]:
    """The lifecycle modules live by `clock`."""

    class Moment(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]
            return clock.moment()

    stands_for = {
        "time": SimpleNamespace(
            time=clock.wall, monotonic=clock.steady, time_ns=lambda: int(clock.wall() * 1e9), sleep=lambda _: None
        ),
        "random": SimpleNamespace(uniform=clock.random.uniform),
        "uuid": SimpleNamespace(uuid4=lambda: uuid.UUID(int=clock.random.getrandbits(128), version=4)),
        "secrets": SimpleNamespace(randbits=clock.random.getrandbits, token_bytes=clock.random.randbytes),
        "datetime": Moment,
    }
    with ExitStack() as stack:
        for module, names in _SOURCES:
            for name in names:
                if hasattr(module, name):
                    stack.enter_context(patch.object(module, name, stands_for[name]))
        yield
