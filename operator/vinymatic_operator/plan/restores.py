"""Restores: a Job, and then, where the index itself was restored, a roll-out of the API. Pure.

A restore into the index is alone: nothing else of this operator commits meanwhile, and the oldest VinylRestore goes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import BackupSeen, DeploymentSeen, JobSeen, Observed, RestoreSeen, condition_true
from vinymatic_operator.observe.steps import BACKUP_LANE, EPOCH_LANE, UPKEEP_LANE, Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plan.actions import Lane, Problem, RollOut, StartJob
from vinymatic_operator.plan.keys import text_key
from vinymatic_operator.plan.rollout import rollout_state
from vinymatic_operator.plan.tries import Tries, attempt
from vinymatic_operator.resources.places import target_url

MOST_ATTEMPTS = 3


def plan_restores(observed: Observed, view: IndexSummary | None, now: datetime, tries: Tries) -> Lane:
    restore = next_restore(observed)
    if restore is None:
        return Lane()
    back = restored(observed, restore)
    if back is not None:
        return _served(observed, restore, back, view, now)
    done = restore_job(observed, restore)
    if (done is not None and given_up(done)) or refusal(observed, restore) is not None:
        return Lane()  # its status is about to say so
    source = _source(observed, restore)
    if source is not None and not source.finished:
        return Lane(next=f"restore {restore.name} waits for VinylBackup {source.name}")
    busy = observed.running((EPOCH_LANE | UPKEEP_LANE | BACKUP_LANE) if restore.in_place else BACKUP_LANE)
    if busy is not None:
        return Lane((), "Restoring", f"restore {restore.name} waits for {busy.name}")
    start = StartJob(
        Step.RESTORE,
        restore_key(restore),
        1,
        f"VinylRestore {restore.name}",
        _arguments(observed, restore),
        owner=restore.name,
        owner_uid=restore.uid,
    )
    return attempt(observed, now, tries, start, "Restoring")


def next_restore(observed: Observed) -> RestoreSeen | None:
    """The oldest that is not finished."""
    open_ = [restore for restore in observed.restores if not restore.finished and not restore.deleting]
    waiting = [restore for restore in open_ if not superseded(observed, restore)]
    return min(waiting, key=lambda found: (found.created, found.name), default=None)


def superseded(observed: Observed, restore: RestoreSeen) -> bool:
    """It was carried out, is not served yet, and a later one waits: what cannot come up must not keep that from helping."""
    later = [found for found in observed.restores if found.in_place and not found.finished and not found.deleting]
    waits = any((found.created, found.name) > (restore.created, restore.name) for found in later)
    return restore.in_place and waits and restored(observed, restore) is not None


def restore_key(restore: RestoreSeen) -> str:
    return text_key(restore.uid)


def restore_job(observed: Observed, restore: RestoreSeen) -> JobSeen | None:
    """The last Job that works for it."""
    found = observed.attempts(Step.RESTORE, restore_key(restore))
    return found[-1] if found else None


@dataclass(frozen=True)
class Restored:
    """A restore that was carried out: the manifest that holds its state, None where that was not told; and since when."""

    number: int | None
    since: datetime


def restored(observed: Observed, restore: RestoreSeen) -> Restored | None:
    """By its Job, or by its own status once that is gone: carried out once more, it would take back what was ingested since."""
    job = restore_job(observed, restore)
    if job is not None and job.answered and job.result is not None:
        return Restored(job.result.number("number"), job.created)
    if not condition_true(restore.status, "Restored"):
        return None
    return Restored(restore.status.manifest, moment(restore.status.started_at) or restore.created)


def given_up(job: JobSeen) -> bool:
    return job.failed and job.attempt >= MOST_ATTEMPTS


def refusal(observed: Observed, restore: RestoreSeen) -> str | None:
    """Why it can never be carried out, in words."""
    if observed.spec.backup is None:
        return f"VinylIndex {observed.name} has no spec.backup: there is nothing to restore from"
    wanted = restore.spec.source.backup
    if wanted is None:
        return None
    backup = _source(observed, restore)
    if backup is None:
        return f"there is no VinylBackup {wanted} of {observed.name}"
    if backup.finished and (not backup.completed or backup.status.manifest is None):
        return f"VinylBackup {wanted} failed"
    return None


def _source(observed: Observed, restore: RestoreSeen) -> BackupSeen | None:
    return next((found for found in observed.backups if found.name == restore.spec.source.backup), None)


def rolled_for(restore: RestoreSeen) -> str:
    return f"restore {restore.name}"


def restore_served(observed: Observed, restore: RestoreSeen, now: datetime) -> bool:
    """Its state is served by every pod; nothing to serve where it went elsewhere, or where nothing serves."""
    api = observed.api
    if not restore.in_place or api is None:
        return True
    back = restored(observed, restore)
    rolled = back is not None and _rolled(api, restore, back)
    return rolled and rollout_state(observed, api, observed.spec.rollout, now).complete


def _rolled(api: DeploymentSeen, restore: RestoreSeen, back: Restored) -> bool:
    """The API was rolled for it, and not for another of the same name before it."""
    return api.rolled_for == rolled_for(restore) and api.rolled_at is not None and api.rolled_at >= back.since


def _served(observed: Observed, restore: RestoreSeen, back: Restored, view: IndexSummary | None, now: datetime) -> Lane:
    api = observed.api
    if api is None or restore_served(observed, restore, now):
        return Lane()
    # Where nobody told it: what is served by now. Pods that start read the newest in any case.
    number = back.number if back.number is not None or view is None else view.manifest
    epoch = api.epoch if view is None or api.epoch is None else view.active_epoch
    if number is not None and (not _rolled(api, restore, back) or epoch != api.epoch):
        return Lane((RollOut(epoch, number, rolled_for(restore)),), "RollingOut", rolled_for(restore))
    return Lane((), "RollingOut", f"waiting for the API's pods to serve manifest {number}", _stuck(observed, api, now))


def _stuck(observed: Observed, api: DeploymentSeen, now: datetime) -> Problem | None:
    if not rollout_state(observed, api, observed.spec.rollout, now).stuck:
        return None
    return Problem("RolloutStuck", "the API's pods do not come up with the restored state")


def _arguments(observed: Observed, restore: RestoreSeen) -> tuple[str, ...]:
    source, target = restore.spec.source, restore.spec.target
    arguments = ["restore"]
    if source.backup is not None:
        backup = _source(observed, restore)
        assert backup is not None, "it would have been refused"
        arguments += ["--number", str(backup.status.manifest)]
    elif source.time is not None:
        arguments += ["--at", source.time]
    elif source.manifest is not None:
        arguments += ["--number", str(source.manifest)]
    if target is not None:
        arguments += ["--to", target_url(observed.spec, target)]
    return tuple(arguments)
