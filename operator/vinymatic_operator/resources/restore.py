"""VinylRestore: brings an index back from its backup, into the index itself or under another prefix."""

from __future__ import annotations

from pydantic import ConfigDict, Field

from vinymatic_operator.resources.base import Part, immutable, rule, rules
from vinymatic_operator.resources.conditions import Conditions
from vinymatic_operator.resources.index_spec import DNS_LABEL


class RestoreFrom(Part):
    """Which backup. Without any of these: the newest."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "[has(self.backup), has(self.time), has(self.manifest)].filter(x, x).size() <= 1",
                "give one of backup, time and manifest; none of them means the newest backup",
            )
        )
    )

    backup: str | None = Field(default=None, max_length=253, description="The name of a VinylBackup.")
    time: str | None = Field(
        default=None, description="The newest state at or before this time.", json_schema_extra={"format": "date-time"}
    )
    manifest: int | None = Field(default=None, ge=1, description="The number of a manifest that was backed up.")


class RestoreTo(Part):
    """Where to, when not into the index itself."""

    bucket: str | None = Field(
        default=None,
        min_length=3,
        max_length=63,
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="Without it, the index's.",
    )
    prefix: str = Field(
        max_length=512, pattern=r"^[^/]+(/[^/]+)*$", description="The prefix; what is there already must be this index."
    )


class RestoreRequest(Part):
    """What the owner of a VinylRestore wishes. It is carried out once; it cannot be changed."""

    model_config = ConfigDict(
        json_schema_extra=rules(immutable("a VinylRestore", "it is carried out once; make another one"))
    )

    index: str = Field(pattern=DNS_LABEL, max_length=40, description="The VinylIndex, in the same namespace.")
    source: RestoreFrom = Field(default=RestoreFrom(), description="Which backup; without it, the newest.")
    target: RestoreTo | None = Field(
        default=None, description="Without it: the index itself, and its API is rolled over to the restored state."
    )


class RestoreStatus(Part):
    """What became of it."""

    observed_generation: int | None = Field(default=None, description="The generation that this status speaks of.")
    conditions: Conditions = Field(default=[], description="Restored, Complete and Failed; see docs/operator.md.")
    started_at: str | None = Field(
        default=None, description="When its Job began.", json_schema_extra={"format": "date-time"}
    )
    completed_at: str | None = Field(
        default=None,
        description="When it was served, or, under another prefix, complete.",
        json_schema_extra={"format": "date-time"},
    )
    backup_manifest: int | None = Field(default=None, description="The manifest that was restored.")
    manifest: int | None = Field(default=None, description="The new manifest that holds its state.")
    epoch: int | None = Field(default=None, description="The epoch that is active in it.")
    covers: int | None = Field(default=None, description="Covers in it.")
    attempts: int = Field(default=0, description="Jobs started for it.")
