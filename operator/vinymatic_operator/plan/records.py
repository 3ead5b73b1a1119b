"""What VinylBackup and VinylRestore say of themselves: recomputed from their Jobs, written only when it changed. Pure."""

from __future__ import annotations

from datetime import datetime

from vinymatic_operator.observe.seen import BackupSeen, JobSeen, Observed, RestoreSeen
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import Action, WriteBackupStatus, WriteRestoreStatus
from vinymatic_operator.plan.backups import MOST_ATTEMPTS, backup_key
from vinymatic_operator.plan.restores import given_up, refusal, restore_job, restore_served, restored, superseded
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.conditions import Condition, Truth
from vinymatic_operator.resources.places import backup_url
from vinymatic_operator.resources.restore import RestoreStatus
from vinymatic_operator.status.conditions import set_condition, stamp


def write_records(observed: Observed, now: datetime) -> tuple[Action, ...]:
    backups = [(found, backup_status(observed, found, now)) for found in observed.backups if not found.finished]
    restores = [(found, restore_status(observed, found, now)) for found in observed.restores if not found.finished]
    actions: list[Action] = [
        WriteBackupStatus(found.name, found.uid, status, status.conditions[0].reason)
        for found, status in backups
        if status != found.status
    ]
    actions += [
        WriteRestoreStatus(found.name, found.uid, told, told.conditions[0].reason)
        for found, told in restores
        if told != found.status
    ]
    return tuple(actions)


def backup_status(observed: Observed, backup: BackupSeen, now: datetime) -> BackupStatus:
    jobs = observed.attempts(Step.BACKUP, backup_key(backup))
    last = jobs[-1] if jobs else None
    known = backup.status
    told: dict[str, object] = {
        "observed_generation": backup.generation,
        "attempts": max(last.attempt if last else 0, known.attempts),
    }
    if last is None:
        conditions = _complete(
            known.conditions, backup.generation, now, "False", "Waiting", "its Job is not started yet"
        )
        return known.model_copy(update={**told, "conditions": conditions})
    told["started_at"] = known.started_at or stamp(jobs[0].created)
    if last.answered and last.result is not None:
        result = last.result
        said = f"manifest {result.number('number')} is backed up"
        told |= {
            "conditions": _complete(known.conditions, backup.generation, now, "True", "BackedUp", said),
            "completed_at": stamp(last.finished or now),
            "manifest": result.number("number"),
            "covers": result.index.covers if result.index is not None else None,
            "copied_files": result.number("copied_files"),
            "copied_bytes": result.number("copied_bytes"),
            "url": backup_url(observed.spec),
        }
        return known.model_copy(update=told)
    if last.failed and last.attempt >= MOST_ATTEMPTS:
        conditions = _failed(known.conditions, backup.generation, now, "BackupFailed", _error(last))
        return known.model_copy(update={**told, "conditions": conditions})
    reason, said = _under_way(last)
    conditions = _complete(known.conditions, backup.generation, now, "False", reason, said)
    return known.model_copy(update={**told, "conditions": conditions})


def restore_status(observed: Observed, restore: RestoreSeen, now: datetime) -> RestoreStatus:
    last, known = restore_job(observed, restore), restore.status
    generation = restore.generation
    told: dict[str, object] = {"observed_generation": generation}
    refused = refusal(observed, restore)
    if last is None and restored(observed, restore) is not None:
        return _restored(observed, restore, known.model_copy(update=told), now)
    if refused is not None and (last is None or last.failed):
        conditions = _failed(known.conditions, generation, now, "Refused", refused)
        return known.model_copy(update={**told, "conditions": conditions})
    if last is None:
        conditions = _complete(known.conditions, generation, now, "False", "Waiting", "its Job is not started yet")
        return known.model_copy(update={**told, "conditions": conditions})
    told |= {"attempts": last.attempt, "started_at": known.started_at or stamp(last.created)}
    if given_up(last):
        conditions = _failed(known.conditions, generation, now, "RestoreFailed", _error(last))
        return known.model_copy(update={**told, "conditions": conditions})
    if not (last.answered and last.result is not None):
        reason, said = _under_way(last)
        conditions = _complete(known.conditions, generation, now, "False", reason, said)
        return known.model_copy(update={**told, "conditions": conditions})
    result = last.result
    told |= {
        "backup_manifest": result.number("backup_number"),
        "manifest": result.number("number"),
        "epoch": result.index.active_epoch if result.index is not None else None,
        "covers": result.number("covers"),
    }
    return _restored(observed, restore, known.model_copy(update=told), now)


def _restored(observed: Observed, restore: RestoreSeen, told: RestoreStatus, now: datetime) -> RestoreStatus:
    """Of one that was carried out."""
    said = f"manifest {told.backup_manifest} of the backup is back as manifest {told.manifest}"
    conditions = set_condition(told.conditions, "Restored", "True", "Restored", said, restore.generation, now)
    if restore_served(observed, restore, now):
        conditions = _complete(conditions, restore.generation, now, "True", "Complete", said)
        return told.model_copy(update={"conditions": conditions, "completed_at": stamp(now)})
    if superseded(observed, restore):
        why = "a later VinylRestore takes its place before it is served"
        conditions = _failed(conditions, restore.generation, now, "Superseded", why)
        return told.model_copy(update={"conditions": conditions})
    why = "the API is rolled over to it"
    conditions = _complete(conditions, restore.generation, now, "False", "RollingOut", why)
    return told.model_copy(update={"conditions": conditions})


def _under_way(job: JobSeen) -> tuple[str, str]:
    if job.failed:
        return "Retrying", f"attempt {job.attempt} failed: {_error(job)}"
    return "Running", f"{job.name} is at work"


def _error(job: JobSeen) -> str:
    return job.result.error if job.result is not None else job.failure


def _complete(
    conditions: list[Condition], generation: int, now: datetime, truth: Truth, reason: str, message: str
) -> list[Condition]:
    """`Complete` comes first: it is what a person waits for."""
    found = set_condition(conditions, "Complete", truth, reason, message, generation, now)
    return sorted(found, key=lambda condition: condition.type != "Complete")


def _failed(conditions: list[Condition], generation: int, now: datetime, reason: str, message: str) -> list[Condition]:
    found = _complete(conditions, generation, now, "False", reason, message)
    return set_condition(found, "Failed", "True", reason, message, generation, now)
