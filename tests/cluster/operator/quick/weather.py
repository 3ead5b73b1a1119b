"""Bad weather between the operator and the API server: each request meets a fault by chance, from a seed."""

from __future__ import annotations

import random
import threading

from tests.kube.proxy import Delay, Fault, Lose, Refuse, Request, Silence

# Of a hundred requests that are no watches.
_REFUSED = {409: 2, 410: 2, 429: 4, 500: 4, 503: 4}
_LOST, _UNHEARD, _DELAYED = 4, 4, 12


class Weather:
    """A rule for `ApiProxy`. The seed is printed: a failing test shows it. One watch in five is silent, one in five is refused with 410."""

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed if seed is not None else random.SystemRandom().randrange(1 << 32)
        self.met: list[str] = []
        self._random = random.Random(self.seed)
        self._clearing = threading.Event()
        print(f"Weather(seed={self.seed})")  # noqa: T201 - pytest shows it when the test fails

    def clear(self) -> None:
        """From now on everything passes."""
        self._clearing.set()

    def __call__(self, request: Request) -> Fault | None:
        if self._clearing.is_set():
            return None
        fault = self._watch() if request.watch else self._draw()
        if fault is not None:
            self.met.append(f"{request.method} {request.resource}: {fault}")
        return fault

    def _watch(self) -> Fault | None:
        drawn = self._random.random()
        return Silence() if drawn < 0.2 else Refuse(410) if drawn < 0.4 else None

    def _draw(self) -> Fault | None:
        drawn = self._random.uniform(0, 100)
        for status, share in _REFUSED.items():
            if drawn < share:
                return Refuse(status)
            drawn -= share
        if drawn < _LOST:
            return Lose(carried_out=True)
        if drawn < _LOST + _UNHEARD:
            return Lose()
        if drawn < _LOST + _UNHEARD + _DELAYED:
            return Delay(self._random.uniform(0.1, 0.5))
        return None
