"""Training: a new codebook from the index's own covers, every segment encoded under it, then one commit that makes it active.

Ingestors and readers go on under the old epoch meanwhile. Covers that were committed after the training began are encoded before the
switch; a switch that finds a segment without its encoding encodes it and tries again. Killed anywhere, it leaves orphans and no change.
"""

from __future__ import annotations

import logging
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import IndexMismatchError, NoIndexError
from vinymatic.features.model import FeatureModel
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import Codebook, lists_for, train_codebook
from vinymatic.index.feature_model_file import open_feature_model
from vinymatic.index.layout import codebook_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import commit, read_newest, stamp
from vinymatic.lifecycle.files import FileCache, put_by_content, put_encoding
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

SAMPLE_PER_LIST = 40
# Enough for 65,536 lists; holds 340 MB at 128 dimensions.
LARGEST_SAMPLE = 65_536 * SAMPLE_PER_LIST


def train(
    store: ObjectStore,
    work: Path,
    *,
    dimensions: int | None = None,
    progress: Progress = no_progress,
    writer: str = "train",
) -> int:
    """Trains the next epoch on the covers of the newest manifest and makes it active; its number.

    `work`: a folder for fetched files. `dimensions`: what the caller takes SIFT_DIMENSIONS to be.
    `progress` is told of the steps `train` and `encode`.
    Raises `NoIndexError`, `IndexMismatchError`, `CorruptFileError`, `StorageError`, `ContentionError`.
    """
    manifest = read_newest(store)
    if manifest is None:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    if dimensions not in (None, manifest.dimensions):
        raise IndexMismatchError(
            f"the index in {store.url} has SIFT_DIMENSIONS={manifest.dimensions}, this process {dimensions}"
        )
    work.mkdir(parents=True, exist_ok=True)
    # A folder of its own, gone afterwards: a training reads every descriptor, which is more than a writer's disk should keep.
    with TemporaryDirectory(dir=work, prefix="training-") as folder:
        trainer = _Trainer(store, FileCache(store, Path(folder)), manifest)
        progress("train", 0, 1)
        codebook, entry = trainer.train()
        progress("train", 1, 1)
        trainer.encode_all(manifest.segments, codebook, progress)

        def propose(newest: Manifest | None) -> Manifest | None:
            assert newest is not None
            trainer.encode_all(newest.segments, codebook, progress)
            return activated(newest, entry, trainer.codes, images_at_training=manifest.images_ingested, writer=writer)

        return commit(store, propose).manifest.active_epoch


def activated(
    newest: Manifest, entry: CodebookEntry, codes: dict[str, FileEntry], *, images_at_training: int, writer: str
) -> Manifest:
    """`newest` with `entry` active. The epoch that was active stays beside it, so that going back is one commit; older ones are dropped."""
    kept = {newest.active_epoch, entry.epoch}
    segments = tuple(
        segment.model_copy(
            update={"codes": {e: f for e, f in segment.codes.items() if e in kept} | {entry.epoch: codes[segment.id]}}
        )
        for segment in newest.segments
    )
    return newest.model_copy(
        update={
            "number": newest.number + 1,
            "active_epoch": entry.epoch,
            "codebooks": {newest.active_epoch: newest.active_codebook, entry.epoch: entry},
            "segments": segments,
            "images_at_training": images_at_training,
        }
        | stamp(writer)
    )


class _Trainer:
    """The work of one training: what it has encoded so far survives a lost commit round."""

    def __init__(self, store: ObjectStore, files: FileCache, manifest: Manifest) -> None:
        self._store = store
        self._files = files
        self._manifest = manifest
        self.codes: dict[str, FileEntry] = {}

    def train(self) -> tuple[Codebook, CodebookEntry]:
        manifest = self._manifest
        features = sum(segment.features for segment in manifest.segments)
        lists = lists_for(features)
        sample = self._sample(min(features, max(lists * SAMPLE_PER_LIST, 1 << 16), LARGEST_SAMPLE))
        epoch = max(manifest.codebooks) + 1
        codebook = train_codebook(sample, lists, epoch)
        file = put_by_content(self._store, partial(codebook_key, epoch), codebook.to_bytes())
        log.info("trained epoch=%d lists=%d sample=%d", epoch, lists, len(sample))
        return codebook, CodebookEntry(epoch=epoch, file=file, lists=lists, trained_covers=manifest.covers)

    def encode_all(
        self,
        segments: tuple[SegmentEntry, ...],
        codebook: Codebook,
        progress: Progress,
    ) -> None:
        missing = [segment for segment in segments if segment.id not in self.codes]
        for done, segment in enumerate(missing):
            progress("encode", done, len(missing))
            descriptors = self._open(segment).descriptors
            self.codes[segment.id] = put_encoding(self._store, segment.id, codebook, descriptors)
        progress("encode", len(missing), len(missing))

    def _open(self, entry: SegmentEntry) -> Segment:
        table = CoverTable(self._files.resolve(entry.covers_file))
        return Segment(table, self._files.resolve(entry.points_file), self._manifest.dimensions)

    def _sample(self, size: int) -> NDArray[np.uint8]:
        """`size` descriptors drawn evenly from all segments; the shipped sample tops up an index too small to train on alone."""
        generator = np.random.default_rng(self._manifest.number)
        total = max(1, sum(segment.features for segment in self._manifest.segments))
        parts = []
        for entry in self._manifest.segments:
            wanted = min(entry.features, -(-size * entry.features // total))
            rows = np.sort(generator.choice(entry.features, wanted, replace=False))
            parts.append(np.asarray(self._open(entry).descriptors[rows]))
        drawn = sum(len(part) for part in parts)
        if drawn < 1 << 13:
            parts.append(self._model().reduce(bootstrap_sample()))
        return np.concatenate(parts)

    def _model(self) -> FeatureModel:
        file = self._manifest.feature_model
        return (
            FeatureModel() if file is None else open_feature_model(self._files.resolve(file), self._manifest.dimensions)
        )
