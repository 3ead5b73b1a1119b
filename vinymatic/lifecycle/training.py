"""Training: a new codebook from the index's own covers becomes the candidate, and the older segments are encoded under it.

Readers go on under the active epoch; ingestors write both encodings from the candidate's commit on. Every chunk of encoded segments is a
commit: killed anywhere, the next run goes on where this one stopped. What becomes of the candidate is decided by `gate` and `promotion`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import EpochError, IndexMismatchError
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import Codebook, lists_for, train_codebook
from vinymatic.index.encoding import encode_descriptors
from vinymatic.index.feature_model_file import feature_model_of
from vinymatic.index.layout import codebook_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import commit_change, require_newest
from vinymatic.lifecycle.epochs import with_candidate, with_codes
from vinymatic.lifecycle.files import FileCache, put_anew, put_encoding
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

SAMPLE_PER_LIST = 40
# Enough for 65,536 lists; holds 340 MB at 128 dimensions.
LARGEST_SAMPLE = 65_536 * SAMPLE_PER_LIST
# Of the sample, what the training does not see: by it the quantization error is measured.
HELD_OUT_SHARE = 0.05
# Segments are encoded and committed in chunks of about so many features: what a kill may cost, and a commit each.
CHUNK_FEATURES = 2_000_000


@dataclass(frozen=True)
class TrainReport:
    """`epoch`: the candidate, all segments encoded. `trained`: whether this run made it, or went on with one that was there.

    `encoded`: segments encoded by this run, in `commits` commits.
    """

    epoch: int
    number: int
    trained: bool
    encoded: int
    commits: int


def train(
    store: ObjectStore,
    work: Path,
    *,
    dimensions: int | None = None,
    chunk_features: int = CHUNK_FEATURES,
    without: Collection[str] = (),
    progress: Progress = no_progress,
    writer: str = "train",
) -> TrainReport:
    """Makes the next epoch the candidate, or goes on with the candidate that is there, until every segment is encoded under it.

    `work`: a folder for fetched files. `dimensions`: what the caller takes SIFT_DIMENSIONS to be. `without`: segments to pass over, for
    they are damaged.
    `progress` is told of the steps `train` and `encode`.
    Raises `NoIndexError`, `IndexMismatchError`, `EpochError` (the candidate was discarded meanwhile), `CorruptFileError`, `StorageError`,
    `ContentionError`.
    """
    manifest = require_newest(store)
    if dimensions not in (None, manifest.dimensions):
        raise IndexMismatchError(
            f"the index in {store.url} has SIFT_DIMENSIONS={manifest.dimensions}, this process {dimensions}"
        )
    work.mkdir(parents=True, exist_ok=True)
    # A folder of its own, gone afterwards: a training reads every descriptor, which is more than a writer's disk should keep.
    with TemporaryDirectory(dir=work, prefix="training-") as folder:
        trainer = _Trainer(store, FileCache(store, Path(folder)), frozenset(without), writer)
        trained = manifest.candidate_epoch is None
        if trained:
            progress("train", 0, 1)
            manifest = trainer.commit_candidate(manifest)
            progress("train", 1, 1)
        assert manifest.candidate_epoch is not None
        return trainer.encode_segments(manifest, manifest.candidate_epoch, chunk_features, progress, trained=trained)


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


class _Trainer:
    def __init__(self, store: ObjectStore, files: FileCache, without: frozenset[str], writer: str) -> None:
        self._store = store
        self._files = files
        self._without = without
        self._writer = writer

    def commit_candidate(self, manifest: Manifest) -> Manifest:
        """The manifest in which there is a candidate: the one trained here, or another's that came first."""
        began = datetime.now(UTC).isoformat(timespec="milliseconds")
        codebook, error = self._train(manifest)
        data = codebook.to_bytes()
        key = partial(codebook_key, codebook.epoch)
        # The age first: the upload itself may be what stalls.
        age, file = UploadAge(), put_anew(self._store, key, data)

        def change(newest: Manifest) -> Manifest | None:
            nonlocal file, age
            if newest.candidate_epoch is not None:
                log.info("epoch %d became the candidate meanwhile; going on with it", newest.candidate_epoch)
                return None
            if age.too_old:
                age, file = UploadAge(), put_anew(self._store, key, data)
            book = CodebookEntry(
                epoch=codebook.epoch, file=file, lists=codebook.lists, trained_covers=manifest.covers, error=error
            )
            return with_candidate(
                newest, book, images=manifest.images_ingested, covers=manifest.covers, trained_at=began
            )

        return commit_change(self._store, change, self._writer).manifest

    def encode_segments(
        self, manifest: Manifest, epoch: int, chunk_features: int, progress: Progress, *, trained: bool
    ) -> TrainReport:
        """Encodes what lacks `epoch`, chunk by chunk, until nothing does."""
        book = manifest.codebooks[epoch]
        codebook = self._codebook(book, manifest.dimensions)
        encoded = commits = 0
        while lacking := self._sound(manifest.lacking(epoch)):
            codes: dict[str, FileEntry] = {}
            age = UploadAge()
            for segment in next_chunk(lacking, chunk_features):
                progress("encode", encoded + len(codes), encoded + len(lacking))
                codes[segment.id] = self._encode(segment, codebook, manifest.dimensions)

            def change(newest: Manifest, codes: dict[str, FileEntry] = codes, age: UploadAge = age) -> Manifest | None:
                # What was uploaded too long ago may be collected by now: it is encoded again.
                return None if age.too_old else with_codes(newest, book, codes)

            done = commit_change(self._store, change, self._writer)
            manifest = done.manifest
            encoded += len(codes)
            commits += done.changed
            if manifest.codebooks.get(epoch) != book:
                raise EpochError(f"epoch {epoch} was discarded meanwhile")
        progress("encode", encoded, encoded)
        return TrainReport(epoch, manifest.number, trained, encoded, commits)

    def _train(self, manifest: Manifest) -> tuple[Codebook, float]:
        """The codebook, and its quantization error over descriptors that it was not trained on."""
        features = sum(segment.features for segment in self._sound(manifest.segments))
        lists = lists_for(features)
        sample = self._sample(manifest, min(features, max(lists * SAMPLE_PER_LIST, 1 << 16), LARGEST_SAMPLE))
        shuffled = np.random.default_rng(manifest.number).permutation(len(sample))
        seen = max(lists, round(len(sample) * (1 - HELD_OUT_SHARE)))
        codebook = train_codebook(sample[np.sort(shuffled[:seen])], lists, manifest.next_epoch)
        unseen = sample[shuffled[seen:]]
        error = codebook.error(unseen, codebook.encode(unseen)[1])
        log.info("trained epoch=%d lists=%d sample=%d error=%.1f", codebook.epoch, lists, seen, error)
        return codebook, error

    def _encode(self, entry: SegmentEntry, codebook: Codebook, dimensions: int) -> FileEntry:
        return put_encoding(
            self._store, entry.id, encode_descriptors(codebook, self._open(entry, dimensions).descriptors)
        )

    def _codebook(self, book: CodebookEntry, dimensions: int) -> Codebook:
        return Codebook.open(self._files.resolve(book.file).read_bytes(), book, dimensions)

    def _open(self, entry: SegmentEntry, dimensions: int) -> Segment:
        table = CoverTable(self._files.resolve(entry.covers_file))
        return Segment(table, self._files.resolve(entry.points_file), dimensions)

    def _sample(self, manifest: Manifest, size: int) -> NDArray[np.uint8]:
        """`size` descriptors drawn evenly from all segments; the shipped sample tops up an index too small to train on alone."""
        generator = np.random.default_rng(manifest.number)
        segments = self._sound(manifest.segments)
        total = max(1, sum(segment.features for segment in segments))
        parts = []
        for entry in segments:
            wanted = min(entry.features, -(-size * entry.features // total))
            rows = np.sort(generator.choice(entry.features, wanted, replace=False))
            parts.append(np.asarray(self._open(entry, manifest.dimensions).descriptors[rows]))
        drawn = sum(len(part) for part in parts)
        if drawn < 1 << 13:
            parts.append(feature_model_of(manifest, self._files.resolve).reduce(bootstrap_sample()))
        return np.concatenate(parts)

    def _sound(self, segments: Sequence[SegmentEntry]) -> tuple[SegmentEntry, ...]:
        return tuple(segment for segment in segments if segment.id not in self._without)
