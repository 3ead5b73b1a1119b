"""Retraining, step by step: train → encode → gate → promote → roll out → retire; and the ways back. Pure.

Where it stands is read from the index itself (which epochs there are), from its Jobs and from the API's pod template, never remembered: an
operator that dies anywhere goes on from there.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from vinymatic.errors import EpochError
from vinymatic.lifecycle.due import RetrainingPolicy, retraining_due
from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.observe.seen import DeploymentSeen, JobSeen, Observed
from vinymatic_operator.observe.steps import EPOCH_LANE, Step
from vinymatic_operator.plan.actions import Lane, Problem, StartJob
from vinymatic_operator.plan.keys import epoch_key, text_key
from vinymatic_operator.plan.requests import asked_for
from vinymatic_operator.plan.rollout import RolloutState, epoch_rollout, pin, rollout_state, why_incomplete
from vinymatic_operator.plan.tries import Tries, attempt
from vinymatic_operator.resources.names import PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

PHASES = {
    Step.TRAIN: "Training",
    Step.ENCODE: "Encoding",
    Step.GATE: "Gating",
    Step.PROMOTE: "Promoting",
    Step.DISCARD: "Discarding",
    Step.ROLLBACK: "RollingBack",
    Step.RETIRE: "Retiring",
}


def plan_epochs(observed: Observed, view: IndexSummary | None, now: datetime, tries: Tries) -> Lane:
    """What is to be done about epochs. One Job of this lane at a time, and none while a roll-out is under way."""
    running = observed.running(EPOCH_LANE)
    if running is not None:
        return Lane((), PHASES[running.step], f"waiting for {running.name}")
    if view is None or observed.api is None:
        return Lane()
    return (
        _rollback_asked_for(observed, view, now, tries)
        or _rolled_out(observed, view, observed.api, now, tries)
        or _promotion_asked_for(observed, view, now, tries)
        or _candidate(observed, view, observed.api, now, tries)
        or _training(observed, view, now, tries)
        or Lane(next=_idle(observed, view))
    )


def _rollback_asked_for(observed: Observed, view: IndexSummary, now: datetime, tries: Tries) -> Lane | None:
    if view.previous_epoch is None:
        return None
    # Of the epoch that is left: where the commit came about and its Job failed all the same, it must not be taken back by another attempt.
    key = text_key(f"{observed.annotations.get(ROLLBACK_AT)} {view.active_epoch}")
    asked = asked_for(observed, ROLLBACK_AT, key)
    if asked is None:
        return None
    start = StartJob(Step.ROLLBACK, key, 1, f"asked for at {asked}", _rollback_to(view.previous_epoch), request=asked)
    return attempt(observed, now, tries, start, PHASES[Step.ROLLBACK])


def _rolled_out(
    observed: Observed, view: IndexSummary, api: DeploymentSeen, now: datetime, tries: Tries
) -> Lane | None:
    """Rolls the API to the active epoch, watches it, takes it back or retires the epoch before it. None: nothing of this is left to do."""
    wanted = epoch_rollout(view, api)
    if wanted is not None:
        return Lane((wanted,), "RollingOut", wanted.reason)
    previous = view.previous_epoch
    if api.epoch is None:
        return _unpinned(observed, view, api, now)
    state = rollout_state(observed, api, observed.spec.rollout, now)
    if state.stuck or state.worse is not None:
        return _given_up(observed, view, api, state, now, tries)
    if not state.complete:
        return Lane((), "RollingOut", f"waiting for the API's pods to serve epoch {api.epoch}")
    if previous is None or observed.spec.retraining.keep_previous:
        return None
    soaked = (state.whole_since or now) + timedelta(seconds=observed.spec.rollout.soak_seconds)
    if now < soaked:
        return Lane(
            (), "Soaking", f"epoch {api.epoch} is watched until {soaked:%H:%M:%S} UTC, then {previous} is retired"
        )
    reason = f"epoch {api.epoch} has proven itself"
    start = StartJob(Step.RETIRE, epoch_key(previous), 1, reason, ("retire",), confirmed=True)
    return attempt(observed, now, tries, start, PHASES[Step.RETIRE])


def _unpinned(observed: Observed, view: IndexSummary, api: DeploymentSeen, now: datetime) -> Lane | None:
    """Pods that follow the active epoch by themselves, also of a Deployment that was made anew in the middle of a roll-out.

    The epoch before is retired only once it is known which one they serve.
    """
    held = pin(view, api)
    if view.previous_epoch is not None and not observed.spec.retraining.keep_previous and held is not None:
        return Lane((held,), "RollingOut", held.reason)
    # A person's own roll-out: there is nothing to take back, but it is said.
    return _stuck(observed, api) if rollout_state(observed, api, observed.spec.rollout, now).stuck else None


def _given_up(
    observed: Observed, view: IndexSummary, api: DeploymentSeen, state: RolloutState, now: datetime, tries: Tries
) -> Lane | None:
    why = state.worse or _why_late(observed, api)
    previous = view.previous_epoch
    # Epochs are numbered in the order of their training: one after the active is one that was left, whatever became of the Job.
    left = previous is not None and previous > view.active_epoch
    refused = left or previous == observed.status.retraining.refused_epoch or _is_way_back(observed)
    if previous is None or refused or not state.judged:
        # There is no epoch to go back to, or the way back itself does not come up: not the epoch's fault.
        if state.complete:
            return None
        return _stuck(observed, api, state.worse)
    key = text_key(f"{api.epoch} {api.rolled_at}")
    reason = f"the roll-out of epoch {api.epoch} failed: {why}"
    start = StartJob(Step.ROLLBACK, key, 1, reason, _rollback_to(previous), confirmed=True)
    return attempt(observed, now, tries, start, PHASES[Step.ROLLBACK])


def _stuck(observed: Observed, api: DeploymentSeen, worse: str | None = None) -> Lane:
    why = worse or _why_late(observed, api)
    return Lane((), "RollingOut", None, Problem("RolloutStuck", f"the API's roll-out is stuck: {why}"))


def _why_late(observed: Observed, api: DeploymentSeen) -> str:
    late = f"its pods did not come up in {observed.spec.rollout.progress_deadline_seconds} s"
    return ": ".join(filter(None, (late, why_incomplete(observed, api))))


def _rollback_to(epoch: int) -> tuple[str, ...]:
    """Says which: a pod that runs again, since its node was lost, would otherwise go back to where it came from."""
    return ("rollback", "--epoch", str(epoch))


def _is_way_back(observed: Observed) -> bool:
    """The template was rolled after a rollback: the newest commit on epochs is one."""
    done = [observed.latest(step) for step in (Step.ROLLBACK, Step.PROMOTE)]
    found = [job for job in done if job is not None and job.answered]
    newest = max(found, key=lambda job: job.finished or job.created, default=None)
    return newest is not None and newest.step is Step.ROLLBACK


def _promotion_asked_for(observed: Observed, view: IndexSummary, now: datetime, tries: Tries) -> Lane | None:
    if view.candidate_epoch is None or not view.candidate_complete:
        return None
    key = text_key(f"{observed.annotations.get(PROMOTE_AT)} {view.candidate_epoch}")
    asked = asked_for(observed, PROMOTE_AT, key)
    if asked is None:
        return None
    assert observed.api is not None
    held = pin(view, observed.api)
    if held is not None:
        return Lane((held,), "RollingOut", held.reason)
    start = StartJob(Step.PROMOTE, key, 1, f"asked for at {asked}", ("promote", "--ungated"), request=asked)
    return attempt(observed, now, tries, start, PHASES[Step.PROMOTE])


def _candidate(observed: Observed, view: IndexSummary, api: DeploymentSeen, now: datetime, tries: Tries) -> Lane | None:
    candidate = view.candidate_epoch
    if candidate is None:
        return None
    key = epoch_key(candidate)
    if not view.candidate_complete:
        return attempt(observed, now, tries, _encode(observed, candidate), PHASES[Step.ENCODE])
    passed, failures = gate_of(observed, candidate)
    if passed is None:
        return attempt(observed, now, tries, _gate(observed, candidate), PHASES[Step.GATE])
    if not passed:
        start = StartJob(Step.DISCARD, key, 1, f"epoch {candidate} did not pass: {'; '.join(failures)}", ("discard",))
        return attempt(observed, now, tries, start, PHASES[Step.DISCARD])
    held = pin(view, api)
    if held is not None:
        return Lane((held,), "RollingOut", held.reason)
    start = StartJob(Step.PROMOTE, key, 1, f"epoch {candidate} passed its gate", ("promote",))
    return attempt(observed, now, tries, start, PHASES[Step.PROMOTE])


def gate_of(observed: Observed, candidate: int) -> tuple[bool | None, list[str]]:
    """Whether the candidate passed its gate, None where it was not measured yet; and the limits that it did not keep."""
    measured = [job for job in observed.attempts(Step.GATE, epoch_key(candidate)) if job.answered]
    refused = [job for job in observed.attempts(Step.PROMOTE, epoch_key(candidate)) if _refused(job)]
    if refused and (not measured or measured[-1].created <= refused[-1].created):
        # Another index had an epoch of this number, before it was lost and restored: this one was not measured.
        return None, []
    if measured and (result := measured[-1].result) is not None:
        return result.flag("passed"), result.texts("failures")
    known = observed.status.retraining.gate
    if known is not None and known.epoch == candidate:
        return known.passed, known.failures
    return None, []


def _refused(job: JobSeen) -> bool:
    return job.failed and job.result is not None and job.result.error_code == EpochError.code


def _training(observed: Observed, view: IndexSummary, now: datetime, tries: Tries) -> Lane | None:
    if view.covers == 0:
        return None
    key, wish = epoch_key(view.next_epoch), observed.spec.retraining
    asked = asked_for(observed, RETRAIN_AT, key)
    reason = f"asked for at {asked}" if asked is not None else due_text(observed, view, now)
    if reason is None:
        return None
    # More than one pod is worth it only for the encoding, so the training then stops before it.
    arguments = ("train", "--no-encode") if wish.parallelism > 1 else ("train",)
    start = StartJob(Step.TRAIN, key, 1, reason, arguments, request=asked)
    return attempt(observed, now, tries, start, PHASES[Step.TRAIN])


def due_text(observed: Observed, view: IndexSummary, now: datetime) -> str | None:
    """Why a retraining is due by itself, in words; None: it is not."""
    wish = observed.spec.retraining
    if wish.suspend:
        return None
    policy = RetrainingPolicy(wish.images, wish.days, wish.growth, wish.drift)
    reasons = retraining_due(view, policy, now)
    return "; ".join(due.text for due in reasons) or None


def _idle(observed: Observed, view: IndexSummary) -> str:
    wish = observed.spec.retraining
    if wish.suspend:
        return "retraining is suspended"
    if view.covers == 0:
        return "there are no covers yet"
    if wish.images:
        return f"retraining after {max(0, wish.images - view.images_since_training)} more images"
    return "no retraining is due"


def _encode(observed: Observed, candidate: int) -> StartJob:
    parts = observed.spec.retraining.parallelism
    arguments = ("encode",) if parts == 1 else ("encode", "--parts", str(parts))
    reason = f"segments lack their encoding under epoch {candidate}"
    return StartJob(Step.ENCODE, epoch_key(candidate), 1, reason, arguments, parallelism=parts)


def _gate(observed: Observed, candidate: int) -> StartJob:
    wish = observed.spec.retraining.gate
    arguments = ["gate", "--photos", str(wish.simulated_photos), "--recall-loss", str(wish.recall_loss)]
    arguments += ["--false-accept-gain", str(wish.false_accept_gain), "--slowdown", str(wish.slowdown)]
    environment = () if wish.golden_photos is None else (("GATE_PHOTOS_URL", wish.golden_photos),)
    reason = f"epoch {candidate} is encoded everywhere"
    return StartJob(Step.GATE, epoch_key(candidate), 1, reason, tuple(arguments), environment)
