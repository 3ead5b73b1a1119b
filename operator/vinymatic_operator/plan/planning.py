"""`plan`: from what was observed and what is wished to what is to be done now, with reasons. Pure, and the whole of the operator's mind.

It is asked again and again. What it asks for is safe to ask for twice: Jobs have names that cannot be made twice, patches say what is
to be.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Action, Lane, Plan, Problem, RecordResult
from vinymatic_operator.plan.backups import plan_backups
from vinymatic_operator.plan.deletion import plan_deletion, plan_finalizer
from vinymatic_operator.plan.epochs import plan_epochs
from vinymatic_operator.plan.features import differing_features
from vinymatic_operator.plan.records import write_records
from vinymatic_operator.plan.restores import next_restore, plan_restores
from vinymatic_operator.plan.tries import Tries
from vinymatic_operator.plan.upkeep import plan_upkeep
from vinymatic_operator.plan.waiting import waiting_jobs

DEFAULT_TRIES = Tries()


def plan(observed: Observed, now: datetime, tries: Tries = DEFAULT_TRIES) -> Plan:
    """What is to be done now. `now` knows its time zone. Never raises."""
    recorded = Lane(tuple(RecordResult(job.name) for job in observed.jobs if not job.running and job.result is None))
    # Told in any case, also of what goes: somebody waits for it.
    told = Lane(write_records(observed, now))
    if observed.spec.paused:
        return _joined(recorded, told, Lane(next="paused: nothing is started"))
    if observed.deleting:
        return _joined(recorded, told, plan_deletion(observed, now, tries))
    if observed.obstacle is not None:
        return _joined(recorded, told, Lane(problem=Problem("WrongDeployment", observed.obstacle)))
    view = newest_view(observed)
    restoring = plan_restores(observed, view, now, tries)
    waiting = next_restore(observed)
    if waiting is not None and waiting.in_place and (restoring.actions or restoring.phase):
        return _joined(recorded, told, plan_finalizer(observed), restoring)
    epochs = plan_epochs(observed, view, now, tries)
    upkeep, backups = plan_upkeep(observed, view, now, tries), plan_backups(observed, now, tries)
    joined = _joined(
        recorded,
        told,
        plan_finalizer(observed),
        restoring,
        epochs,
        upkeep,
        backups,
        waiting_jobs(observed),
        differing_features(observed),
    )
    return replace(joined, retraining=epochs.phase)


def _joined(*lanes: Lane) -> Plan:
    actions: list[Action] = [action for lane in lanes for action in lane.actions]
    return Plan(
        actions=tuple(actions),
        phase=next((lane.phase for lane in lanes if lane.phase is not None), None),
        next="; ".join(lane.next for lane in lanes if lane.next) or None,
        problems=tuple(lane.problem for lane in lanes if lane.problem is not None),
    )
