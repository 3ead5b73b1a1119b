"""What must hold at each single write of the operator, judged by the index and the cluster as they are, not as it sees them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from tests.support.operator.objects import Call, copied
from tests.support.operator.world import NAME, NAMESPACE
from tests.unit.operator.chaos.faults import Disturbed
from vinymatic.lifecycle.due import RetrainingPolicy, retraining_due
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS, PODS, RESTORES
from vinymatic_operator.observe.objects import read_job
from vinymatic_operator.observe.reading import annotations_of, condition, labels_of, name_of, part
from vinymatic_operator.observe.seen import JobSeen
from vinymatic_operator.observe.steps import BACKUP_LANE, EPOCH_LANE, UPKEEP_LANE, Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.resources.base import Json
from vinymatic_operator.resources.index_spec import IndexSpec
from vinymatic_operator.resources.names import RETRAIN_AT

BACKOFF = timedelta(seconds=55)  # a stamp has no parts of seconds, and rounds cost one

MORE_THAN_ONE_RUNS = "two Jobs of one lane run at once"
NOT_ALONE = "a restore into the index is not alone"
PAUSED = "something was started while paused"
NO_REASON = "a training without its reason"
UNGATED = "an epoch promoted without its gate"
NOT_HELD = "an epoch promoted while pods follow by themselves"
TOO_EARLY = "an epoch retired before the one after it was watched"
UNKNOWN_EPOCH = "pods held to an epoch that nobody writes"
AGAIN_AT_ONCE = "tried again without a pause"
DONE_TWICE = "done again although it is done"
WENT_FORTH = "an epoch that was rolled back is active again"
FEWER_PODS = "fewer pods are ready than are wanted"
SAME_STATUS = "a status written that says what was said"


class Oracle:
    """`found`: names of what did not hold. `after`: called when the oracle has judged a call; it may raise.

    `forgiving`: somebody asked for rollbacks, and what was left may be gone back to.
    """

    forgiving = False

    def __init__(self, world: Disturbed, after: Callable[[Call], None] = lambda _: None) -> None:
        self.found: list[str] = []
        self._world = world
        self._after = after
        self._active = world.index.state.active_epoch
        self._left: set[int] = set()
        self._status: Json = {}
        self._served = False
        self._lost = False
        self._restores = 0
        world.objects.after = self._judge

    def look(self) -> None:
        """At what needs no call of the operator."""
        state, restores = self._world.index.state, self._world.index.ran.count("restore")
        if restores > self._restores:
            self._restores = restores
            self._left.clear()  # an epoch may be a candidate again, and be promoted again
        if state.active_epoch != self._active:
            self._changed(self._active, state.active_epoch)
            self._active = state.active_epoch
        ready = sum(_ready(pod) for pod in self._api_pods())
        self._served = self._served or ready >= 3
        # Pods of an index that was lost wait for manifests that will never be.
        self._lost = self._lost or self._world.index.lost
        if self._served and ready < 3 and not self._lost:
            self._blame(FEWER_PODS)

    def api_is_new(self) -> None:
        """No pod of it has served yet."""
        self._served = False

    def _changed(self, before: int, after: int) -> None:
        cause = next(step for step in reversed(self._world.index.ran) if step in ("promote", "rollback", "restore"))
        if after in self._left and not self.forgiving:
            self._blame(WENT_FORTH)
        elif cause == "rollback":
            self._left.add(before)

    def _judge(self, call: Call) -> None:
        verb, resource, name = call
        self.look()
        body = self._world.objects.bodies.get(resource, {}).get((NAMESPACE, name))
        if verb == "create" and resource is JOBS and body is not None and (job := read_job(body)) is not None:
            self._started(job, body)
        elif (verb, resource) == ("patch", DEPLOYMENTS) and body is not None:
            self._not_paused()
            state = self._world.index.state
            epoch = self._world.template_epoch()
            if epoch is not None and int(epoch) not in (
                state.active_epoch,
                state.previous_epoch,
                state.candidate_epoch,
            ):
                self._blame(UNKNOWN_EPOCH)
        elif (verb, resource) == ("create", BACKUPS):
            self._not_paused()
        elif (verb, resource) == ("patch status", INDEXES) and body is not None:
            if part(body, "status") == self._status and not self._world.deaf:
                self._blame(SAME_STATUS)
            self._status = copied(part(body, "status"))
        self._after(call)

    def _started(self, job: JobSeen, body: Json) -> None:
        self._not_paused()
        jobs = [found for found in map(read_job, self._world.objects.all(JOBS)) if found is not None]
        running = [found for found in jobs if found.running]
        for lane in (EPOCH_LANE, UPKEEP_LANE, BACKUP_LANE, {Step.RESTORE}):
            # Who does not hear what another does, or what became of an answer, cannot know: the object store fences, not the operator.
            if sum(found.step in lane for found in running) > 1 and not self._world.deaf:
                self._blame(MORE_THAN_ONE_RUNS)
        before = next(
            (found for found in jobs if (found.step, found.key, found.attempt) == (*job_of(job), job.attempt - 1)), None
        )
        if before is not None and before.finished is not None and self._world.now - before.finished < BACKOFF:
            self._blame(AGAIN_AT_ONCE)
        judge = {Step.TRAIN: self._train, Step.GATE: self._gate, Step.PROMOTE: self._promote, Step.RETIRE: self._retire}
        if job.step in judge:
            judge[job.step](job)
        arguments = part(body, "spec", "template", "spec")["containers"]
        in_place = job.step is Step.RESTORE and "--to" not in str(arguments)
        if in_place and len(running) > 1 and not self._world.deaf:
            self._blame(NOT_ALONE)

    def _train(self, job: JobSeen) -> None:
        wish = self._spec.retraining
        policy = RetrainingPolicy(wish.images, wish.days, wish.growth, wish.drift)
        # Nor can who does not hear that it is suspended obey that.
        suspended = wish.suspend and not self._world.deaf
        due = not suspended and retraining_due(self._world.index.state, policy, self._world.now)
        # Who does not hear that somebody asks for another acts on what was asked for before.
        heard = self._world.deaf or job.request == annotations_of(self._body).get(RETRAIN_AT)
        asked = job.request is not None and heard
        # Of an index that was lost, Jobs tell what it was.
        if not due and not asked and job.attempt == 1 and not self._lost:
            self._blame(NO_REASON)

    def _gate(self, _: JobSeen) -> None:
        if self._world.index.candidate in self._world.index.measured:
            self._blame(DONE_TWICE)

    def _promote(self, job: JobSeen) -> None:
        measured = self._world.index.measured.get(self._world.index.candidate, False)
        # After a restore an epoch's number may be given again, and its gate be known from before: the index itself refuses then.
        if job.request is None and not measured and not self._lost:
            self._blame(UNGATED)
        if self._world.template_epoch() is None:
            self._blame(NOT_HELD)

    def _retire(self, _: JobSeen) -> None:
        api = self._world.objects.bodies[DEPLOYMENTS].get((NAMESPACE, "api"))
        if api is None:
            self._blame(TOO_EARLY)
            return
        rolled_at = moment(annotations_of(part(api, "spec", "template")).get("vinymatic.io/rolled-at"))
        soak = timedelta(seconds=self._spec.rollout.soak_seconds)
        if rolled_at is None or self._world.now - rolled_at < soak or not all(map(_ready, self._api_pods())):
            self._blame(TOO_EARLY)

    def _not_paused(self) -> None:
        if self._spec.paused and not self._world.deaf:
            self._blame(PAUSED)

    @property
    def _body(self) -> Json:
        return self._world.objects.bodies[INDEXES][(NAMESPACE, NAME)]

    @property
    def _spec(self) -> IndexSpec:
        return IndexSpec.model_validate(part(self._body, "spec"))

    def _api_pods(self) -> list[Json]:
        return [pod for pod in self._world.objects.all(PODS) if labels_of(pod).get("app") == "api"]

    def _blame(self, name: str) -> None:
        if name not in self.found:
            self.found.append(name)


def job_of(job: JobSeen) -> tuple[Step, str]:
    return job.step, job.key


def _ready(pod: Json) -> bool:
    return condition(pod, "Ready").get("status") == "True"


def unfinished(world: Disturbed) -> list[str]:
    """What should be over, once nothing is in the way any more and time has passed."""
    state, found = world.index.state, []
    if world.template_epoch() not in (None, str(state.active_epoch)):
        found.append(f"pods are held to {world.template_epoch()}, {state.active_epoch} is active")
    if state.candidate_epoch is not None:
        found.append(f"epoch {state.candidate_epoch} is still a candidate")
    found += [f"{kind} is {said}" for kind, said in _bad(world)]
    found += [
        f"{name_of(body)} is not finished"
        for resource in (BACKUPS, RESTORES)
        for body in world.objects.all(resource)
        if "True" not in (condition(body, "Complete").get("status"), condition(body, "Failed").get("status"))
    ]
    before = world.objects.calls.copy()
    world.look()
    found += [
        f"it still does {call[:2]}" for call in world.objects.calls[len(before) :] if call[0] not in ("get", "list")
    ]
    return found


def _bad(world: Disturbed) -> list[tuple[str, tuple[str, str]]]:
    wanted = {"Ready": "True", "Stalled": "False", "Reconciling": "False", "Serving": "True", "Fresh": "True"}
    return [(kind, said) for kind, good in wanted.items() if (said := world.condition(kind))[0] != good]
