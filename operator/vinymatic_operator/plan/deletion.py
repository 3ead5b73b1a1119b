"""A VinylIndex that goes: Retain leaves every object, Delete removes the prefix by a Job while a finalizer holds the VinylIndex. Pure."""

from __future__ import annotations

from datetime import datetime

from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.plan.actions import DeleteJob, Lane, SetFinalizer, StartJob
from vinymatic_operator.plan.keys import text_key
from vinymatic_operator.plan.tries import Tries, attempt
from vinymatic_operator.resources.index_spec import DeletionPolicy
from vinymatic_operator.resources.names import FINALIZER


def plan_finalizer(observed: Observed) -> Lane:
    """Of one that stays: the finalizer is there while its deletion would delete objects."""
    wanted, there = observed.spec.deletion_policy is DeletionPolicy.DELETE, FINALIZER in observed.finalizers
    if wanted == there:
        return Lane()
    return Lane((SetFinalizer(wanted, f"deletionPolicy is {observed.spec.deletion_policy}"),))


def plan_deletion(observed: Observed, now: datetime, tries: Tries) -> Lane:
    """Of one that is being deleted. Its Jobs go by themselves, with their owner; those that still run are ended before the prefix is."""
    if FINALIZER not in observed.finalizers:
        return Lane()
    if observed.spec.deletion_policy is DeletionPolicy.RETAIN:
        return Lane((SetFinalizer(False, "deletionPolicy is Retain"),))
    running = [job for job in observed.jobs if job.running and job.step is not Step.ERASE]
    if running:
        gone = tuple(DeleteJob(job.name, job.uid, "the index is being deleted") for job in running)
        return Lane(gone, "Erasing", f"waiting for {running[0].name} to end")
    key = text_key(observed.uid)
    if any(job.answered for job in observed.attempts(Step.ERASE, key)):
        return Lane((SetFinalizer(False, "everything under the prefix is deleted"),), "Erasing")
    start = StartJob(Step.ERASE, key, 1, "deletionPolicy is Delete", ("erase", "--yes"))
    return attempt(observed, now, tries, start, "Erasing")
