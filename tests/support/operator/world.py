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
    text,
    whole,
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
                cache.drop(resource, NAMESPACE, name_of(body))
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
        return _held({"spec": part(self._api(), "spec", "template", "spec")})[1]

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
        """Surge 1, unavailable 0: a new pod comes, and when it is ready an old one goes."""
        moved = [self._roll_one(body) for body in self.objects.all(DEPLOYMENTS)]  # each of them moves
        return True in moved

    def _roll_one(self, deployment: Json) -> bool:
        app, wanted = name_of(deployment), whole(part(deployment, "spec"), "replicas")
        template = part(deployment, "spec", "template")
        pods = [pod for pod in self.objects.all(PODS) if labels_of(pod).get("app") == app]
        new = [pod for pod in pods if part(pod, "spec") == template["spec"]]
        old = [pod for pod in pods if pod not in new]
        moved = False
        for pod in new:
            ready = "True" if self._can_serve(pod) else "False"
            if part(pod, "status") != (status := _pod_status(ready)):
                self.objects.put(PODS, {**pod, "status": status})
                moved = True
        if not moved:
            if len(new) < wanted and len(pods) < wanted + 1:
                name = f"{app}-{self.objects.number()}"
                self.objects.put(
                    PODS,
                    {
                        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {"app": app}},
                        "spec": template["spec"],
                        "status": _pod_status("False"),
                    },
                )
                moved = True
            elif (going := _to_go(old, pods, wanted)) is not None:
                self.objects.remove(PODS, NAMESPACE, name_of(going))
                moved = True
        return self._tell_deployment(deployment, app) or moved

    def _tell_deployment(self, deployment: Json, app: str) -> bool:
        template, wanted = part(deployment, "spec", "template"), whole(part(deployment, "spec"), "replicas")
        pods = [pod for pod in self.objects.all(PODS) if labels_of(pod).get("app") == app]
        new = [pod for pod in pods if part(pod, "spec") == template["spec"]]
        whole_now = len(new) == len(pods) == wanted and all(map(_ready, new))
        before = next((c for c in items(part(deployment, "status"), "conditions")), {})
        generation = part(deployment, "metadata")["generation"]
        known = part(deployment, "status").get("observedGeneration") == generation
        reason = (
            "NewReplicaSetAvailable"
            if whole_now or (known and before.get("reason") == "NewReplicaSetAvailable")
            else "ReplicaSetUpdated"
        )
        ready = len([pod for pod in pods if _ready(pod)])
        changed = (len(new), ready) != (
            part(deployment, "status").get("updatedReplicas"),
            part(deployment, "status").get("readyReplicas"),
        )
        status: Json = {
            "observedGeneration": generation,
            "replicas": len(pods),
            "updatedReplicas": len(new),
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [
                {
                    "type": "Progressing",
                    "status": "True",
                    "reason": reason,
                    "lastUpdateTime": stamp(self.now) if changed else text(before, "lastUpdateTime") or stamp(self.now),
                }
            ],
        }
        if status == part(deployment, "status"):
            return False
        self.objects.put(DEPLOYMENTS, {**deployment, "status": status})
        return True

    def _can_serve(self, pod: Json) -> bool:
        if labels_of(pod).get("app") != "api":
            return True
        held, least = _held(pod)
        if held in self.bad_epochs or self.index.lost:
            return _ready(pod) and held not in self.bad_epochs
        return self.index.state.manifest >= (least or 0)

    # ---- the API's pods, as `Asking`

    def ask_all(self, pods: Iterable[Found], api: ApiWorkload) -> tuple[ReplicaSeen, ...]:
        return tuple(self._answer(pod) for pod in pods)

    def _answer(self, pod: Found) -> ReplicaSeen:
        held, least = _held(pod)
        there = any(name_of(found) == name_of(pod) for found in self.objects.all(PODS))
        if not there or held in self.bad_epochs or self.index.lost:
            problem = (
                ("unreachable", "it does not answer") if not self.index.lost else ("no_index", "nothing is committed")
            )
            return ReplicaSeen(name_of(pod), _ready(pod) and there, held, least, None, problem)
        state = self.index.state
        written = (
            state.active_epoch,
            state.previous_epoch,
            state.candidate_epoch if state.candidate_complete else None,
        )
        epoch = held if held is not None and held in written else state.active_epoch
        failed = 50 if epoch in self.failing_epochs else 0
        answer = ReplicaAnswer(state, state.manifest, epoch, 0.5, None, 100, failed)
        return ReplicaSeen(name_of(pod), _ready(pod), held, least, answer)


def _to_go(old: list[Json], pods: list[Json], wanted: int) -> Json | None:
    """The next old pod to go: first those that are not ready, and a ready one only where enough others are."""
    not_ready = next((pod for pod in old if not _ready(pod)), None)
    enough = len([pod for pod in pods if _ready(pod)]) > wanted
    return not_ready or next((pod for pod in old if enough), None)


def _pod_status(ready: str) -> Json:
    return {"phase": "Running", "podIP": "10.0.0.1", "conditions": [{"type": "Ready", "status": ready}]}


def _ready(pod: Found) -> bool:
    return any(c.get("type") == "Ready" and c.get("status") == "True" for c in items(part(pod, "status"), "conditions"))


def _held(pod: Found) -> tuple[int | None, int | None]:
    environment = environment_of(next(items(part(pod, "spec"), "containers")))
    epoch, least = environment.get("INDEX_EPOCH"), environment.get("INDEX_MIN_MANIFEST")
    return int(epoch) if epoch else None, int(least) if least else None
