"""Retention: which backups go, and then which files.

Files are shared by backups, so a file goes only when no kept manifest names it. One that is younger than a day stays in any case: it may
belong to a backup that is being made right now, whose manifest comes last.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from vinymatic.errors import ObjectNotFoundError
from vinymatic.index.layout import CODEBOOKS, SEGMENTS, drill_key, manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.backups import BackupStamp, stamps
from vinymatic.lifecycle.commit import read_manifest
from vinymatic.storage.port import ObjectInfo, ObjectStore

GRACE = timedelta(hours=24)
_SAME_TIME = timedelta(minutes=1)


@dataclass(frozen=True)
class RetentionPolicy:
    """A backup goes when it is not among the newest `keep_count` or is older than `keep_days`; 0: that limit does not exist."""

    keep_count: int = 0
    keep_days: float = 0.0

    @property
    def keeps_all(self) -> bool:
        return self.keep_count == 0 and self.keep_days == 0


@dataclass(frozen=True)
class RetentionPlan:
    """Numbers of backups, newest first."""

    kept: tuple[int, ...]
    dropped: tuple[int, ...]


@dataclass(frozen=True)
class RetentionReport:
    """What was deleted, or would be. `dropped`: numbers of backups."""

    kept: tuple[int, ...]
    dropped: tuple[int, ...]
    deleted_files: int
    deleted_bytes: int


def plan_retention(backups: Iterable[BackupStamp], policy: RetentionPolicy, now: datetime) -> RetentionPlan:
    """Which backups stay. The newest always does, however old: the last backup of a lost index is not deleted by its age."""
    newest_first = sorted(backups, key=lambda found: -found.number)
    kept: list[int] = []
    dropped: list[int] = []
    for place, found in enumerate(newest_first):
        surplus = 0 < policy.keep_count <= place
        outdated = policy.keep_days > 0 and now - found.taken_at > timedelta(days=policy.keep_days)
        (dropped if place > 0 and (surplus or outdated) else kept).append(found.number)
    return RetentionPlan(tuple(kept), tuple(dropped))


def plan_sweep(
    kept: Iterable[Manifest], listed: Iterable[ObjectInfo], now: datetime, grace: timedelta = GRACE
) -> list[ObjectInfo]:
    """Which of the `listed` files no kept manifest names, and are older than `grace`."""
    named = {file.key for manifest in kept for file in manifest.files()}
    return [info for info in listed if info.key not in named and now - info.modified > grace]


def apply_retention(
    store: ObjectStore,
    policy: RetentionPolicy,
    *,
    now: datetime | None = None,
    grace: timedelta = GRACE,
    dry_run: bool = False,
) -> RetentionReport:
    """Deletes the backups in `store` that the policy gives up, then the files that only they named.

    Killed half-way it leaves files too many, never too few; the next run finds them. Deletes nothing when a kept manifest cannot be read:
    raises `CorruptFileError`, `UnsupportedFormatError`, `StorageError` then.
    """
    moment = now or datetime.now(UTC)
    if policy.keeps_all:
        return RetentionReport(tuple(found.number for found in stamps(store)), (), 0, 0)
    plan = plan_retention(stamps(store), policy, moment)
    manifests = _read(store, plan.kept)
    if not dry_run:
        for number in reversed(plan.dropped):
            store.delete(manifest_key(number))
            store.delete(drill_key(number))
        # A backup that was committed meanwhile names files too.
        manifests = _read(store, [found.number for found in stamps(store) if found.number not in plan.dropped])
    listed = [info for prefix in (SEGMENTS, CODEBOOKS) for info in store.list(prefix)]
    swept = plan_sweep(manifests, listed, moment, grace)
    if not dry_run:
        swept = [info for info in swept if _delete_unchanged(store, info)]
    return RetentionReport(plan.kept, plan.dropped, len(swept), sum(info.size for info in swept))


def _read(store: ObjectStore, numbers: Sequence[int]) -> list[Manifest]:
    manifests = []
    for number in numbers:
        try:
            manifests.append(read_manifest(store, number))
        except ObjectNotFoundError:
            continue  # another's retention gave it up
    return manifests


def _delete_unchanged(store: ObjectStore, info: ObjectInfo) -> bool:
    """Spares a file that a backup has just written again (`copying.REFRESH_AFTER`). On S3 the same bytes have the same ETag: the time tells
    then, which a listing may give more finely than a HEAD.
    """
    try:
        now = store.head(info.key)
        if now.etag != info.etag or now.modified - info.modified > _SAME_TIME:
            return False
    except ObjectNotFoundError:
        return False
    store.delete(info.key)
    return True
