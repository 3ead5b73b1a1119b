"""Backups, their retention, and drills: when they are due. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from vinymatic_operator.errors import ScheduleError
from vinymatic_operator.observe.seen import BackupSeen, JobSeen, Observed
from vinymatic_operator.observe.steps import BACKUP_LANE, Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plan.actions import Action, CreateBackup, DeleteBackup, Lane, Problem, StartJob
from vinymatic_operator.plan.keys import minute_key, text_key
from vinymatic_operator.plan.schedule import missed, next_due
from vinymatic_operator.plan.tries import Tries, attempt
from vinymatic_operator.resources.places import scratch_url
from vinymatic_operator.resources.schedules import BackupSpec, Drill

# A VinylBackup is given up after so many Jobs; the schedule goes on with the next.
MOST_ATTEMPTS = 3
# So many records of backups that failed are kept to look at.
FAILED_KEPT = 3


def plan_backups(observed: Observed, now: datetime, tries: Tries) -> Lane:
    wish = observed.spec.backup
    if wish is None:
        return Lane()
    gone = outdated_records(observed)
    running = observed.running(BACKUP_LANE)
    if running is not None:
        return Lane(gone, None, f"waiting for {running.name}")
    try:
        lane = (
            _unfinished(observed, now, tries)
            or _scheduled(observed, wish, now)
            or _retention(observed, wish, now, tries)
            or _drill(observed, wish, now, tries)
            or Lane(next=_idle(wish, now))
        )
    except ScheduleError as error:
        return Lane(gone, problem=Problem("BadSchedule", str(error)))
    return Lane((*gone, *lane.actions), lane.phase, lane.next, lane.problem)


def backup_key(backup: BackupSeen) -> str:
    return text_key(backup.uid)


def _unfinished(observed: Observed, now: datetime, tries: Tries) -> Lane | None:
    open_ = [backup for backup in observed.backups if not backup.finished and not backup.deleting]
    for backup in sorted(open_, key=lambda found: (found.created, found.name)):
        before = observed.attempts(Step.BACKUP, backup_key(backup))
        if before and (before[-1].answered or (before[-1].failed and before[-1].attempt >= MOST_ATTEMPTS)):
            continue  # its status is about to say so
        reason = (
            "asked for by hand" if backup.scheduled_for is None else f"scheduled for {backup.scheduled_for:%F %R} UTC"
        )
        start = StartJob(
            Step.BACKUP, backup_key(backup), 1, reason, ("backup",), owner=backup.name, owner_uid=backup.uid
        )
        return attempt(observed, now, tries, start)
    return None


def _scheduled(observed: Observed, wish: BackupSpec, now: datetime) -> Lane | None:
    if any(not backup.finished and not backup.deleting for backup in observed.backups):
        return None
    due = backup_due(observed, wish, now)
    if due is None:
        return None
    name = f"{observed.name}-{due:%Y%m%d%H%M}"
    if any(backup.name == name for backup in observed.backups):
        return None
    return Lane((CreateBackup(name, due, f"scheduled for {due:%F %R} UTC"),), None, f"backup {name}")


def backup_due(observed: Observed, wish: BackupSpec, now: datetime) -> datetime | None:
    """The time of the schedule that a backup is due for, or that of the index itself for the first one. Raises `ScheduleError`."""
    if wish.suspend or wish.schedule is None:
        return None
    acted = acted_on_schedule(observed)
    if acted is None and wish.immediate:
        return observed.created
    return missed(wish, acted or observed.created, now)


def acted_on_schedule(observed: Observed) -> datetime | None:
    """The newest time of the schedule that there is, or was, a backup for."""
    times = [backup.scheduled_for for backup in observed.backups if backup.scheduled_for is not None]
    if (known := moment(observed.status.backup.scheduled_for)) is not None:
        times.append(known)
    return max(times, default=None)


def newest_completed(observed: Observed) -> BackupSeen | None:
    done = [backup for backup in observed.backups if backup.completed]
    return max(done, key=lambda backup: (backup.status.completed_at or "", backup.name), default=None)


def _retention(observed: Observed, wish: BackupSpec, now: datetime, tries: Tries) -> Lane | None:
    """Once after each backup."""
    newest = newest_completed(observed)
    if newest is None or not (wish.retention.count or wish.retention.days):
        return None
    key = backup_key(newest)
    before = observed.attempts(Step.PRUNE, key)
    done_at, pruned_at = moment(newest.status.completed_at), _ended(observed, Step.PRUNE)
    if (before and before[-1].answered) or (done_at and pruned_at and pruned_at >= done_at):
        return None
    kept = timedelta(seconds=observed.spec.job_template.ttl_seconds_after_finished)
    if not before and done_at and now - done_at >= kept:
        return None  # its Job was there and is gone by now; the next backup is followed by another
    arguments = ["backup", "prune"]
    arguments += ["--keep-count", str(wish.retention.count)] if wish.retention.count else []
    arguments += ["--keep-days", str(wish.retention.days)] if wish.retention.days else []
    start = StartJob(Step.PRUNE, key, 1, f"after backup {newest.name}", tuple(arguments))
    return attempt(observed, now, tries, start)


def outdated_records(observed: Observed) -> tuple[Action, ...]:
    """Records of backups that retention deleted, and of failures beyond those that are kept to look at."""
    dropped: set[int] = set()
    for job in observed.jobs:
        if job.step is Step.PRUNE and job.answered and job.result is not None:
            dropped |= set(job.result.numbers("dropped")) - set(job.result.numbers("kept"))
    gone = [b for b in observed.backups if b.completed and b.status.manifest in dropped]
    failed = [b for b in observed.backups if b.finished and not b.completed]
    gone += sorted(failed, key=lambda b: b.created)[:-FAILED_KEPT]
    return tuple(
        DeleteBackup(b.name, b.uid, "retention deleted it" if b.completed else "it failed long ago")
        for b in gone
        if not b.deleting
    )


def _drill(observed: Observed, wish: BackupSpec, now: datetime, tries: Tries) -> Lane | None:
    drill, newest = wish.drill, newest_completed(observed)
    if drill is None or newest is None:
        return None
    due = drill_due(observed, drill, newest, now)
    if due is None:
        return None
    arguments = ("drill", "--through", scratch_url(observed.spec))
    start = StartJob(Step.DRILL, minute_key(due), 1, f"scheduled for {due:%F %R} UTC", arguments)
    return attempt(observed, now, tries, start)


def drill_due(observed: Observed, drill: Drill, newest: BackupSeen, now: datetime) -> datetime | None:
    """The time of the schedule that a drill is due for; the first one follows the first backup. Raises `ScheduleError`."""
    if drill.suspend or drill.schedule is None:
        return None
    acted = moment(observed.status.drill.scheduled_for)
    due = (moment(newest.status.completed_at) or newest.created) if acted is None else missed(drill, acted, now)
    if due is None:
        return None
    before = observed.attempts(Step.DRILL, minute_key(due))
    return None if before and drill_over(before[-1]) else due


def drill_over(job: JobSeen) -> bool:
    """It answered, or is given up until the schedule's next time."""
    return job.answered or (job.failed and job.attempt >= MOST_ATTEMPTS)


def _ended(observed: Observed, step: Step) -> datetime | None:
    return max((job.created for job in observed.jobs if job.step is step and job.answered), default=None)


def _idle(wish: BackupSpec, now: datetime) -> str | None:
    upcoming = next_due(wish, now)
    return None if upcoming is None else f"backup at {upcoming:%F %R} UTC"
