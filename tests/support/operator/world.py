"""The cluster around the objects: controllers that run Jobs on an `Index` and roll Deployments pod by pod, and the operator's own loop.

`World.settle` lets everything go on until nothing changes any more; `World.pass_time` moves the clock.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import cast

from tests.support.operator.collecting import collect
from tests.support.operator.index import Index, new_index
from tests.support.operator.objects import Objects
from tests.support.operator.rolling import held_to, ready, roll
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, RESTORES, Resource
from vinymatic_operator.metrics import Metrics
from vinymatic_operator.observe.gathering import Gathering
from vinymatic_operator.observe.reading import (
    Found,
    environment_of,
    items,
    labels_of,
    name_of,
    part,
    uid_of,
)
from vinymatic_operator.observe.seen import ReplicaAnswer, ReplicaSeen
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import ApiWorkload
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.resources.names import API_VERSION
from vinymatic_operator.status.conditions import stamp
from vinymatic_operator.ticking.tick import Tick

NAMESPACE, NAME = "records", "records"
BEGIN = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
INTERVAL = timedelta(seconds=10)


class OperatorDiedError(BaseException):
    """The operator's process ended in the middle of something."""


class World:
    """`bad_epochs`: a pod that is held to one of them never gets ready. `failing_epochs`: its searches fail.

    `ended`: every Job that ever ended, and whether its command answered.
    """

    def __init__(self, spec: Json | None = None, *, replicas: int = 3) -> None:
        self.now = BEGIN
        self.objects = Objects(lambda: self.now)
        self.index: Index = new_index(lambda: self.now)
        self.bad_epochs: set[int] = set()
        self.failing_epochs: set[int] = set()
        self.deaf = False
        self.ended: dict[str, bool] = {}
        self.objects.watch = self._arrived
        self.deploy("api", replicas)
        self.deploy("ingestor", 1)
        self.objects.put(
            INDEXES,
            {
                "apiVersion": API_VERSION,
                "kind": "VinylIndex",
                "metadata": {"name": NAME, "namespace": NAMESPACE, "annotations": {}},
                "spec": {
                    "storage": {"bucket": "records"},
                    "api": {"deployment": "api"},
                    "ingestor": {"deployment": "ingestor"},
                    **(spec or {}),
                },
            },
        )
        self.operators = [self._operator()]
        self.settle_deployments()

    # ---- the operator

    def start_operator(self, at: int = 0) -> None:
        """A new process: all that the old one knew is gone."""
        self.operators[at] = self._operator()

    def _operator(self) -> tuple[Tick, Cache]:
        cache = Cache()
        gathering = Gathering(self.objects, cache, self, lambda: self.now)
        self.resync(cache)
        return Tick(self.objects, cache, gathering, Metrics(), Tries(60.0), lambda: self.now), cache

    def resync(self, cache: Cache) -> None:
        for resource in (INDEXES, BACKUPS, RESTORES, JOBS):
            cache.replace(resource, self.objects.all(resource), cache.keys(resource))

    def reconnect(self, cache: Cache) -> None:
        """A watch that was cut off begins anew: with everything that there is, but without a word about what went meanwhile."""
        for resource in (INDEXES, BACKUPS, RESTORES, JOBS, DEPLOYMENTS):
            for body in self.objects.all(resource):
                cache.put(resource, body)

    def _arrived(self, resource: Resource, kind: str, body: Json) -> None:
        """The watch; `deaf`: it is cut off."""
        if self.deaf:
            return
        for _, cache in getattr(self, "operators", []):
            if kind == "DELETED":
                cache.drop(resource, NAMESPACE, name_of(body), uid=uid_of(body))
            else:
                cache.put(resource, body)

    def look(self) -> bool:
        acted = [tick.look((NAMESPACE, NAME)) for tick, _ in self.operators]  # each of them looks
        return True in acted

    # ---- time

    def settle(self, rounds: int = 400) -> None:
        """Until the operator and the controllers have nothing left to do now."""
        for _ in range(rounds):
            acted = self.look()
            moved = self.controllers()
            self.now += timedelta(seconds=1)
            if not acted and not moved and not self.look():
                return
        raise AssertionError(f"it does not come to rest: {self.objects.calls[-12:]}")

    def pass_time(self, span: timedelta, step: timedelta = INTERVAL) -> None:
        """With a look every `step`, and everything that follows from it."""
        end = self.now + span
        while self.now < end:
            self.now += step
            self.settle()

    # ---- what people do

    def annotate(self, name: str, value: str) -> None:
        body = self.objects.bodies[INDEXES][(NAMESPACE, NAME)]
        metadata = part(body, "metadata")
        self.objects.put(
            INDEXES, {**body, "metadata": {**metadata, "annotations": {**part(metadata, "annotations"), name: value}}}
        )

    def change_spec(self, **changes: object) -> None:
        body = self.objects.bodies[INDEXES][(NAMESPACE, NAME)]
        self.objects.put(INDEXES, {**body, "spec": {**part(body, "spec"), **cast(Json, changes)}})

    def create(self, resource: Resource, name: str, spec: Json) -> None:
        body: Json = {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": {"index": NAME, **spec}}
        self.objects.put(resource, body, new=True)

    # ---- what there is

    @property
    def status(self) -> IndexStatus:
        return IndexStatus.model_validate(part(self.objects.bodies[INDEXES][(NAMESPACE, NAME)], "status"))

    def condition(self, kind: str) -> tuple[str, str]:
        found = next(c for c in self.status.conditions if c.type == kind)
        return found.status, found.reason

    def conditions_of(self, resource: Resource, name: str) -> dict[str, tuple[str, str]]:
        body = self.objects.bodies[resource][(NAMESPACE, name)]
        return {str(c["type"]): (str(c["status"]), str(c["reason"])) for c in items(part(body, "status"), "conditions")}

    def template_epoch(self) -> str | None:
        containers = items(part(self._api(), "spec", "template", "spec"), "containers")
        return environment_of(next(containers)).get("INDEX_EPOCH")

    def least_manifest(self) -> int | None:
        """What the API's pod template holds pods to."""
        return held_to({"spec": part(self._api(), "spec", "template", "spec")})[1]

    def job_names(self) -> list[str]:
        return sorted(name_of(job) for job in self.objects.all(JOBS))

    def _api(self) -> Json:
        return self.objects.bodies[DEPLOYMENTS][(NAMESPACE, "api")]

    # ---- controllers

    def controllers(self) -> bool:
        """One step of each. True when something moved."""
        collected = collect(self.objects, self.now)
        jobs = [self._run(job) for job in self.objects.all(JOBS)]
        rolled = self._roll()
        return rolled or collected or True in jobs

    def settle_deployments(self) -> None:
        while self._roll():
            pass

    def _run(self, job: Json) -> bool:
        """A Job's pod runs, ends, and the Job with it."""
        if part(job, "status").get("conditions"):
            return False
        (container,) = items(part(job, "spec", "template", "spec"), "containers")
        command = [str(word) for word in cast(list[object], container["command"])]
        code, result = self.index.run(command[1:])
        self.ended[name_of(job)] = "outcome" in result
        ended: Json = {"exitCode": code, "message": json.dumps(result), "finishedAt": stamp(self.now)}
        pod: Json = {
            "metadata": {
                "name": f"{name_of(job)}-pod",
                "namespace": NAMESPACE,
                "labels": {"batch.kubernetes.io/job-name": name_of(job)},
            },
            "status": {
                "phase": "Succeeded" if code == 0 else "Failed",
                "containerStatuses": [{"state": {"terminated": ended}}],
            },
        }
        self.objects.put(PODS, pod)
        kind = "Complete" if code == 0 else "Failed"
        condition: Json = {"type": kind, "status": "True", "lastTransitionTime": stamp(self.now)}
        self.objects.put(JOBS, {**job, "status": {"conditions": [condition], "completionTime": stamp(self.now)}})
        return True

    def deploy(self, name: str, replicas: int) -> None:
        container: Json = {"name": name, "image": "vinymatic:1", "env": [{"name": "TOP_N", "value": "5"}]}
        template: Json = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
        spec: Json = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
        self.objects.put(DEPLOYMENTS, {"metadata": {"name": name, "namespace": NAMESPACE}, "spec": spec})

    def _roll(self) -> bool:
        moved = [roll(self.objects, body, self.now, self._can_serve) for body in self.objects.all(DEPLOYMENTS)]
        return True in moved  # each of them moves

    def _can_serve(self, pod: Json) -> bool:
        if labels_of(pod).get("app") != "api":
            return True
        held, least = held_to(pod)
        if held in self.bad_epochs or self.index.lost:
            return ready(pod) and held not in self.bad_epochs
        return self.index.state.manifest >= (least or 0)

    # ---- the API's pods, as `Asking`

    def ask_all(self, pods: Iterable[Found], api: ApiWorkload) -> tuple[ReplicaSeen, ...]:
        return tuple(self._answer(pod) for pod in pods)

    def _answer(self, pod: Found) -> ReplicaSeen:
        held, least = held_to(pod)
        there = any(name_of(found) == name_of(pod) for found in self.objects.all(PODS))
        if not there or held in self.bad_epochs or self.index.lost:
            problem = (
                ("unreachable", "it does not answer") if not self.index.lost else ("no_index", "nothing is committed")
            )
            return ReplicaSeen(name_of(pod), ready(pod) and there, held, least, None, problem)
        state = self.index.state
        written = (
            state.active_epoch,
            state.previous_epoch,
            state.candidate_epoch if state.candidate_complete else None,
        )
        epoch = held if held is not None and held in written else state.active_epoch
        failed = 50 if epoch in self.failing_epochs else 0
        answer = ReplicaAnswer(state, state.manifest, epoch, 0.5, None, 100, failed)
        return ReplicaSeen(name_of(pod), ready(pod), held, least, answer)
