"""Rolling the API over to an epoch or a restored index, through its pod template; and when that is given up. Pure.

The rule: a pod template that is held to an epoch is held to the active one. So a promotion is rolled out, and so is whatever takes it back:
a rollback that this operator decided, one that a person asked for, and one that was done behind its back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import DeploymentSeen, Observed, ReplicaSeen
from vinymatic_operator.observe.view import moment
from vinymatic_operator.plan.actions import RollOut
from vinymatic_operator.resources.index_spec import Rollout
from vinymatic_operator.status.conditions import stamp

# Fewer answers than this say nothing about a share of errors.
LEAST_ANSWERS = 20


@dataclass(frozen=True)
class RolloutState:
    """`complete`: every pod is new, ready and serves what its template holds it to. `worse`: why it should be taken back, in words.

    `judged`: what goes wrong now may be its fault: it was never whole yet, or not for long. `whole_since`: as the status remembers.
    """

    complete: bool
    stuck: bool
    worse: str | None
    judged: bool
    whole_since: datetime | None


def epoch_rollout(view: IndexSummary, api: DeploymentSeen) -> RollOut | None:
    """The roll-out that the rule above asks for."""
    if api.epoch is None or api.epoch == view.active_epoch:
        return None
    return RollOut(
        view.active_epoch, view.manifest, f"epoch {view.active_epoch} is active, pods are held to {api.epoch}"
    )


def pin(view: IndexSummary, api: DeploymentSeen) -> RollOut | None:
    """Holds pods that follow the active epoch by themselves to it, so that a promotion does not change them all at once."""
    if api.epoch is not None:
        return None
    return RollOut(
        view.active_epoch, view.manifest, f"pods are held to epoch {view.active_epoch} before another is promoted"
    )


def rollout_state(observed: Observed, api: DeploymentSeen, policy: Rollout, now: datetime) -> RolloutState:
    serving = all(_serves(replica, api) for replica in observed.replicas if replica.ready)
    complete = api.settled and serving
    begun = api.rolled_at
    deadline, soak = timedelta(seconds=policy.progress_deadline_seconds), timedelta(seconds=policy.soak_seconds)
    # Once it was whole, what makes pods fail is not the roll-out: a drained node must not bring the epoch before back.
    going_on = not complete and not api.progressed
    last = max((at for at in (begun, api.progress_at) if at is not None), default=now)
    stuck = going_on and (api.stuck or now - last > deadline)
    whole_since = _whole_since(observed, begun)
    # However long many pods take: what is not whole yet is judged. What somebody else changes in the template later is not its fault.
    never_whole = going_on and whole_since is None
    judged = begun is not None and (never_whole or now <= max(begun + deadline, whole_since or last) + soak)
    return RolloutState(complete, stuck, _worse(observed, api, policy) if judged else None, judged, whole_since)


def _whole_since(observed: Observed, begun: datetime | None) -> datetime | None:
    """Since when the roll-out that `begun` then is whole."""
    known = observed.status.rollout
    if begun is None or known is None or known.started_at != stamp(begun):
        return None
    return moment(known.completed_at)


def why_incomplete(observed: Observed, api: DeploymentSeen) -> str:
    """What is known of a new pod that does not serve yet, or is not let in, in words; empty where nothing is."""
    for replica in replicas_of(observed, api):
        if not replica.ready and replica.problem is not None:
            return f"{replica.pod}: {replica.problem[1]}"
    return api.refused or ""


def replicas_of(observed: Observed, api: DeploymentSeen) -> list[ReplicaSeen]:
    """Those that the newest template made."""
    return [r for r in observed.replicas if (r.epoch, r.min_manifest) == (api.epoch, api.min_manifest)]


def _serves(replica: ReplicaSeen, api: DeploymentSeen) -> bool:
    answer = replica.answer
    if answer is None:
        return False
    return (api.epoch is None or answer.epoch == api.epoch) and answer.manifest >= (api.min_manifest or 0)


def _worse(observed: Observed, api: DeploymentSeen, policy: Rollout) -> str | None:
    answers = [replica.answer for replica in observed.replicas if replica.answer is not None]
    # Then it is the store that cannot be read, and another epoch could not be either.
    everybody_stale = all(answer.staleness_seconds > policy.max_staleness_seconds for answer in answers)
    for replica in replicas_of(observed, api):
        answer = replica.answer
        if answer is None:
            continue
        if answer.answered >= LEAST_ANSWERS and answer.failed > policy.max_error_rate * answer.answered:
            return f"{replica.pod} failed {answer.failed} of {answer.answered} searches"
        if answer.staleness_seconds > policy.max_staleness_seconds and not everybody_stale:
            return f"{replica.pod} has not read the manifest log for {answer.staleness_seconds:.0f} s"
    return None
