"""What the changing commands send, and what they refuse to send."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from vinymatic_operator.plugin.reading import Index
from vinymatic_operator.resources.backup import BackupRequest
from vinymatic_operator.resources.base import Json, Part
from vinymatic_operator.resources.names import API_VERSION, BACKUP_KIND, INDEX_LABEL, RESTORE_KIND
from vinymatic_operator.resources.restore import RestoreFrom, RestoreRequest, RestoreTo


def stamp(now: datetime) -> str:
    """RFC 3339 in UTC, to the second, as `kubectl rollout restart` writes it."""
    return now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def annotated(key: str, value: str) -> Json:
    """A merge patch that sets one annotation and leaves the others."""
    return {"metadata": {"annotations": {key: value}}}


def paused(value: bool) -> Json:
    return {"spec": {"paused": value}}


def default_name(index: str, now: datetime) -> str:
    """`catalogue-20261124-201342`."""
    return f"{index}-{now.astimezone(UTC).strftime('%Y%m%d-%H%M%S')}"


def backup_body(index: Index, name: str) -> Json:
    return _body(BACKUP_KIND, index, name, BackupRequest(index=index.name))


@dataclass(frozen=True)
class Source:
    """Which backup: at most one of these; none of them is the newest."""

    backup: str | None = None
    time: datetime | None = None
    manifest: int | None = None

    @property
    def in_words(self) -> str:
        if self.backup is not None:
            return f"backup {self.backup}"
        if self.time is not None:
            return f"the newest backup at or before {stamp(self.time)}"
        return f"the backup of manifest {self.manifest}" if self.manifest is not None else "the newest backup"


def restore_body(index: Index, name: str, source: Source, target: RestoreTo | None) -> Json:
    chosen = RestoreFrom(
        backup=source.backup, time=None if source.time is None else stamp(source.time), manifest=source.manifest
    )
    return _body(RESTORE_KIND, index, name, RestoreRequest(index=index.name, source=chosen, target=target))


def refused_retraining(index: Index) -> str | None:
    """Why a retraining cannot succeed."""
    summary = index.status.index
    if summary is not None and summary.covers == 0:
        return f"{index.name} has no covers to train on"
    return None


def refused_promotion(index: Index) -> str | None:
    """Why a promotion cannot succeed."""
    summary = index.status.index
    if summary is None:
        return f"{index.name} has no candidate epoch that the operator knows of: it has not looked at the index yet"
    if summary.candidate_epoch is None:
        return f"{index.name} has no candidate epoch to promote (active is {summary.active_epoch}); kubectl vinyl retrain makes one"
    return None


def refused_rollback(index: Index) -> str | None:
    """Why a rollback cannot succeed."""
    summary = index.status.index
    if summary is None:
        return f"{index.name} has no previous epoch that the operator knows of: it has not looked at the index yet"
    if summary.previous_epoch is None:
        keep = "" if index.spec.retraining.keep_previous else "; spec.retraining.keepPrevious keeps it in future"
        return f"{index.name} has no previous epoch to go back to: only epoch {summary.active_epoch} is there{keep}"
    return None


def refused_backup(index: Index) -> str | None:
    """Why neither a backup nor a restore can succeed."""
    if index.spec.backup is None:
        return f"{index.name} has no spec.backup: the operator knows no place for backups"
    return None


def refused_wait(index: Index, what: str) -> str | None:
    """Why waiting for `what` would never end."""
    if index.spec.paused:
        return f"{index.name} is paused: {what} waits until it is resumed; ask without --wait, or resume it first"
    return None


def refused_repetition(index: Index, key: str, value: str) -> str | None:
    """Why a request would be none: the operator knows requests apart by their value, which is a second."""
    if index.annotations.get(key) == value:
        return f"{index.name} was asked for this within the same second already ({key}: {value})"
    return None


def paused_note(index: Index) -> list[str]:
    """What is said beside a request that is kept, but not acted on yet."""
    if not index.spec.paused:
        return []
    return [f"{index.name} is paused: this waits until `kubectl vinyl resume {index.name} -n {index.namespace}`"]


def promotion_warning(index: Index) -> str:
    """What a promotion without regard to the gate does, in plain words."""
    gate, summary = index.status.retraining.gate, index.status.index
    candidate = summary.candidate_epoch if summary is not None else None
    if gate is None or gate.epoch != candidate:
        said = "which has not measured it"
    else:
        said = "which it passed" if gate.passed else f"which it FAILED: {'; '.join(gate.failures)}"
    return f"this serves epoch {candidate} without regard to its gate, {said}"


def restore_warning(index: Index, source: Source) -> str:
    """What a restore into the index itself does, in plain words."""
    storage = index.spec.storage
    return (
        f"this puts {source.in_words} in the place of what {index.name} serves now (s3://{storage.bucket}/{storage.prefix}):"
        " covers ingested after that backup are no longer found until they are ingested again, and the API is rolled over."
        " The present state stays as an older manifest until it is collected"
    )


def _body(kind: str, index: Index, name: str, spec: Part) -> Json:
    metadata: Json = {"name": name, "namespace": index.namespace, "labels": {INDEX_LABEL: index.name}}
    # Defaults are the CRD's to fill in; `source: {}` is the newest.
    wished = spec.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": wished}
