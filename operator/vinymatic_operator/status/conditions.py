"""Conditions: how one is set. `lastTransitionTime` moves only when `status` changes, as Kubernetes' conventions want it. Pure."""

from __future__ import annotations

from datetime import UTC, datetime

from vinymatic_operator.resources.conditions import Condition, Truth

_LONGEST = 1_000


def set_condition(
    conditions: list[Condition], kind: str, status: Truth, reason: str, message: str, generation: int, now: datetime
) -> list[Condition]:
    """`conditions` with this one; its place among them stays."""
    before = next((condition for condition in conditions if condition.type == kind), None)
    since = before.last_transition_time if before is not None and before.status == status else stamp(now)
    made = Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message[:_LONGEST],
        last_transition_time=since,
        observed_generation=generation,
    )
    if before is None:
        return [*conditions, made]
    return [made if condition.type == kind else condition for condition in conditions]


def stamp(moment: datetime) -> str:
    """As Kubernetes writes times: 2026-11-24T03:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
