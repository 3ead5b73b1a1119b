"""The table of `kubectl vinyl backups`."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from vinymatic_operator.errors import KubeInvalidError
from vinymatic_operator.observe.reading import part
from vinymatic_operator.plugin.ends import object_state
from vinymatic_operator.plugin.words import age, number
from vinymatic_operator.resources.backup import BackupStatus
from vinymatic_operator.resources.base import Json, Part


class ListedBackup(Part):
    name: str
    manifest: int | None
    covers: int | None
    created_at: str | None
    state: str

    def to_json(self) -> Json:
        """With its nulls: programs find the same keys always."""
        return self.model_dump(mode="json", by_alias=True)


def listed_backups(backups: list[Json]) -> list[ListedBackup]:
    """Raises `KubeInvalidError` where the models do not fit what the server keeps."""
    rows = []
    for backup in backups:
        metadata = part(backup, "metadata")
        name, created = str(metadata.get("name")), metadata.get("creationTimestamp")
        try:
            status = BackupStatus.model_validate(part(backup, "status"))
        except ValidationError as error:
            raise KubeInvalidError(f"VinylBackup {name} does not read as this program knows it: {error}") from None
        rows.append(
            ListedBackup(
                name=name,
                manifest=status.manifest,
                covers=status.covers,
                created_at=created if isinstance(created, str) else None,
                state=object_state(backup),
            )
        )
    return rows


def table(rows: list[ListedBackup], now: datetime) -> str:
    """With a newline at its end."""
    cells = [("NAME", "MANIFEST", "COVERS", "AGE", "STATE")]
    cells += [
        (
            row.name,
            "-" if row.manifest is None else str(row.manifest),
            "-" if row.covers is None else number(row.covers),
            age(row.created_at, now),
            row.state,
        )
        for row in rows
    ]
    widths = [max(len(row[column]) for row in cells) for column in range(len(cells[0]))]
    return "".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n" for row in cells
    )
