"""An operator that is killed at one of its writes, started again, and must come to the same end; many of them side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.cluster.operator.quick.flows import Flow
from tests.cluster.operator.quick.site import QuickSite
from tests.kube.api import Object
from tests.kube.proxy import Fault, Lose, Request

# Each is a process of its own, and so are its pods: more would only wait for each other.
SIDE_BY_SIDE = 12
_SECONDS = 180.0

# The number of a write, and whether the server carries it out.
Point = tuple[int, bool]


@dataclass
class Crash:
    """`write`: the operator dies at its write of this number; `carried_out`: once the server has done it, before the answer arrives."""

    flow: Flow
    site: QuickSite
    write: int
    carried_out: bool
    died: bool = field(default=False, init=False)
    _begun: float = field(default_factory=time.monotonic, init=False)

    def begin(self) -> None:
        self.site.proxy.rule = self._rule
        self.flow.begin(self.site)
        self.site.launch_operator()

    def _rule(self, request: Request) -> Fault | None:
        if self.died or request.write != self.write:
            return None
        self.died = True
        return Lose(self.site.kill_operator, self.carried_out)

    def over(self, wanted: Object) -> bool:
        """Starts it again where it died. Raises `AssertionError` when it takes too long."""
        if not self.site.operator.running:
            self.site.launch_operator()
        if self.flow.over(self.site) and self.site.outcome() == wanted:
            return True
        late = time.monotonic() - self._begun > _SECONDS
        assert not late, f"{self}: {self.site.outcome()}\nnot {wanted}\n{self.site.operator.log_tail(40)}"
        return False

    def __str__(self) -> str:
        return f"{self.flow.name} killed {'after' if self.carried_out else 'before'} write {self.write}"


def crash_points(writes: int, *, every: int, both: bool) -> list[Point]:
    """Each `every`-th write, before and after in turn; or, where `both`, each write before and after."""
    if both:
        return [(write, carried_out) for write in range(1, writes + 1) for carried_out in (False, True)]
    return [(write, place % 2 == 1) for place, write in enumerate(range(1, writes + 1, every))]


def sweep(flow: Flow, points: Iterable[Point], wanted: Object, new_site: Callable[[], QuickSite]) -> list[Crash]:
    """Kills at each of `points`. All come to `wanted`, and stay there; else `AssertionError`."""
    waiting = list(points)
    running: list[Crash] = []
    done: list[Crash] = []
    while waiting or running:
        while waiting and len(running) < SIDE_BY_SIDE:
            crash = Crash(flow, new_site(), *waiting.pop(0))
            crash.begin()
            running.append(crash)
        for crash in list(running):
            if crash.over(wanted):
                running.remove(crash)
                done.append(crash)
        time.sleep(0.2)
    for crash in done:
        assert crash.site.outcome() == wanted, f"{crash}: it did not stay"
        crash.site.operator.kill()
    return done
