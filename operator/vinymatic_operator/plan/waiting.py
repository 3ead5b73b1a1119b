"""Jobs whose pods do not start: an image that cannot be pulled, a Secret that is missing, no node with room. Pure."""

from __future__ import annotations

from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.plan.actions import Lane, Problem


def waiting_jobs(observed: Observed) -> Lane:
    """They go on by themselves once what they wait for is there; until then a person should know."""
    found = next((job for job in observed.jobs if job.running and job.waiting is not None), None)
    return (
        Lane()
        if found is None
        else Lane(problem=Problem("JobWaiting", f"{found.name} does not start: {found.waiting}"))
    )
