"""How often a step is tried: after a failure it waits, each time longer. Pure; the Jobs themselves are the memory of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from vinymatic_operator.observe.seen import JobSeen, Observed
from vinymatic_operator.plan.actions import Lane, Problem, StartJob

# Seconds.
BACKOFF = 60.0
LONGEST_BACKOFF = 3_600.0
# From so many attempts on, a person should look.
STALLED_AFTER = 3


@dataclass(frozen=True)
class Tries:
    """`backoff`: seconds before the second attempt; it doubles with every further one."""

    backoff: float = BACKOFF

    def again_at(self, last: JobSeen) -> datetime:
        pause = min(self.backoff * 2 ** min(last.attempt - 1, 20), LONGEST_BACKOFF)
        return (last.finished or last.created) + timedelta(seconds=pause)


def attempt(observed: Observed, now: datetime, tries: Tries, start: StartJob, phase: str | None = None) -> Lane:
    """Starts `start`'s Job as the next attempt, or waits: for one that runs, or for the end of the pause after the last.

    `phase`: of a step that changes what is served.

    A Job that ended well and whose effect is not there was undone by somebody else, or by a crash of the index: it is done again, after the
    same pause, or two that disagree would undo each other without rest.
    """
    before = observed.attempts(start.step, start.key)
    if not before:
        return Lane((start,), phase, f"{start.step}: {start.reason}")
    last = before[-1]
    if last.running or last.result is None:
        return Lane((), phase, f"waiting for {last.name}")
    problem = failed_problem(last) if last.failed and last.attempt >= STALLED_AFTER else None
    if now < (again := tries.again_at(last)):
        why = said(last)
        return Lane((), phase, f"{start.step} is tried again at {again:%H:%M:%S} UTC ({why})", problem)
    following = replace(start, attempt=last.attempt + 1)
    return Lane((following,), phase, f"{start.step}: attempt {following.attempt}, {start.reason}", problem)


def said(job: JobSeen) -> str:
    """What a Job that ended said, in a few words."""
    if job.answered:
        return f"{job.name} ended well, but its effect is not there"
    return f"{job.name} failed: {job.result.error if job.result is not None else job.failure}"


def failed_problem(job: JobSeen) -> Problem:
    return Problem(f"{job.step.value.capitalize()}Failed", f"{said(job)} (attempt {job.attempt})")
