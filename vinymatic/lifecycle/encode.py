"""Encoding: the segments that lack the candidate's encoding get it, chunk by chunk, each chunk a commit.

Several may be at it, each at its own part of the segments: which part a segment is in depends on its id alone. Killed anywhere, the next
run goes on where this one stopped. What a compaction merged meanwhile may fall to a part that has ended: whoever runs parts looks at the
result and runs once more what is left.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import EpochError, IndexMismatchError
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import encode_descriptors
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import commit_change, require_newest
from vinymatic.lifecycle.epochs import with_codes
from vinymatic.lifecycle.files import FileCache, put_encoding
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore

# Segments are encoded and committed in chunks of about so many features: what a kill may cost, and a commit each.
CHUNK_FEATURES = 2_000_000

# Whether this run is to encode a segment.
Share = Callable[[SegmentEntry], bool]


@dataclass(frozen=True)
class EncodeReport:
    """`encoded`: segments encoded by this run, in `commits` commits. `lacking`: those of any part that still have no encoding."""

    epoch: int
    number: int
    part: int
    parts: int
    encoded: int
    commits: int
    lacking: int


@dataclass(frozen=True)
class Encoded:
    """`manifest`: the newest then."""

    manifest: Manifest
    segments: int
    commits: int


def encode(
    store: ObjectStore,
    work: Path,
    *,
    part: int = 0,
    parts: int = 1,
    dimensions: int | None = None,
    chunk_features: int = CHUNK_FEATURES,
    progress: Progress = no_progress,
    writer: str = "encode",
) -> EncodeReport:
    """Encodes under the candidate what lacks it, of part `part` (from 0) of `parts`. `dimensions`: as with `train`.

    `progress` is told of the step `encode`. Raises `EpochError` (no candidate, or it was discarded meanwhile), `NoIndexError`,
    `IndexMismatchError`, `CorruptFileError`, `StorageError`, `ContentionError`; ValueError for a part that is none.
    """
    if not 0 <= part < parts:
        raise ValueError(f"no part {part} of {parts}")
    manifest = require_newest(store)
    require_dimensions(manifest, dimensions, store)
    if manifest.candidate_epoch is None:
        raise EpochError("there is no candidate to encode; `vinymatic train` makes one")
    epoch = manifest.candidate_epoch
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="encoding-") as folder:
        encoder = Encoder(store, FileCache(store, Path(folder)), writer, chunk_features)
        done = encoder.encode(manifest, epoch, lambda segment: part_of(segment.id, parts) == part, progress)
    lacking = len(done.manifest.lacking(epoch))
    return EncodeReport(epoch, done.manifest.number, part, parts, done.segments, done.commits, lacking)


def part_of(segment: str, parts: int) -> int:
    """The part, from 0, that the segment with this id is in: the same on every machine."""
    return int.from_bytes(hashlib.sha256(segment.encode()).digest()[:8], "big") % parts


def require_dimensions(manifest: Manifest, dimensions: int | None, store: ObjectStore) -> None:
    """Raises `IndexMismatchError` where the caller's SIFT_DIMENSIONS is another than the index's. None: it does not say."""
    if dimensions not in (None, manifest.dimensions):
        raise IndexMismatchError(
            f"the index in {store.url} has SIFT_DIMENSIONS={manifest.dimensions}, this process {dimensions}"
        )


def next_chunk(lacking: Sequence[SegmentEntry], chunk_features: int) -> tuple[SegmentEntry, ...]:
    """The first of the segments, at least one, up to `chunk_features` features together."""
    chunk: list[SegmentEntry] = []
    features = 0
    for segment in lacking:
        if chunk and features + segment.features > chunk_features:
            break
        chunk.append(segment)
        features += segment.features
    return tuple(chunk)


def open_segment(files: FileCache, entry: SegmentEntry, dimensions: int) -> Segment:
    """Raises `CorruptFileError`, `StorageError`."""
    return Segment(CoverTable(files.resolve(entry.covers_file)), files.resolve(entry.points_file), dimensions)


class Encoder:
    """`files`: where fetched files lie meanwhile. `chunk_features`: of one commit, about."""

    def __init__(self, store: ObjectStore, files: FileCache, writer: str, chunk_features: int) -> None:
        self._store = store
        self._files = files
        self._writer = writer
        self._chunk_features = chunk_features

    def encode(self, manifest: Manifest, epoch: int, share: Share, progress: Progress) -> Encoded:
        """Encodes what lacks `epoch` and is of `share`, until nothing is left. Raises `EpochError` when the epoch goes meanwhile."""
        book = manifest.codebooks[epoch]
        codebook = Codebook.open(self._files.resolve(book.file).read_bytes(), book, manifest.dimensions)
        encoded = commits = 0
        while lacking := [segment for segment in manifest.lacking(epoch) if share(segment)]:
            codes: dict[str, FileEntry] = {}
            age = UploadAge()
            for segment in next_chunk(lacking, self._chunk_features):
                progress("encode", encoded + len(codes), encoded + len(lacking))
                descriptors = open_segment(self._files, segment, manifest.dimensions).descriptors
                codes[segment.id] = put_encoding(self._store, segment.id, encode_descriptors(codebook, descriptors))
            manifest, changed = self._commit(book, codes, age)
            encoded += len(codes)
            commits += changed
        progress("encode", encoded, encoded)
        return Encoded(manifest, encoded, commits)

    def _commit(self, book: CodebookEntry, codes: dict[str, FileEntry], age: UploadAge) -> tuple[Manifest, bool]:
        def change(newest: Manifest) -> Manifest | None:
            # What was uploaded too long ago may be collected by now: it is encoded again.
            return None if age.too_old else with_codes(newest, book, codes)

        done = commit_change(self._store, change, self._writer)
        if done.manifest.codebooks.get(book.epoch) != book:
            raise EpochError(f"epoch {book.epoch} was discarded meanwhile")
        return done.manifest, done.changed
