"""A release under attack: its pods, what is done to them, and what those who search see of it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from tests.e2e import faults, stack
from tests.e2e.bare.cluster import BareCluster
from tests.e2e.bare.errors import CommandError
from tests.e2e.edges import Directory, Edges
from tests.e2e.faults import Bag, Fault, Kind, Pod
from tests.e2e.load import Load, Question
from tests.e2e.release import NAME, Release

_HTTPS_OF_PODS = 8443
_WHOLE_SECONDS = 240.0
_EDGE = "edge"
# A pod that is deleted at once has two seconds still, from when its node hears of it.
_DYING_SECONDS = 5.0


class Chaos:
    """`bare`: our own cluster, if this is it."""

    def __init__(self, release: Release, bare: BareCluster | None) -> None:
        self.release = release
        self.bare = bare
        # Of the ingestors KEDA wants now more, now fewer.
        self.wanted = {"api": 2, _EDGE: 2, "operator": 1, stack.NAME: 1}

    # ---- who searches

    @contextmanager
    def watched(self, questions: Sequence[Question]) -> Iterator[tuple[Load, Load]]:
        """Two loads: of clients that know all edges, and of clients that know only the Service."""
        service = self.release.edge()
        with Directory(self.release.namespace, f"{NAME}-edge") as directory:
            known = Edges(lambda: directory.addresses, service.name, service.trust, _HTTPS_OF_PODS)
            alone = Edges(lambda: [service.address], service.name, service.trust, service.port, rounds=1)
            with (
                Load(known, questions, workers=6, rate=4.0) as first,
                Load(alone, questions, workers=3, rate=1.0) as second,
            ):
                yield first, second

    # ---- pods

    def pods(self, *components: str) -> list[Pod]:
        """Those that run, of these components or of all."""
        running = faults.pods(self.release.namespace.items("pods"))
        return [pod for pod in running if not components or pod.component in components]

    def nodes(self, component: str) -> set[str]:
        return {pod.node for pod in self.pods(component)}

    def is_whole(self, *dead: str) -> bool:
        running = self.pods()
        return all(faults.is_whole(component, running, self.wanted, dead) for component in self.wanted)

    def await_whole(self, *dead: str) -> None:
        """Returns once every pod is there and ready, without the containers that are dead."""
        self.release.namespace.until(
            lambda: self.is_whole(*dead) or None, "the release is whole", seconds=_WHOLE_SECONDS
        )

    def await_none_ending(self, component: str) -> None:
        """Returns once its pods that were told to end are gone."""
        chosen = f"-lapp.kubernetes.io/component={component}"

        def none() -> bool:
            pods = self.release.namespace.items("pods", chosen)
            return not any("deletionTimestamp" in pod["metadata"] for pod in pods)

        self.release.namespace.until(lambda: none() or None, f"no {component} that ends", seconds=_WHOLE_SECONDS)

    def await_unready(self, node: str) -> None:
        """Returns once the cluster has noticed that a node is gone."""

        def ready() -> bool:
            return bool(self.release.namespace.conditions("node", node)["Ready"]["status"] == "True")

        self.release.namespace.until(lambda: not ready() or None, f"{node} is missed", seconds=_WHOLE_SECONDS)

    # ---- faults

    @contextmanager
    def fault(self, what: str, *edges: str) -> Iterator[Fault]:
        """What is done while it is open is one fault, which is over at its end; `done` is for the one who does it to set."""
        now = time.time()
        made = Fault(what, now, now, frozenset(edges))
        try:
            yield made
        finally:
            made.over = time.time()

    def kill_at_random(self, seed: int, seconds: float, pause: tuple[float, float]) -> list[Fault]:
        """For so long, one pod after another; a component is hit again when it is whole again."""
        chance = random.Random(seed)
        bag = Bag(self._kinds(), chance)
        open_ones: dict[str, tuple[Fault, str]] = {}
        made: list[Fault] = []
        end, due = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < end or open_ones:
            if time.monotonic() > end + _WHOLE_SECONDS:
                raise TimeoutError(f"not whole again: {', '.join(open_ones)}")
            running = self.pods()
            for component, (fault, container) in list(open_ones.items()):
                if faults.is_whole(component, running, self.wanted, [container]):
                    fault.over = time.time()
                    del open_ones[component]
            there = sorted({pod.component for pod in running if pod.container} - set(open_ones))
            if time.monotonic() < end and time.monotonic() >= due and (kind := bag.draw(there)):
                victim = chance.choice([pod for pod in running if pod.component == kind.component and pod.container])
                made.append(fault := self._hit(victim, kind))
                open_ones[kind.component] = fault, victim.container
                due = time.monotonic() + chance.uniform(*pause)
            time.sleep(0.3)
        return made

    def _kinds(self) -> list[Kind]:
        hows = ("crashed", "deleted") if self.bare else ("deleted",)
        ours = [Kind(component, how) for component in ("api", "ingestor", "operator", _EDGE) for how in hows]
        # Its volume lasts as long as its pod, and it saves the queue when it is told to end.
        return [*ours, Kind(stack.NAME, "ended")]

    def _hit(self, victim: Pod, kind: Kind) -> Fault:
        begun = time.time()
        # It may have gone by itself.
        with suppress(CommandError):
            if kind.how == "ended":
                self.release.namespace.kubectl("exec", victim.name, "--", "sh", "-c", "kill -TERM 1")
            elif kind.how == "crashed" and self.bare is not None:
                self.bare.kill_container(int(victim.node.removeprefix("node-")), victim.container)
            else:
                self.release.namespace.kubectl(
                    "delete", "pod", victim.name, "--force", "--grace-period=0", "--wait=false"
                )
        edges = frozenset([victim.address] if kind.component == _EDGE else [])
        lasts = _DYING_SECONDS if kind.how == "deleted" else 0.0
        return Fault(str(kind), begun, time.time() + lasts, edges)
