"""What befalls the operator: it dies at a call, or a call is answered by an error. And a `World` whose operator is started again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.support.operator.objects import Call
from tests.support.operator.world import NAME, NAMESPACE, OperatorDiedError, World
from vinymatic_operator.errors import KubeError
from vinymatic_operator.kube.resources import DEPLOYMENTS, PODS
from vinymatic_operator.observe.reading import labels_of, name_of
from vinymatic_operator.resources.base import Json


class Disturbed(World):
    """An operator that dies is started again, and knows nothing of what was before. `deaths`: how often that was.

    `meddle` is called in each round, before anybody else does anything. `deaf_until`: when watches that are cut off come back.
    """

    deaths = 0
    disturbed = False
    deaf_until: datetime | None = None

    def __init__(self, spec: Json) -> None:
        self.meddle: Callable[[Disturbed], None] = lambda _: None
        super().__init__(spec)

    def settle(self, rounds: int = 400) -> None:
        """As long as anything is done, moves, or is disturbed: the operator looks again soon."""
        for _ in range(rounds):
            self.disturbed = False
            self.meddle(self)
            self.hear()
            acted, moved = self.look(), self.controllers()
            self.now += timedelta(seconds=1)
            if not (acted or moved or self.disturbed):
                return
        raise AssertionError(f"it does not come to rest: {self.objects.calls[-12:]}")

    def add_operator(self) -> None:
        self.operators.append(self._operator())

    def replace_api(self) -> None:
        """Somebody deletes the API's Deployment, its pods go with it, and it is made again as it was in the beginning."""
        self.objects.remove(DEPLOYMENTS, NAMESPACE, "api")
        for pod in [pod for pod in self.objects.all(PODS) if labels_of(pod).get("app") == "api"]:
            self.objects.remove(PODS, NAMESPACE, name_of(pod))
        self.look()
        self.deploy("api", 3)

    def hear(self) -> None:
        self.deaf = self.deaf_until is not None and self.now < self.deaf_until
        if self.deaf_until is not None and not self.deaf:
            self.deaf_until = None
            for _, cache in self.operators:
                self.resync(cache)
                self.reconnect(cache)

    def look(self) -> bool:
        acted = False
        for at, (tick, _) in enumerate(self.operators):
            try:
                acted = tick.look((NAMESPACE, NAME)) or acted
            except OperatorDiedError:
                self.deaths += 1
                self.start_operator(at)
                acted = True
        return acted


Fault = Callable[[], BaseException]


@dataclass
class Befalling:
    """`lost`: whether the request is lost, or else its answer. `when`: the fault of a call, by its number, from 1, and the call."""

    world: Disturbed
    lost: bool
    when: Callable[[int, Call], Fault | None]
    count: int = 0
    befell: list[Call] = field(default_factory=list)
    _due: Fault | None = None

    def __post_init__(self) -> None:
        self.world.objects.before = self._before
        self.world.objects.after = self._after

    def _before(self, call: Call) -> None:
        self.count += 1
        self._due = self.when(self.count, call)
        # What was read changed nothing: it does not matter whether question or answer gets lost.
        if self._due is not None and (self.lost or call[0] in ("get", "list")):
            self._befall(call)

    def _after(self, call: Call) -> None:
        if self._due is not None:
            self._befall(call)

    def _befall(self, call: Call) -> None:
        assert self._due is not None
        fault, self._due = self._due, None
        self.befell.append(call)
        self.world.disturbed = True
        raise fault()


def at(number: int, fault: Fault) -> Callable[[int, Call], Fault | None]:
    return lambda count, _: fault if count == number else None


def death() -> BaseException:
    return OperatorDiedError()


def answered(kind: type[KubeError]) -> Fault:
    return lambda: kind("as the test wants it")
