"""Faults, the time each one lasts, and which of the failures of a load were bound to happen."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from tests.e2e.load import Answer
from tests.kube.api import Object


@dataclass(frozen=True)
class Kind:
    """`how`: `crashed`, which only our own cluster can do, `deleted` at once, or `ended`, when it is told to."""

    component: str
    how: str

    def __str__(self) -> str:
        return f"{self.component} {self.how}"


@dataclass
class Fault:
    """Done between `begun` and `done`, Unix time; `over`: when all was as before. `edges`: addresses that were dead when it was done."""

    what: str
    begun: float
    done: float
    edges: frozenset[str] = frozenset()
    over: float = 0.0


@dataclass(frozen=True)
class Pod:
    """`container`: the number of its first container, a new one after each start; empty before the first."""

    name: str
    component: str
    address: str
    node: str
    container: str
    ready: bool


@dataclass
class Bag:
    """Kinds in random order, and all of them once before one comes again."""

    kinds: Sequence[Kind]
    chance: random.Random
    _left: list[Kind] = field(default_factory=list)

    def draw(self, possible: Iterable[str]) -> Kind | None:
        """One of these components; None when there is none among what is left of this round."""
        if not self._left:
            self._left = self.chance.sample(self.kinds, len(self.kinds))
        components = set(possible)
        for kind in self._left:
            if kind.component in components:
                self._left.remove(kind)
                return kind
        return None


def pods(items: Iterable[Object]) -> list[Pod]:
    """Those of a list that run and are not asked to end, by name."""
    found = []
    for item in items:
        meta, status = item["metadata"], item["status"]
        if "deletionTimestamp" in meta or status.get("phase") != "Running":
            continue
        labels = meta["labels"]
        component = labels.get("app.kubernetes.io/component") or labels.get("app.kubernetes.io/name", "")
        conditions = {one["type"]: one["status"] for one in status.get("conditions", [])}
        started = (status.get("containerStatuses") or [{}])[0].get("containerID", "")
        found.append(
            Pod(
                name=meta["name"],
                component=component,
                address=status.get("podIP", ""),
                node=item["spec"]["nodeName"],
                container=started.rpartition("/")[2],
                ready=conditions.get("Ready") == "True",
            )
        )
    return sorted(found, key=lambda pod: pod.name)


def is_whole(component: str, running: Iterable[Pod], wanted: Mapping[str, int], dead: Iterable[str]) -> bool:
    """Whether as many pods are ready as there should be, without the containers that are dead."""
    gone = set(dead)
    ready = [pod for pod in running if pod.component == component and pod.ready and pod.container not in gone]
    return len(ready) >= wanted.get(component, 0)


def during(answers: Iterable[Answer], *faults: Fault) -> list[Answer]:
    """What was asked or answered while one of these faults lasted."""
    return [
        answer
        for answer in answers
        if any(answer.begun <= fault.over and answer.begun + answer.seconds >= fault.begun for fault in faults)
    ]


def cut(answers: Iterable[Answer], faults: Iterable[Fault]) -> list[Answer]:
    """Failures that were under way at an edge when that one died: nobody is left who could ask again."""
    known = list(faults)
    return [answer for answer in answers if answer.failure and any(_died_with(answer, fault) for fault in known)]


def _died_with(answer: Answer, fault: Fault) -> bool:
    begun_before = answer.begun <= fault.done
    return answer.edge in fault.edges and begun_before and answer.begun + answer.seconds >= fault.begun
