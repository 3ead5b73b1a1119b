"""The conditions of a VinylIndex: each a verdict with a reason of docs/operator.md and a sentence. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import Observed, ReplicaSeen
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plan.actions import Plan
from vinymatic_operator.resources.conditions import ConditionType, Truth
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.status.facts import last_scheduled

# So long a backup may take after it was due.
_OVERDUE = timedelta(hours=1)
# Of what is stalled, what concerns the service itself; everything else leaves it Ready, and Stalled says so.
_SERIOUS = frozenset({"RolloutStuck", "WrongDeployment"})


@dataclass(frozen=True)
class Verdict:
    status: Truth
    reason: str
    message: str = ""


def verdicts(
    observed: Observed, told: IndexStatus, planned: Plan, view: IndexSummary | None, now: datetime
) -> dict[ConditionType, Verdict]:
    """`told`: the figures of the status that is about to be written."""
    found = {
        ConditionType.RECONCILING: _reconciling(observed, planned),
        ConditionType.STALLED: _stalled(planned),
        ConditionType.SERVING: _serving(observed),
        ConditionType.FRESH: _fresh(observed, view, now),
        ConditionType.TRAINED: _trained(observed, told, view),
        ConditionType.BACKED_UP: _backed_up(observed, told, planned, now),
        ConditionType.RESTORE_PROVEN: _restore_proven(observed, told, now),
    }
    return {ConditionType.READY: _ready(observed, found), **found}


def _ready(observed: Observed, found: dict[ConditionType, Verdict]) -> Verdict:
    serving, stalled = found[ConditionType.SERVING], found[ConditionType.STALLED]
    if observed.deleting:
        return Verdict("False", "Deleting", "it is being deleted")
    if serving.status != "True":
        return Verdict("False", serving.reason, serving.message)
    if stalled.status == "True" and stalled.reason in _SERIOUS:
        return Verdict("False", stalled.reason, stalled.message)
    paused = "; paused: the operator starts nothing" if observed.spec.paused else ""
    return Verdict("True", "Serving", f"{serving.message}{paused}")


def _reconciling(observed: Observed, planned: Plan) -> Verdict:
    if observed.spec.paused:
        return Verdict("False", "Paused", "spec.paused is true")
    if planned.phase is None:
        return Verdict("False", "Settled", "nothing is under way")
    return Verdict("True", planned.phase, planned.next or "")


def _stalled(planned: Plan) -> Verdict:
    if not planned.problems:
        return Verdict("False", "NoProblem")
    return Verdict("True", planned.problems[0].reason, "; ".join(problem.message for problem in planned.problems))


def _serving(observed: Observed) -> Verdict:
    api = observed.api
    if api is None:
        return Verdict("False", "DeploymentMissing", f"there is no Deployment {observed.spec.api.deployment} that fits")
    ready = [r for r in observed.replicas if r.ready and r.answer is not None]
    if api.wanted == 0:
        return Verdict("False", "ScaledToZero", f"Deployment {api.name} has 0 replicas")
    if not ready:
        problem = next(
            (f"{r.pod}: {r.problem[1]}" for r in observed.replicas if r.problem is not None),
            api.refused or "no pod is ready",
        )
        code = next((r.problem[0] for r in observed.replicas if r.problem is not None), "")
        return Verdict("False", "NoIndex" if code == "no_index" else "NoReplicaReady", problem)
    manifests = sorted({r.answer.manifest for r in ready if r.answer is not None}, reverse=True)
    said = f"{len(ready)} of {api.wanted} pods serve manifest {', '.join(map(str, manifests))}"
    return Verdict("True", "AllServing" if len(ready) >= api.wanted else "SomeServing", said)


def _fresh(observed: Observed, view: IndexSummary | None, now: datetime) -> Verdict:
    allowed = observed.spec.rollout.max_staleness_seconds
    if view is None or not any(r.answer is not None for r in observed.replicas):
        return Verdict("Unknown", "NothingServed", "no pod says what it serves")
    lagging = [said for r in observed.replicas if (said := _lag(r, view, allowed, now)) is not None]
    if lagging:
        return Verdict("False", "Stale", "; ".join(lagging))
    return Verdict("True", "Fresh", f"every pod has read the manifest log within {allowed} s")


def _lag(replica: ReplicaSeen, view: IndexSummary, allowed: int, now: datetime) -> str | None:
    """Why a pod is stale, in words. How stale is left out: it changes with every look, and with it the status would."""
    answer = replica.answer
    if answer is None:
        return None
    if answer.staleness_seconds > allowed:
        why = f" ({answer.last_error})" if answer.last_error else ""
        return f"{replica.pod} has not read the manifest log for over {allowed} s{why}"
    committed = moment(view.created_at)
    if answer.manifest < view.manifest and committed is not None and now - committed > timedelta(seconds=allowed):
        return f"{replica.pod} serves manifest {answer.manifest}, {view.manifest} is over {allowed} s old"
    return None


def _trained(observed: Observed, told: IndexStatus, view: IndexSummary | None) -> Verdict:
    if view is None:
        return Verdict("Unknown", "NothingServed", "no pod says what the index is")
    run, attempt, rolled = told.retraining, observed.latest(Step.TRAIN), observed.latest(Step.ROLLBACK)
    if attempt is not None and attempt.failed and (rolled is None or attempt.created > rolled.created):
        return Verdict(
            "False", "TrainingFailed", f"{attempt.name} failed: {attempt.result.error if attempt.result else ''}"
        )
    if run.refused_epoch is not None and run.refused_epoch != view.active_epoch:
        # Pods tell of it before its Job is over.
        last = max(
            (job for job in observed.jobs if job.step is Step.ROLLBACK), key=lambda job: job.created, default=None
        )
        why = f": {last.reason}" if last is not None else ""
        return Verdict("False", "RolledBack", f"epoch {run.refused_epoch} was rolled back{why}")
    if run.gate is not None and not run.gate.passed and run.gate.epoch > view.active_epoch:
        return Verdict("False", "GateFailed", f"epoch {run.gate.epoch} did not pass: {'; '.join(run.gate.failures)}")
    if view.trained_at is None:
        return Verdict("True", "Untrained", f"epoch {view.active_epoch} is the one that came with the software")
    return Verdict(
        "True", "Current", f"epoch {view.active_epoch} is served; the last training began at {view.trained_at}"
    )


def _backed_up(observed: Observed, told: IndexStatus, planned: Plan, now: datetime) -> Verdict:
    wish = observed.spec.backup
    if wish is None:
        return Verdict("Unknown", "NotConfigured", "there is no spec.backup")
    bad = next((problem for problem in planned.problems if problem.reason == "BadSchedule"), None)
    if bad is not None:
        return Verdict("False", "BadSchedule", bad.message)
    last, job = told.backup.last, observed.latest(Step.BACKUP)
    before = f"; the last good one is of {last}" if last else ""
    if job is not None and job.failed:
        return Verdict("False", "BackupFailed", f"{job.name} failed: {job.result.error if job.result else ''}{before}")
    newest = max((found for found in observed.backups if found.finished), key=lambda found: found.created, default=None)
    if newest is not None and not newest.completed:
        # Its Jobs may be gone by now; the record of what they did is not.
        return Verdict("False", "BackupFailed", f"VinylBackup {newest.name} failed{before}")
    if last is None:
        return Verdict("False", "NoBackup", "there is no backup yet")
    due, done = last_scheduled(wish, now), moment(last)
    if not wish.suspend and due is not None and done is not None and done < due < now - _OVERDUE:
        return Verdict("False", "Overdue", f"the one that was due at {due:%F %R} UTC is not made{before}")
    return Verdict("True", "BackedUp", f"manifest {told.backup.manifest} at {last}")


def _restore_proven(observed: Observed, told: IndexStatus, now: datetime) -> Verdict:
    drill = observed.spec.backup.drill if observed.spec.backup is not None else None
    run = told.drill
    if run.job is None:
        why = "there is no spec.backup.drill" if drill is None else "no drill has run yet"
        return Verdict("Unknown", "NotConfigured" if drill is None else "NeverDrilled", why)
    if run.outcome != "passed":
        said = f"{run.right} of {run.questions} answers right: " if run.questions is not None else ""
        return Verdict("False", "DrillFailed", f"{said}{run.job} {run.outcome}")
    done = moment(run.last)
    limit = drill.max_age_days if drill is not None else 0
    if limit and done is not None and now - done > timedelta(days=limit):
        return Verdict("False", "TooOld", f"the last good drill was at {run.last}, over {limit:g} days ago")
    return Verdict(
        "True", "Proven", f"{run.right} of {run.questions} answers right from manifest {run.manifest}, at {run.last}"
    )
