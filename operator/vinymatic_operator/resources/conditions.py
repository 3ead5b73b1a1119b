"""Conditions, as the conventions of the Kubernetes API have them, and their documented types."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from vinymatic_operator.resources.base import Part

Truth = Literal["True", "False", "Unknown"]


class ConditionType(StrEnum):
    """Of a VinylIndex. The first three are what generic tools (kstatus, Argo CD, Flux) look at."""

    READY = "Ready"
    RECONCILING = "Reconciling"
    STALLED = "Stalled"
    SERVING = "Serving"
    FRESH = "Fresh"
    TRAINED = "Trained"
    BACKED_UP = "BackedUp"
    RESTORE_PROVEN = "RestoreProven"


class Condition(Part):
    """One condition. `lastTransitionTime` changes only with `status`."""

    type: str = Field(description="What is said of.", max_length=316)
    status: Truth = Field(description="True, False or Unknown.")
    reason: str = Field(description="A stable word for programs; docs/operator.md lists them.", max_length=128)
    message: str = Field(default="", description="A sentence for people.", max_length=4_096)
    last_transition_time: str = Field(
        description="When the status last changed.", json_schema_extra={"format": "date-time"}
    )
    observed_generation: int | None = Field(default=None, description="The generation that it speaks of.")


# By type: two writers may each apply conditions of their own.
Conditions: TypeAlias = Annotated[
    list[Condition],
    Field(json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]}),
]
