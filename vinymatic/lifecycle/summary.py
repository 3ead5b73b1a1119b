"""What an index is, in a few hundred bytes: what one needs who decides about it and cannot read it, such as the operator.

Every command's result and every replica of the API carry one. Nothing here may need more than pydantic.
"""

from __future__ import annotations

from pydantic import Field

from vinymatic.index.manifest import Manifest
from vinymatic.index.sealed import Record
from vinymatic.lifecycle.compaction_plan import CompactionPolicy, plan_compaction


class IndexSummary(Record):
    """One manifest, summed up. An older reader passes over the fields that it does not know."""

    manifest: int = Field(ge=1, description="Number of the manifest that this is about.")
    index_id: str = Field(
        description="Given to the index when it was made; empty for one from before there were such IDs."
    )
    created_at: str = Field(description="When the manifest was made. ISO 8601, by its writer's clock.")
    covers: int = Field(ge=0, description="Live covers.")
    segments: int = Field(ge=0, description="Segments that hold them.")
    bytes: int = Field(ge=0, description="Of all files that the manifest names.")
    dimensions: int = Field(description="SIFT_DIMENSIONS of the index.")
    active_epoch: int = Field(ge=0, description="The codebook epoch that readers use.")
    candidate_epoch: int | None = Field(description="The one that is being prepared.")
    candidate_complete: bool = Field(
        description="Whether every segment is encoded under the candidate; false without one."
    )
    previous_epoch: int | None = Field(description="The one that was active before.")
    next_epoch: int = Field(description="A number that no codebook of this index has ever had.")
    images_since_training: int = Field(description="Images ingested since the last training, replacements included.")
    trained_at: str | None = Field(description="When the last training began, whatever became of it. ISO 8601.")
    covers_at_training: int = Field(ge=0, description="Live covers then.")
    training_error: float | None = Field(
        description="Mean squared quantization error that the active codebook's training measured."
    )
    fresh_features: int = Field(ge=0, description="Features committed since the active epoch is active.")
    fresh_error: float = Field(ge=0, description="Their mean squared quantization error.")
    mergeable: int = Field(ge=0, description="Segments that a compaction would merge or rewrite now.")
    dead_covers: int = Field(ge=0, description="Covers that were taken out and still lie in segments.")


def summarize(manifest: Manifest) -> IndexSummary:
    candidate = manifest.candidate_epoch
    return IndexSummary(
        manifest=manifest.number,
        index_id=manifest.index_id,
        created_at=manifest.created_at,
        covers=manifest.covers,
        segments=len(manifest.segments),
        bytes=sum(file.size for file in manifest.files()),
        dimensions=manifest.dimensions,
        active_epoch=manifest.active_epoch,
        candidate_epoch=candidate,
        candidate_complete=candidate is not None and not manifest.lacking(candidate),
        previous_epoch=manifest.previous_epoch,
        next_epoch=manifest.next_epoch,
        images_since_training=manifest.images_since_training,
        trained_at=manifest.trained_at,
        covers_at_training=manifest.covers_at_training,
        training_error=manifest.active_codebook.error,
        fresh_features=manifest.fresh.features,
        fresh_error=manifest.fresh.error,
        mergeable=sum(map(len, plan_compaction(manifest.segments, CompactionPolicy()))),
        dead_covers=sum(len(segment.tombstones) for segment in manifest.segments),
    )
