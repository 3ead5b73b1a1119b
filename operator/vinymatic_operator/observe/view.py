"""The newest that is known of the index: the operator cannot read it, but replicas and Jobs tell. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import JobSeen, Observed
from vinymatic_operator.observe.steps import Step


def newest_view(observed: Observed) -> IndexSummary | None:
    """The summary of the highest manifest that anybody told of.

    After a restore of an index that was lost, its numbers may begin lower than what replicas still hold in memory: what was committed
    before the restore's own manifest counts no more.
    """
    in_place = {restore.name for restore in observed.restores if restore.in_place}
    # A restore under another prefix tells of another index.
    ours = [job for job in observed.jobs if job.step is not Step.RESTORE or job.owner in in_place]
    served = [replica.answer.index for replica in observed.replicas if replica.answer is not None]
    # Replicas follow within seconds. What a Job told before what they serve was made may be of a state that a restore undid since.
    since = moment(max(served, key=lambda index: index.manifest).created_at) if served else None
    told = served + [
        job.result.index
        for job in ours
        if job.result is not None and job.result.index is not None and not _before(job.result.index, since)
    ]
    restored = _restored(ours)
    if restored is not None:
        told = [index for index in told if not _before(index, moment(restored.created_at))]
    return max(told, key=lambda index: index.manifest, default=None)


def _before(index: IndexSummary, since: datetime | None) -> bool:
    made = moment(index.created_at)
    return since is not None and made is not None and made < since


def _restored(jobs: Iterable[JobSeen]) -> IndexSummary | None:
    """As the last restore left the index."""
    done = [job for job in jobs if job.step is Step.RESTORE and job.answered]
    last = max(done, key=lambda job: job.finished or job.created, default=None)
    return None if last is None or last.result is None else last.result.index


def moment(text: str | None) -> datetime | None:
    """An ISO 8601 time, in UTC; one that says no zone is meant so. None for what is none."""
    try:
        found = datetime.fromisoformat(text or "")
        return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
