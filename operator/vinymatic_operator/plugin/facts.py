"""What `kubectl vinyl status` tells, as one object: the page reads it, and `-o json` prints it."""

from __future__ import annotations

import re

from pydantic import Field

from vinymatic_operator.observe.reading import part
from vinymatic_operator.plugin.reading import Index
from vinymatic_operator.resources.base import Json, Part
from vinymatic_operator.resources.conditions import Condition, ConditionType
from vinymatic_operator.resources.index_status import (
    BackupRun,
    DrillRun,
    LastRun,
    RetrainingRun,
    RolloutRun,
    ServedManifest,
    Summary,
)
from vinymatic_operator.resources.names import INDEX_KIND, PROMOTE_AT, RETRAIN_AT, ROLLBACK_AT

# What a condition says when all is well; every other type is well when True.
_WELL_WHEN_FALSE = {ConditionType.STALLED}
_NOT_WISHED = "NotConfigured"
_PROBLEMS_SHOWN = 5


class Serving(Part):
    """`current` of `pods` serve the newest manifest known."""

    current: int | None
    pods: int | None
    by_manifest: list[ServedManifest]
    stale: str | None = Field(description="What the condition Fresh says, while it is not True.")


class Timetable(Part):
    """How something comes about by itself. Neither: by the operator's own measure, or at the time that `next` says."""

    suspended: bool
    on_request_only: bool


class Ingestor(Part):
    """The ingestor Deployment. `problem`: why its figures are not known."""

    deployment: str
    wanted: int | None = None
    ready: int | None = None
    problem: str | None = None


class Asked(Part):
    """A request that the operator has not taken up yet."""

    what: str
    at: str


class Problem(Part):
    """A warning among the index's events."""

    at: str | None
    reason: str
    message: str
    times: int


class Facts(Part):
    """All of it. Times are RFC 3339, as Kubernetes has them; null where something is not known or has not been."""

    namespace: str
    name: str
    created_at: str | None
    paused: bool
    deleting: bool
    looked_at: bool
    up_to_date: bool
    ready: Condition | None
    serving: Serving
    index: Summary | None
    retraining: RetrainingRun
    retraining_timetable: Timetable
    rollout: RolloutRun | None
    backup: BackupRun | None
    backup_timetable: Timetable
    drill: DrillRun | None
    drill_timetable: Timetable
    compaction: LastRun
    compaction_timetable: Timetable
    collection: LastRun
    collection_timetable: Timetable
    ingestor: Ingestor | None
    asked: list[Asked]
    unwell: list[Condition] = Field(description="Conditions that are not as they should be; Ready is beside them.")
    jobs: list[str]
    problems: list[Problem]
    next_action: str | None

    def to_json(self) -> Json:
        """With its nulls: programs find the same keys always."""
        return self.model_dump(mode="json", by_alias=True)


def facts(index: Index, ingestor: Ingestor | None, problems: list[Problem]) -> Facts:
    spec, status = index.spec, index.status
    conditions = {condition.type: condition for condition in status.conditions}
    drill = spec.backup.drill if spec.backup is not None else None
    return Facts(
        namespace=index.namespace,
        name=index.name,
        created_at=index.created_at,
        paused=spec.paused,
        deleting=index.deleting,
        looked_at=index.looked_at,
        up_to_date=index.up_to_date,
        ready=conditions.get(ConditionType.READY),
        serving=_serving(index, conditions.get(ConditionType.FRESH)),
        index=status.index,
        retraining=status.retraining,
        retraining_timetable=Timetable(suspended=spec.retraining.suspend, on_request_only=_no_limit(index)),
        rollout=status.rollout,
        backup=status.backup if spec.backup is not None else None,
        backup_timetable=Timetable(
            suspended=spec.backup is not None and spec.backup.suspend,
            on_request_only=spec.backup is not None and spec.backup.schedule is None,
        ),
        drill=status.drill if drill is not None else None,
        drill_timetable=Timetable(
            suspended=drill is not None and drill.suspend,
            on_request_only=drill is not None and drill.schedule is None,
        ),
        compaction=status.compaction,
        compaction_timetable=Timetable(suspended=spec.compaction.suspend, on_request_only=False),
        collection=status.collection,
        collection_timetable=Timetable(suspended=spec.collection.suspend, on_request_only=False),
        ingestor=ingestor,
        asked=pending_requests(index),
        unwell=[
            condition
            for condition in status.conditions
            if condition.type != ConditionType.READY and not _well(condition)
        ],
        jobs=status.jobs,
        problems=problems,
        next_action=status.next_action,
    )


def pending_requests(index: Index) -> list[Asked]:
    """What annotations ask for that the status does not say was acted on."""
    done = index.status.retraining
    answered = ((RETRAIN_AT, done.request), (PROMOTE_AT, done.promote_request), (ROLLBACK_AT, done.rollback_request))
    return [
        Asked(what=key.rpartition("/")[2].removesuffix("-at"), at=index.annotations[key])
        for key, value in answered
        if index.annotations.get(key) not in (None, value)
    ]


def ingestor_facts(deployment: Json, name: str) -> Ingestor:
    """Kubernetes leaves out `replicas` where it is 1 and `readyReplicas` where it is 0."""
    wanted = part(deployment, "spec").get("replicas", 1)
    ready = part(deployment, "status").get("readyReplicas", 0)
    return Ingestor(deployment=name, wanted=_whole(wanted), ready=_whole(ready))


def problems_of(index: Index, events: list[Json]) -> list[Problem]:
    """The newest warnings about this index, newest first."""
    found = []
    for event in events:
        about = part(event, "involvedObject")
        if (about.get("kind"), about.get("name"), event.get("type")) != (INDEX_KIND, index.name, "Warning"):
            continue
        at = next((event[key] for key in ("lastTimestamp", "eventTime", "firstTimestamp") if event.get(key)), None)
        found.append(
            Problem(
                at=at if isinstance(at, str) else None,
                reason=str(event.get("reason") or "Unknown"),
                message=str(event.get("message") or ""),
                times=_whole(event.get("count")) or 1,
            )
        )
    return sorted(found, key=lambda problem: problem.at or "", reverse=True)[:_PROBLEMS_SHOWN]


def _serving(index: Index, fresh: Condition | None) -> Serving:
    counted = re.fullmatch(r"(\d+)/(\d+)", index.status.serving or "")
    return Serving(
        current=int(counted[1]) if counted else None,
        pods=int(counted[2]) if counted else None,
        by_manifest=sorted(index.status.served, key=lambda served: (-served.manifest, -served.epoch)),
        stale=fresh.message or fresh.reason if fresh is not None and fresh.status != "True" else None,
    )


def _no_limit(index: Index) -> bool:
    limits = index.spec.retraining
    return not (limits.images or limits.days or limits.growth or limits.drift)


def _well(condition: Condition) -> bool:
    if condition.type == ConditionType.RECONCILING:
        return condition.status != "Unknown"  # being at work is no fault
    if condition.reason == _NOT_WISHED:
        return True
    return condition.status == ("False" if condition.type in _WELL_WHEN_FALSE else "True")


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0
