"""VinylIndex: what the operator tells about it."""

from __future__ import annotations

from pydantic import Field, JsonValue

from vinymatic_operator.resources.base import Part
from vinymatic_operator.resources.conditions import Conditions

TIME: dict[str, JsonValue] = {"format": "date-time"}


class ServedManifest(Part):
    """Pods of the API that serve one manifest under one epoch."""

    manifest: int = Field(description="The manifest.")
    epoch: int = Field(description="The codebook epoch.")
    pods: int = Field(description="How many pods.")


class LastRun(Part):
    """The last run of something, and the next."""

    last: str | None = Field(default=None, description="When it last ended well.", json_schema_extra=TIME)
    job: str | None = Field(default=None, description="The Job of the last run, whatever became of it.")
    outcome: str | None = Field(default=None, description="What became of it, in words.")
    next: str | None = Field(
        default=None, description="When it is due next, where a schedule says so.", json_schema_extra=TIME
    )


class GateFigures(Part):
    """The last gate: candidate against active."""

    epoch: int = Field(description="The candidate's epoch.")
    passed: bool = Field(description="Whether every limit was kept.")
    at: str = Field(description="When.", json_schema_extra=TIME)
    recall_active: float | None = Field(
        default=None, description="Recall of the active epoch, in the round where it is lowest."
    )
    recall_candidate: float | None = Field(
        default=None, description="Recall of the candidate, in the round where it is lowest."
    )
    false_accepts_active: float | None = Field(
        default=None, description="Share of photos that the active epoch accepted wrongly."
    )
    false_accepts_candidate: float | None = Field(
        default=None, description="Share of photos that the candidate accepted wrongly."
    )
    photos: int | None = Field(default=None, description="Photos asked.")
    failures: list[str] = Field(default=[], description="The limits that were not kept, in words.")


class RetrainingRun(LastRun):
    """Retraining."""

    request: str | None = Field(
        default=None, description="The value of the last retrain-at annotation that was acted on."
    )
    promote_request: str | None = Field(default=None, description="That of promote-at.")
    rollback_request: str | None = Field(default=None, description="That of rollback-at.")
    phase: str | None = Field(default=None, description="The step that it is at, while one is under way.")
    reason: str | None = Field(default=None, description="Why it was begun, or why nothing is due.")
    gate: GateFigures | None = Field(default=None, description="The last gate's figures.")
    refused_epoch: int | None = Field(
        default=None, description="The last epoch that was rolled back; it is not promoted again."
    )


class BackupRun(LastRun):
    """Backups."""

    manifest: int | None = Field(default=None, description="The manifest of the last one.")
    backups: int = Field(default=0, description="Backups that there are.")
    scheduled_for: str | None = Field(
        default=None, description="The last time of the schedule that was acted on.", json_schema_extra=TIME
    )


class DrillRun(LastRun):
    """Drills."""

    right: int | None = Field(default=None, description="Recorded questions that were answered as recorded.")
    questions: int | None = Field(default=None, description="Questions asked.")
    manifest: int | None = Field(default=None, description="The manifest of the backup that was tried.")
    scheduled_for: str | None = Field(
        default=None, description="The last time of the schedule that was acted on.", json_schema_extra=TIME
    )


class Summary(Part):
    """The index itself, by its newest manifest that the operator was told of."""

    manifest: int = Field(description="The newest manifest.")
    created_at: str = Field(description="When it was committed.", json_schema_extra=TIME)
    covers: int = Field(description="Live covers.")
    segments: int = Field(description="Segments.")
    bytes: int = Field(description="Bytes of all files that it names.")
    active_epoch: int = Field(description="The epoch that is served.")
    candidate_epoch: int | None = Field(default=None, description="The epoch that is being prepared.")
    previous_epoch: int | None = Field(default=None, description="The epoch before the active one, while it is kept.")
    images_since_training: int = Field(description="Images ingested since the last training.")
    trained_at: str | None = Field(default=None, description="When the last training was.", json_schema_extra=TIME)


class RolloutRun(Part):
    """The last roll-out of the API that the operator began."""

    reason: str = Field(description="What for.")
    started_at: str = Field(description="When it began.", json_schema_extra=TIME)
    completed_at: str | None = Field(
        default=None, description="When every pod served the new state.", json_schema_extra=TIME
    )
    epoch: int | None = Field(default=None, description="The epoch that its pods are held to.")
    min_manifest: int | None = Field(default=None, description="The least manifest that its pods serve once ready.")


class IndexStatus(Part):
    """What the operator tells about a VinylIndex. Recomputed on every tick; what cannot be seen any more is kept from before."""

    observed_generation: int | None = Field(default=None, description="The generation that this status speaks of.")
    conditions: Conditions = Field(default=[], description="See docs/operator.md for types and reasons.")
    index: Summary | None = Field(default=None, description="The index itself.")
    serving: str | None = Field(default=None, description="Pods that serve the newest manifest known, of all.")
    served: list[ServedManifest] = Field(default=[], description="The API's pods by what each serves.")
    rollout: RolloutRun | None = Field(default=None, description="The last roll-out of the API.")
    retraining: RetrainingRun = Field(default=RetrainingRun(), description="Retraining.")
    backup: BackupRun = Field(default=BackupRun(), description="Backups.")
    drill: DrillRun = Field(default=DrillRun(), description="Drills.")
    compaction: LastRun = Field(default=LastRun(), description="Compaction.")
    collection: LastRun = Field(default=LastRun(), description="Collection.")
    jobs: list[str] = Field(default=[], description="Jobs that run now.")
    next_action: str | None = Field(default=None, description="What happens next, and why.")
