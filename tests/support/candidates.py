"""Candidates that no training would make, on real indexes: a codebook of one's own choice, and encodings that lie."""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.codebook import Codebook, train_codebook
from vinymatic.index.encoding import encode_descriptors
from vinymatic.index.layout import codebook_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import commit, following
from vinymatic.lifecycle.epochs import with_candidate, with_codes
from vinymatic.lifecycle.files import put_anew, put_encoding
from vinymatic.storage.port import ObjectStore


def useless_codebook(epoch: int, lists: int = 16) -> Codebook:
    """Trained on what no descriptor looks like: to it all descriptors are much the same."""
    sample = np.random.default_rng(1).integers(250, 256, (2_048, 128)).astype(np.uint8)
    return train_codebook(sample, lists, epoch)


def commit_candidate(store: ObjectStore, codebook: Codebook) -> Manifest:
    """Makes `codebook`, whose epoch must be the next, the candidate, and encodes every segment under it."""
    entry = CodebookEntry(
        epoch=codebook.epoch,
        file=put_anew(store, partial(codebook_key, codebook.epoch), codebook.to_bytes()),
        lists=codebook.lists,
        trained_covers=0,
    )

    def propose(newest: Manifest | None) -> Manifest:
        assert newest is not None
        codes = {
            segment.id: put_encoding(store, segment.id, encode_descriptors(codebook, descriptors_of(store, segment)))
            for segment in newest.segments
        }
        begun = with_candidate(newest, entry, images=0, covers=0, trained_at="2026-01-01T00:00:00+00:00")
        return following(newest, with_codes(begun, entry, codes) or begun, "test")

    return commit(store, propose).manifest


def blind(store: ObjectStore, epoch: int, segments: Collection[str]) -> None:
    """These segments' encodings under `epoch` become those of what no photo shows: their covers cannot be found under it."""

    def propose(newest: Manifest | None) -> Manifest:
        assert newest is not None
        data, _ = store.get(newest.codebooks[epoch].file.key)
        codebook = Codebook.from_bytes(data, epoch, newest.dimensions)

        def nonsense(segment: SegmentEntry) -> FileEntry:
            rows = descriptors_of(store, segment)
            return put_encoding(store, segment.id, encode_descriptors(codebook, np.full_like(rows, 255)))

        changed = tuple(
            segment.model_copy(update={"codes": {**segment.codes, epoch: nonsense(segment)}})
            if segment.id in segments
            else segment
            for segment in newest.segments
        )
        return following(newest, newest.model_copy(update={"segments": changed}), "test")

    commit(store, propose)


def descriptors_of(store: ObjectStore, segment: SegmentEntry) -> NDArray[np.uint8]:
    """All descriptors of a segment of a local store."""
    covers, points = store.local_path(segment.covers_file.key), store.local_path(segment.points_file.key)
    assert covers is not None
    assert points is not None
    return np.asarray(Segment(CoverTable(covers), points, 128).descriptors)
