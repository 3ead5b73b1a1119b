"""VinylBackup: one backup of an index, made by the schedule or by hand. It stays as the record of that backup."""

from __future__ import annotations

from pydantic import Field

from vinymatic_operator.resources.base import Part, immutable, rules
from vinymatic_operator.resources.conditions import Conditions
from vinymatic_operator.resources.index_spec import DNS_LABEL


class BackupRequest(Part):
    """What the owner of a VinylBackup wishes."""

    index: str = Field(
        pattern=DNS_LABEL,
        max_length=40,
        description="The VinylIndex, in the same namespace.",
        json_schema_extra=rules(immutable("index", "a backup is of one index")),
    )


class BackupStatus(Part):
    """What became of it."""

    observed_generation: int | None = Field(default=None, description="The generation that this status speaks of.")
    conditions: Conditions = Field(default=[], description="Complete and Failed; see docs/operator.md.")
    started_at: str | None = Field(
        default=None, description="When its Job began.", json_schema_extra={"format": "date-time"}
    )
    completed_at: str | None = Field(
        default=None, description="When it ended well.", json_schema_extra={"format": "date-time"}
    )
    manifest: int | None = Field(default=None, description="The manifest that was backed up.")
    covers: int | None = Field(default=None, description="Covers in it.")
    copied_files: int | None = Field(default=None, description="Files copied; the others were in the backup already.")
    copied_bytes: int | None = Field(default=None, description="Bytes of those.")
    url: str | None = Field(default=None, description="Where it is.")
    attempts: int = Field(default=0, description="Jobs started for it.")
