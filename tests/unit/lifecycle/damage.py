"""Ways in which an index is damaged, and what a verification finds then."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.lifecycle.commit import commit, following
from vinymatic.lifecycle.files import put_file
from vinymatic.lifecycle.findings import Finding, Kind, Part
from vinymatic.lifecycle.verification import verify
from vinymatic.storage.port import ObjectStore


def lose(store: ObjectStore, key: str) -> None:
    store.delete(key)


def flip(store: ObjectStore, key: str, place: int = -1, mask: int = 1) -> None:
    data = bytearray(store.get(key)[0])
    data[place] ^= mask
    store.put(key, bytes(data))


def cut_off(store: ObjectStore, key: str) -> None:
    store.put(key, store.get(key)[0][:-1])


def recommit(store: ObjectStore, change: Callable[[Manifest], Manifest]) -> Manifest:
    """Commits `change`, whatever it is."""

    def propose(newest: Manifest | None) -> Manifest:
        assert newest is not None
        return following(newest, change(newest), "test")

    return commit(store, propose).manifest


def rewrite(store: ObjectStore, file: FileEntry, data: bytes) -> FileEntry:
    """Commits `file` with other contents, which the manifest then takes for right."""
    new = put_file(store, file.key, data)

    def replaced(found: FileEntry) -> FileEntry:
        return new if found.key == file.key else found

    def segment(entry: SegmentEntry) -> SegmentEntry:
        codes = {epoch: replaced(found) for epoch, found in entry.codes.items()}
        files = {"covers_file": replaced(entry.covers_file), "points_file": replaced(entry.points_file)}
        return entry.model_copy(update={"codes": codes, **files})

    def change(newest: Manifest) -> Manifest:
        model = newest.feature_model
        books = {
            epoch: book.model_copy(update={"file": replaced(book.file)}) for epoch, book in newest.codebooks.items()
        }
        return newest.model_copy(
            update={
                "feature_model": None if model is None else replaced(model),
                "codebooks": books,
                "segments": tuple(segment(entry) for entry in newest.segments),
            }
        )

    recommit(store, change)
    return new


def found(store: ObjectStore, tmp_path: Path) -> list[tuple[Kind, Part, str | None]]:
    """What a verification finds."""
    report = verify(store, tmp_path / "verify")
    assert report.clean is (not report.problems)
    return [(finding.kind, finding.part, finding.key) for finding in report.findings]


def only(findings: tuple[Finding, ...]) -> Finding:
    assert len(findings) == 1, findings
    return findings[0]
