"""A shelf of index files in a folder, put together by hand: manifests that no writer needs to have committed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from tests.unit.index.manifests import manifest
from tests.unit.index.small import LISTS, codebook
from vinymatic.index.encoding import dump_encoding, encode_descriptors
from vinymatic.index.layout import codebook_key, codes_key, covers_key, points_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import PreparedCover, build_segment
from vinymatic.index.snapshot import Snapshot, open_snapshot


class Shelf:
    """`resolved` counts how often each key was asked for."""

    def __init__(self, folder: Path, epochs: Sequence[int] = (0,)) -> None:
        self._folder = folder
        self.resolved: Counter[str] = Counter()
        self.books = {epoch: self._book(epoch) for epoch in epochs}

    def put(self, key: str, data: bytes) -> FileEntry:
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return FileEntry(key=key, size=len(data), sha256=hashlib.sha256(data).hexdigest())

    def resolve(self, entry: FileEntry) -> Path:
        self.resolved[entry.key] += 1
        return self._folder / entry.key

    def segment(self, letter: str, covers: Sequence[PreparedCover], added_in: int = 1) -> SegmentEntry:
        """A segment with this letter's name and an encoding for each epoch."""
        name, files = letter * 26, build_segment(covers)
        descriptors = np.concatenate([cover.features.descriptors for cover in covers])
        return SegmentEntry(
            id=name,
            covers=len(covers),
            features=files.features,
            added_in=added_in,
            covers_file=self.put(covers_key(name), files.covers),
            points_file=self.put(points_key(name), files.points),
            codes={
                epoch: self.put(
                    codes_key(name, epoch, book.file.sha256),  # any name will do
                    dump_encoding(encode_descriptors(codebook(epoch, seed=epoch + 1), descriptors)),
                )
                for epoch, book in self.books.items()
            },
        )

    def manifest(self, *segments: SegmentEntry, **changes: object) -> Manifest:
        return manifest(*segments, **{"codebooks": self.books} | changes)

    def snapshot(self, *segments: SegmentEntry, previous: Snapshot | None = None, **changes: object) -> Snapshot:
        """The snapshot of a manifest of these segments."""
        return open_snapshot(self.manifest(*segments, **changes), self.resolve, previous)

    def _book(self, epoch: int) -> CodebookEntry:
        # Each epoch has a codebook of its own.
        data = codebook(epoch, seed=epoch + 1).to_bytes()
        file = self.put(codebook_key(epoch, hashlib.sha256(data).hexdigest()), data)
        return CodebookEntry(epoch=epoch, file=file, lists=LISTS, trained_covers=0)


def without(entry: SegmentEntry, *places: int) -> SegmentEntry:
    """The segment with the covers at these places dead."""
    return entry.model_copy(update={"tombstones": tuple(sorted({*entry.tombstones, *places}))})
