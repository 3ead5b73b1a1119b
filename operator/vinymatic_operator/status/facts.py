"""The figures of a VinylIndex's status: what is seen now, and from the status before what cannot be seen any more. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import datetime

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.errors import ScheduleError
from vinymatic_operator.observe.result import CommandResult
from vinymatic_operator.observe.seen import JobSeen, Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import Plan
from vinymatic_operator.plan.backups import acted_on_schedule, drill_over, newest_completed
from vinymatic_operator.plan.epochs import due_text
from vinymatic_operator.plan.requests import settled
from vinymatic_operator.plan.rollout import rollout_state
from vinymatic_operator.plan.schedule import last_due, next_due
from vinymatic_operator.resources.index_status import (
    BackupRun,
    DrillRun,
    GateFigures,
    LastRun,
    RetrainingRun,
    RolloutRun,
    ServedManifest,
    Summary,
)
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT
from vinymatic_operator.resources.schedules import Schedule
from vinymatic_operator.status.conditions import stamp


def summary(view: IndexSummary | None, known: Summary | None) -> Summary | None:
    return known if view is None else Summary.model_validate(view.model_dump())


def served(observed: Observed) -> list[ServedManifest]:
    """Newest manifest first."""
    counted = Counter((r.answer.manifest, r.answer.epoch) for r in observed.replicas if r.answer is not None)
    return [ServedManifest(manifest=m, epoch=e, pods=pods) for (m, e), pods in sorted(counted.items(), reverse=True)]


def serving(observed: Observed, view: IndexSummary | None) -> str | None:
    """`2/3`: of three pods, two are ready and serve the newest manifest."""
    if observed.api is None:
        return None
    newest = view.manifest if view is not None else None
    current = [r for r in observed.replicas if r.ready and r.answer is not None and r.answer.manifest == newest]
    return f"{len(current)}/{max(observed.api.wanted, len(observed.replicas))}"


def rollout(observed: Observed, now: datetime) -> RolloutRun | None:
    api, known = observed.api, observed.status.rollout
    if api is None or api.rolled_at is None:
        return known
    begun = stamp(api.rolled_at)
    completed = known.completed_at if known is not None and known.started_at == begun else None
    if completed is None and rollout_state(observed, api, observed.spec.rollout, now).complete:
        completed = stamp(now)
    return RolloutRun(
        reason=api.rolled_for or "",
        started_at=begun,
        completed_at=completed,
        epoch=api.epoch,
        min_manifest=api.min_manifest,
    )


def retraining(observed: Observed, view: IndexSummary | None, planned: Plan, now: datetime) -> RetrainingRun:
    known = observed.status.retraining
    steps = (Step.TRAIN, Step.ENCODE, Step.GATE, Step.PROMOTE, Step.DISCARD, Step.ROLLBACK, Step.RETIRE)
    last = max(
        (job for job in map(observed.latest, steps) if job is not None),
        key=lambda job: job.finished or job.created,
        default=None,
    )
    told: dict[str, object] = {
        "request": settled(observed, view, RETRAIN_AT),
        "promote_request": settled(observed, view, PROMOTE_AT),
        "rollback_request": settled(observed, view, ROLLBACK_AT),
        "phase": planned.retraining,
        "gate": gate(observed) or known.gate,
        "last": view.trained_at if view is not None else known.last,
        "refused_epoch": _refused(observed, view),
    }
    if last is not None:
        told |= {"job": last.name, "outcome": outcome(last)}
    if (begun := observed.latest(Step.TRAIN)) is not None:
        told["reason"] = begun.reason
    if view is not None and planned.retraining is None:
        told["reason"] = due_text(observed, view, now) or known.reason
    return known.model_copy(update=told)


def _refused(observed: Observed, view: IndexSummary | None) -> int | None:
    """After a rollback, the epoch that was left: it is not gone back to by itself. None once that one, or a later one, is active.

    Epochs are numbered in the order of their training, so the index itself tells, also where the Job of the rollback is gone.
    """
    if view is not None and view.previous_epoch is not None and view.previous_epoch > view.active_epoch:
        return view.previous_epoch
    before, after = observed.latest(Step.PROMOTE), observed.latest(Step.ROLLBACK)
    refused = observed.status.retraining.refused_epoch
    if after is not None and after.answered and after.result is not None and after.result.index is not None:
        promoted_since = before is not None and before.answered and _ended(before) > _ended(after)
        refused = None if promoted_since else after.result.index.previous_epoch
    return None if refused is None or (view is not None and view.active_epoch >= refused) else refused


def gate(observed: Observed) -> GateFigures | None:
    job = max((job for job in observed.jobs if job.step is Step.GATE and job.answered), key=_ended, default=None)
    if job is None or job.result is None:
        return None
    result, active, candidate = job.result, _figures(job.result, "active"), _figures(job.result, "candidate")
    return GateFigures(
        epoch=result.number("epoch") or 0,
        passed=result.flag("passed"),
        at=stamp(_ended(job)),
        recall_active=active.get("recall"),
        recall_candidate=candidate.get("recall"),
        false_accepts_active=active.get("false_accepts"),
        false_accepts_candidate=candidate.get("false_accepts"),
        photos=int(active["photos"]) if "photos" in active else None,
        failures=result.texts("failures"),
    )


def _figures(result: CommandResult, side: str) -> dict[str, float]:
    """Of all rounds, simulated and labelled photos: photos in all, and the worst figures, which are what the gate decides by."""
    rounds = (result.outcome or {}).get("rounds")
    found = (
        [measured.get(side) for measured in rounds if isinstance(measured, dict)] if isinstance(rounds, list) else []
    )
    told: dict[str, list[float]] = {}
    for figures in found:
        if isinstance(figures, dict):
            for name, value in figures.items():
                if isinstance(value, int | float):
                    told.setdefault(name, []).append(value)
    worst: dict[str, Callable[[list[float]], float]] = {"photos": sum, "recall": min, "false_accepts": max}
    return {name: round(of(told[name]), 4) for name, of in worst.items() if name in told}


def backup(observed: Observed, now: datetime) -> BackupRun:
    known, newest, wish = observed.status.backup, newest_completed(observed), observed.spec.backup
    acted = acted_on_schedule(observed)
    if wish is not None and wish.suspend:
        acted = last_scheduled(wish, now) or acted
    told: dict[str, object] = {
        "backups": sum(found.completed for found in observed.backups),
        "scheduled_for": None if acted is None else stamp(acted),
        "next": None if wish is None else _next(wish, now),
    }
    if newest is not None:
        told |= {"last": newest.status.completed_at, "manifest": newest.status.manifest}
    if (job := observed.latest(Step.BACKUP)) is not None:
        told |= {"job": job.name, "outcome": outcome(job)}
    return known.model_copy(update=told)


def drill(observed: Observed, now: datetime) -> DrillRun:
    known = observed.status.drill
    wish = observed.spec.backup.drill if observed.spec.backup is not None else None
    told: dict[str, object] = {"next": None if wish is None else _next(wish, now)}
    if wish is not None and wish.suspend and (skipped := last_scheduled(wish, now)) is not None:
        told["scheduled_for"] = stamp(skipped)
    job = observed.latest(Step.DRILL)
    if job is None:
        return known.model_copy(update=told)
    told |= {"job": job.name, "outcome": outcome(job)}
    if drill_over(job):
        told["scheduled_for"] = stamp(job.created)
    if job.answered and job.result is not None:
        told |= {name: job.result.number(name) for name in ("right", "questions")}
        told["manifest"] = job.result.number("number")
        if job.result.flag("passed"):
            told["last"] = stamp(_ended(job))
    return known.model_copy(update=told)


def upkeep(observed: Observed, step: Step, known: LastRun) -> LastRun:
    job = observed.latest(step)
    if job is None:
        return known
    told: dict[str, object] = {"job": job.name, "outcome": outcome(job)}
    if job.answered:
        told["last"] = stamp(_ended(job))
    return known.model_copy(update=told)


def outcome(job: JobSeen) -> str:
    """What became of a Job, in words."""
    if job.failed and job.result is not None:
        return f"failed: {job.result.error}"[:500]
    if job.result is not None and job.step in (Step.GATE, Step.DRILL):
        return "passed" if job.result.flag("passed") else "did not pass"
    return "done"


def _ended(job: JobSeen) -> datetime:
    return job.finished or job.created


def _next(wish: Schedule, now: datetime) -> str | None:
    try:
        found = next_due(wish, now)
    except ScheduleError:
        return None
    return None if found is None else stamp(found)


def last_scheduled(wish: Schedule, now: datetime) -> datetime | None:
    """The newest time of the schedule; None also where it means nothing, which the plan says."""
    try:
        return last_due(wish, now)
    except ScheduleError:
        return None
