"""Training: a new codebook from the index's own covers becomes the candidate, and the older segments are encoded under it.

Readers go on under the active epoch; ingestors write both encodings from the candidate's commit on. Killed anywhere, the next run goes on
where this one stopped. What becomes of the candidate is decided by `gate` and `promotion`.
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

from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import Codebook, lists_for, train_codebook
from vinymatic.index.feature_model_file import feature_model_of
from vinymatic.index.layout import codebook_key
from vinymatic.index.manifest import CodebookEntry, Manifest, SegmentEntry
from vinymatic.lifecycle.commit import commit_change, require_newest
from vinymatic.lifecycle.encode import CHUNK_FEATURES, Encoder, open_segment, require_dimensions
from vinymatic.lifecycle.epochs import with_candidate
from vinymatic.lifecycle.files import FileCache, put_anew
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

SAMPLE_PER_LIST = 40
# Enough for 65,536 lists; holds 340 MB at 128 dimensions.
LARGEST_SAMPLE = 65_536 * SAMPLE_PER_LIST
# Of the sample, what the training does not see: by it the quantization error is measured.
HELD_OUT_SHARE = 0.05


@dataclass(frozen=True)
class TrainReport:
    """`epoch`: the candidate. `trained`: whether this run made it, or went on with one that was there.

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
    encode: bool = True,
    progress: Progress = no_progress,
    writer: str = "train",
) -> TrainReport:
    """Makes the next epoch the candidate, or goes on with the candidate that is there, until every segment is encoded under it.

    `work`: a folder for fetched files. `dimensions`: what the caller takes SIFT_DIMENSIONS to be. `without`: segments to pass over, for
    they are damaged. `encode`: False leaves the encoding to `encode.encode`, which several may do at once.
    `progress` is told of the steps `train` and `encode`.
    Raises `NoIndexError`, `IndexMismatchError`, `EpochError` (the candidate was discarded meanwhile), `CorruptFileError`, `StorageError`,
    `ContentionError`.
    """
    manifest = require_newest(store)
    require_dimensions(manifest, dimensions, store)
    work.mkdir(parents=True, exist_ok=True)
    # A folder of its own, gone afterwards: a training reads every descriptor, which is more than a writer's disk should keep.
    with TemporaryDirectory(dir=work, prefix="training-") as folder:
        files, left_out = FileCache(store, Path(folder)), frozenset(without)
        trained = manifest.candidate_epoch is None
        if trained:
            progress("train", 0, 1)
            manifest = _Trainer(store, files, left_out, writer).commit_candidate(manifest)
            progress("train", 1, 1)
        assert manifest.candidate_epoch is not None
        epoch = manifest.candidate_epoch
        if not encode:
            return TrainReport(epoch, manifest.number, trained, 0, 0)
        encoder = Encoder(store, files, writer, chunk_features)
        done = encoder.encode(manifest, epoch, lambda segment: segment.id not in left_out, progress)
        return TrainReport(epoch, done.manifest.number, trained, done.segments, done.commits)


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

    def _sample(self, manifest: Manifest, size: int) -> NDArray[np.uint8]:
        """`size` descriptors drawn evenly from all segments; the shipped sample tops up an index too small to train on alone."""
        generator = np.random.default_rng(manifest.number)
        segments = self._sound(manifest.segments)
        total = max(1, sum(segment.features for segment in segments))
        parts = []
        for entry in segments:
            wanted = min(entry.features, -(-size * entry.features // total))
            rows = np.sort(generator.choice(entry.features, wanted, replace=False))
            parts.append(np.asarray(open_segment(self._files, entry, manifest.dimensions).descriptors[rows]))
        drawn = sum(len(part) for part in parts)
        if drawn < 1 << 13:
            parts.append(feature_model_of(manifest, self._files.resolve).reduce(bootstrap_sample()))
        return np.concatenate(parts)

    def _sound(self, segments: Sequence[SegmentEntry]) -> tuple[SegmentEntry, ...]:
        return tuple(segment for segment in segments if segment.id not in self._without)
