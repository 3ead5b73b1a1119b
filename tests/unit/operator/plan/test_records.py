"""What VinylBackup and VinylRestore say of themselves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.operator.seen import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    Columns,
    backup,
    completed,
    condition,
    deployment,
    failed,
    good,
    job,
    observed,
    replica,
    restore,
    summary,
)
from vinymatic_operator.observe.seen import JobSeen, Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import WriteBackupStatus, WriteRestoreStatus
from vinymatic_operator.plan.backups import backup_key
from vinymatic_operator.plan.records import backup_status, restore_status, write_records
from vinymatic_operator.plan.restores import restore_key
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.restore import RestoreStatus
from vinymatic_operator.status.conditions import stamp

pytestmark = pytest.mark.unit

MINE, BACK = backup(), restore()
SPEC: Columns = {"spec": {"backup": {}}}
RESULT: Columns = {"number": 12, "backup_number": 4, "covers": 400}


def backing(attempt: int = 1) -> JobSeen:
    return job(Step.BACKUP, backup_key(MINE), attempt, ended=NOW - MINUTE)


def restoring(attempt: int = 1) -> JobSeen:
    return job(Step.RESTORE, restore_key(BACK), attempt, owner="r1", ended=NOW - MINUTE)


def said(status: BackupStatus | RestoreStatus) -> list[tuple[str, str, str]]:
    return [(found.type, found.status, found.reason) for found in status.conditions]


@pytest.mark.parametrize(
    ("jobs", "conditions"),
    [
        ((), [("Complete", "False", "Waiting")]),
        ((backing(),), [("Complete", "False", "Running")]),
        ((failed(backing()),), [("Complete", "False", "Retrying")]),
        (
            (failed(backing(1)), failed(backing(2)), failed(backing(3))),
            [("Complete", "False", "BackupFailed"), ("Failed", "True", "BackupFailed")],
        ),
        ((good(backing(), summary(), number=5),), [("Complete", "True", "BackedUp")]),
    ],
)
def test_a_backup_says_where_it_is(jobs: tuple[JobSeen, ...], conditions: list[tuple[str, str, str]]) -> None:
    status = backup_status(observed(jobs=jobs, **SPEC), MINE, NOW)
    assert said(status) == conditions
    assert status.attempts == len(jobs)


def test_a_backup_that_is_made_says_what_was_copied_and_where_it_is() -> None:
    done = good(backing(), summary(covers=500), number=5, copied_files=3, copied_bytes=1_000)
    status = backup_status(observed(jobs=(done,), **SPEC), MINE, NOW)
    assert (status.manifest, status.covers, status.copied_files, status.copied_bytes) == (5, 500, 3, 1_000)
    assert status.url == "s3://records/backup"
    assert (status.started_at, status.completed_at) == (stamp(NOW - 2 * MINUTE), stamp(NOW - MINUTE))
    assert status.conditions[0].message == "manifest 5 is backed up"


def test_a_backup_that_failed_says_why() -> None:
    jobs = tuple(failed(backing(n), "the bucket is gone") for n in (1, 2, 3))
    assert backup_status(observed(jobs=jobs, **SPEC), MINE, NOW).conditions[1].message == "the bucket is gone"


@pytest.mark.parametrize(
    ("jobs", "conditions"),
    [
        ((), [("Complete", "False", "Waiting")]),
        ((restoring(),), [("Complete", "False", "Running")]),
        ((failed(restoring()),), [("Complete", "False", "Retrying")]),
        (
            (failed(restoring(1)), failed(restoring(2)), failed(restoring(3))),
            [("Complete", "False", "RestoreFailed"), ("Failed", "True", "RestoreFailed")],
        ),
        (
            (good(restoring(), summary(manifest=12), **RESULT),),
            [("Complete", "False", "RollingOut"), ("Restored", "True", "Restored")],
        ),
    ],
)
def test_a_restore_says_where_it_is(jobs: tuple[JobSeen, ...], conditions: list[tuple[str, str, str]]) -> None:
    assert said(restore_status(observed(jobs=jobs, restores=(BACK,), **SPEC), BACK, NOW)) == conditions


def served(seen: Observed) -> Observed:
    pods = (replica("api-2", summary(manifest=12), (None, 12)),)
    return replace(seen, replicas=pods, api=deployment(min_manifest=12, rolled_for="restore r1", rolled_at=NOW))


def test_a_restore_in_place_is_complete_when_it_is_served() -> None:
    done = good(restoring(), summary(manifest=12, active_epoch=0), **RESULT)
    status = restore_status(served(observed(jobs=(done,), restores=(BACK,), **SPEC)), BACK, NOW)
    assert said(status) == [("Complete", "True", "Complete"), ("Restored", "True", "Restored")]
    assert (status.manifest, status.backup_manifest, status.epoch, status.covers) == (12, 4, 0, 400)
    assert status.completed_at == stamp(NOW)
    assert status.conditions[0].message == "manifest 4 of the backup is back as manifest 12"


def test_a_restore_elsewhere_is_complete_when_its_job_is() -> None:
    away = restore(target={"prefix": "copy"})
    done = good(restoring(), None, **RESULT)
    status = restore_status(observed(jobs=(done,), restores=(away,), **SPEC), away, NOW)
    assert said(status)[0] == ("Complete", "True", "Complete")


def test_a_restore_is_complete_although_its_job_is_gone() -> None:
    known = RestoreStatus(
        conditions=[condition("Complete", "False"), condition("Restored")], manifest=12, backup_manifest=4, attempts=1
    )
    wanted = replace(BACK, status=known)
    status = restore_status(served(observed(restores=(wanted,), **SPEC)), wanted, NOW)
    assert said(status)[0] == ("Complete", "True", "Complete")
    assert (status.manifest, status.attempts) == (12, 1)


def test_a_restore_that_is_refused_says_why() -> None:
    status = restore_status(observed(restores=(BACK,)), BACK, NOW)
    assert said(status) == [("Complete", "False", "Refused"), ("Failed", "True", "Refused")]
    assert "no spec.backup" in status.conditions[1].message


def test_the_time_of_a_condition_moves_only_with_its_status() -> None:
    known = BackupStatus(conditions=[condition("Complete", "False", "Waiting", at=NOW - DAY)])
    waits = replace(MINE, status=known)
    running = backup_status(observed(jobs=(backing(),), **SPEC), waits, NOW)
    assert running.conditions[0].last_transition_time == stamp(NOW - DAY)
    done = backup_status(observed(jobs=(good(backing()),), **SPEC), waits, NOW)
    assert done.conditions[0].last_transition_time == stamp(NOW)


def test_records_are_written_only_when_they_changed_and_never_once_they_are_finished() -> None:
    seen = observed(backups=(MINE, completed(backup("b0"))), restores=(BACK,), **SPEC)
    first = write_records(seen, NOW)
    assert [type(action) for action in first] == [WriteBackupStatus, WriteRestoreStatus]
    assert [action.reason for action in first] == ["Waiting", "Waiting"]
    written = replace(
        seen,
        backups=(replace(MINE, status=backup_status(seen, MINE, NOW)),),
        restores=(replace(BACK, status=restore_status(seen, BACK, NOW)),),
    )
    assert write_records(written, NOW + HOUR) == ()
