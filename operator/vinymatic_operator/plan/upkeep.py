"""Compaction and collection: when they are due. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import UPKEEP_LANE, Step
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plan.actions import Lane, StartJob
from vinymatic_operator.plan.keys import slot_key
from vinymatic_operator.plan.tries import Tries, attempt
from vinymatic_operator.resources.index_spec import Upkeep
from vinymatic_operator.resources.index_status import LastRun


def plan_upkeep(observed: Observed, view: IndexSummary | None, now: datetime, tries: Tries) -> Lane:
    running = observed.running(UPKEEP_LANE)
    if running is not None:
        return Lane((), None, f"waiting for {running.name}")
    if view is None:
        return Lane()
    return _compaction(observed, view, now, tries) or _collection(observed, now, tries) or Lane()


def _compaction(observed: Observed, view: IndexSummary, now: datetime, tries: Tries) -> Lane | None:
    wish = observed.spec.compaction
    last = _last(observed, Step.COMPACT, observed.status.compaction)
    if view.mergeable == 0 or not _due(wish, last, now):
        return None
    if view.candidate_epoch is not None:
        return None  # what it merges would have to be encoded for the candidate once more
    reason = f"{view.mergeable} of {view.segments} segments can be merged"
    start = StartJob(Step.COMPACT, _key(wish, last or observed.created), 1, reason, ("compact",))
    return attempt(observed, now, tries, start)


def _collection(observed: Observed, now: datetime, tries: Tries) -> Lane | None:
    wish = observed.spec.collection
    last = _last(observed, Step.COLLECT, observed.status.collection) or observed.created
    if not _due(wish, last, now):
        return None
    arguments = ("collect", "--keep", str(wish.keep_manifests), "--grace-hours", str(wish.grace_hours))
    reason = f"the last one began {(now - last).total_seconds() / 3_600:.1f} hours ago"
    start = StartJob(Step.COLLECT, _key(wish, last), 1, reason, arguments)
    return attempt(observed, now, tries, start)


def _due(wish: Upkeep, last: datetime | None, now: datetime) -> bool:
    if wish.suspend:
        return False
    return last is None or now - last >= timedelta(minutes=wish.interval_minutes)


def _key(wish: Upkeep, last: datetime) -> str:
    """The same until one ended well: the pause after a failure grows with the attempts of one key. Two that ended well lie apart by more
    than an interval, so each has a key of its own.
    """
    return slot_key(last, wish.interval_minutes)


def _last(observed: Observed, step: Step, known: LastRun) -> datetime | None:
    """When the last one that ended well ended."""
    ended = [job.finished or job.created for job in observed.jobs if job.step is step and job.answered]
    if (before := moment(known.last)) is not None:
        ended.append(before)
    return max(ended, default=None)
