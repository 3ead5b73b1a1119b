"""Manifests that cannot be read: put back from the backup, or passed over. Pure. docs/adr/0005-repair.md.

While the newest one cannot be read, nobody can commit; so what is created above it meets no other writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vinymatic.index.manifest import Manifest


@dataclass(frozen=True)
class ManifestPlan:
    """`newest`: to be repaired further; None while it cannot be read. `put_back`: bytes by number. `go_on`: an older manifest and the
    number under which it becomes the newest. `unsaved`: in words, what stays as it is.
    """

    newest: Manifest | None
    put_back: Mapping[int, bytes]
    go_on: tuple[Manifest, int] | None
    unsaved: tuple[str, ...]


def plan_manifests(
    read: Mapping[int, Manifest | None], boundary: int, in_backup: Mapping[int, bytes], *, drop_lost: bool
) -> ManifestPlan:
    """`read`: the newest manifest and all that are kept, None where one cannot be read. `in_backup`: those that the backup has whole."""
    highest = max(read)
    readable = {number: manifest for number, manifest in read.items() if manifest is not None}
    put_back = {number: in_backup[number] for number in read if number not in readable and number in in_backup}
    bad = sorted(read.keys() - readable.keys() - put_back.keys() - {highest})
    unsaved = [
        f"manifest {number} cannot be read; while it is kept, nothing can be collected, and nobody can go back to it"
        for number in bad
    ]
    newest = readable.get(highest)
    go_on = None
    if highest not in put_back and (newest is None or highest <= boundary):
        newest = None
        lost = f"manifest {highest} cannot be read" if highest > boundary else f"manifests after {highest} are lost"
        if not readable:
            unsaved.append(f"{lost}, and no other is left; `vinymatic restore --to` brings the backup to another place")
        elif drop_lost:
            go_on = (readable[max(readable)], max(highest, boundary) + 1)
        else:
            unsaved.append(
                f"{lost}: --drop-lost goes on from manifest {max(readable)}, without what was committed after it;"
                " `vinymatic import` over the scans brings back what is missing then"
            )
    return ManifestPlan(newest, put_back, go_on, tuple(unsaved))
