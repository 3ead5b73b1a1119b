"""Manifests for the tests of what reads them."""

from __future__ import annotations

from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry


def file_entry(key: str, mark: str = "a") -> FileEntry:
    return FileEntry(key=key, size=10, sha256=mark * 64)


def segment_entry(letter: str, covers: int = 3, tombstones: tuple[int, ...] = (), **changes: object) -> SegmentEntry:
    fields: dict[str, object] = {
        "id": letter * 26,
        "covers": covers,
        "features": covers * 100,
        "added_in": 2,
        "covers_file": file_entry(f"{letter}/covers"),
        "points_file": file_entry(f"{letter}/points", "b"),
        "codes": {0: file_entry(f"{letter}/codes-0", "c")},
        "tombstones": tombstones,
    }
    return SegmentEntry.model_validate(fields | changes)


def manifest(*segments: SegmentEntry, **changes: object) -> Manifest:
    fields: dict[str, object] = {
        "number": 7,
        "commit_id": "c0ffee",
        "writer": "test",
        "created_at": "2026-01-01T00:00:00.000+00:00",
        "dimensions": 128,
        "active_epoch": 0,
        "codebooks": {0: CodebookEntry(epoch=0, file=file_entry("book-0", "d"), lists=2_048, trained_covers=0)},
        "segments": segments,
        "images_ingested": 12,
        "images_at_training": 5,
    }
    return Manifest.model_validate(fields | changes)
