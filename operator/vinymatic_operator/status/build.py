"""The whole status of a VinylIndex, recomputed on every tick. Pure."""

from __future__ import annotations

from datetime import datetime

from vinymatic_operator.observe.seen import Observed
from vinymatic_operator.observe.steps import Step
from vinymatic_operator.observe.view import newest_view
from vinymatic_operator.plan.actions import Plan
from vinymatic_operator.resources.index_status import IndexStatus
from vinymatic_operator.status import facts
from vinymatic_operator.status.conditions import set_condition
from vinymatic_operator.status.verdicts import verdicts


def build_status(observed: Observed, planned: Plan, now: datetime) -> IndexStatus:
    """Nothing in it changes while nothing happens: no ages, no time of the last look."""
    view, known = newest_view(observed), observed.status
    told = IndexStatus(
        observed_generation=observed.generation,
        conditions=known.conditions,
        index=facts.summary(view, known.index),
        serving=facts.serving(observed, view),
        served=facts.served(observed),
        rollout=facts.rollout(observed, now),
        retraining=facts.retraining(observed, view, planned, now),
        backup=facts.backup(observed, now),
        drill=facts.drill(observed, now),
        compaction=facts.upkeep(observed, Step.COMPACT, known.compaction),
        collection=facts.upkeep(observed, Step.COLLECT, known.collection),
        jobs=sorted(job.name for job in observed.jobs if job.running),
        next_action=planned.next,
    )
    conditions = told.conditions
    for kind, verdict in verdicts(observed, told, planned, view, now).items():
        conditions = set_condition(
            conditions, kind, verdict.status, verdict.reason, verdict.message, observed.generation, now
        )
    return told.model_copy(update={"conditions": conditions})
