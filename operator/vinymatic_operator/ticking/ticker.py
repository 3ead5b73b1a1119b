"""When each index is looked at: every interval, and soon after something about it changed. One look at an index at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Executor
from time import monotonic

from vinymatic.logs import line
from vinymatic_operator.kube.cache import Key

log = logging.getLogger(__name__)

# Seconds. Changes come in bursts, our own writes among them: one look sees them all.
_GATHER = 0.2


class Ticker:
    """`look` says whether to look again at once. `keys` says which indexes there are."""

    def __init__(
        self,
        look: Callable[[Key], bool],
        keys: Callable[[], frozenset[Key]],
        interval: float,
        threads: Executor,
        *,
        gone: Callable[[Key], None] = lambda _: None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._look = look
        self._keys = keys
        self._interval = interval
        self._threads = threads
        self._gone = gone
        self._clock = clock
        self._changed = threading.Condition()
        self._due: dict[Key, float] = {}
        self._looked: dict[Key, float] = {}
        self._busy: set[Key] = set()
        self._stopping = False
        self._turned: float | None = None
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        self._turned = self._clock()
        self._thread.start()

    def stop(self) -> None:
        """Looks that have begun are finished."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def wake(self, key: Key) -> None:
        """Something about this index changed."""
        self._schedule(key, self._clock() + _GATHER)

    def oldest(self) -> float:
        """Seconds since the index that was looked at longest ago was looked at, or since the ticker itself went on: how long ticks may
        have stopped. 0 before it is started.
        """
        with self._changed:
            now = self._clock()
            return 0.0 if self._turned is None else now - min([self._turned, *self._looked.values()])

    def _schedule(self, key: Key, at: float) -> None:
        with self._changed:
            if at < self._due.get(key, float("inf")):
                self._due[key] = at
                self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._stopping:
                    return
                now = self._turned = self._clock()
                self._take_in()
                ready = [key for key, at in self._due.items() if at <= now and key not in self._busy]
                for key in ready:
                    self._busy.add(key)
                    self._due[key] = now + self._interval
                if not ready:
                    waiting = [at for key, at in self._due.items() if key not in self._busy]
                    self._changed.wait(min([1.0, *(max(0.01, at - now) for at in waiting)]))
            for key in ready:
                self._threads.submit(self._one, key)

    def _take_in(self) -> None:
        """Indexes that came and went."""
        there = self._keys()
        for key in there - self._looked.keys():
            # Due already where the change that brought it was told of first.
            self._looked[key] = self._clock()
            self._due.setdefault(key, self._looked[key])
        for key in self._due.keys() - there:
            del self._due[key]
            self._looked.pop(key, None)
            self._gone(key)

    def _one(self, key: Key) -> None:
        again = False
        try:
            again = self._look(key)
        except Exception:  # a bug must not stop the ticks of every other index
            log.exception(line("bug", index="/".join(key)))
        finally:
            with self._changed:
                self._busy.discard(key)
                if key in self._looked:
                    self._looked[key] = self._clock()
                self._changed.notify_all()
        if again:
            self.wake(key)
