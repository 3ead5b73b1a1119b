"""The first commit: an empty index with the shipped codebook."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import partial

from vinymatic.features.extract import RAW_DIMENSIONS
from vinymatic.index.bootstrap import FIRST_EPOCH, first_codebook, first_feature_model
from vinymatic.index.codebook import Codebook
from vinymatic.index.feature_model_file import dump_feature_model
from vinymatic.index.layout import codebook_key, feature_model_key
from vinymatic.index.manifest import CodebookEntry, Manifest
from vinymatic.lifecycle.commit import commit, stamp
from vinymatic.lifecycle.files import put_by_content
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class FirstFiles:
    """What an index begins with. `model`: None for 128 dimensions."""

    model: bytes | None
    codebook: Codebook


def first_files(dimensions: int) -> FirstFiles:
    """Always the same on one machine; another may train bytes that differ."""
    model = first_feature_model(dimensions)
    packed = None if dimensions == RAW_DIMENSIONS else dump_feature_model(model)
    return FirstFiles(packed, first_codebook(model))


def first_commit(store: ObjectStore, dimensions: int, writer: str) -> Manifest:
    """Makes an empty index; the manifest of whoever was first when several try. Its files are the same from everyone."""
    files = first_files(dimensions)
    codebook = files.codebook
    model_file = None if files.model is None else put_by_content(store, feature_model_key, files.model)
    # By content: two machines may train bytes that differ, and both may try to be first.
    book_file = put_by_content(store, partial(codebook_key, FIRST_EPOCH), codebook.to_bytes())
    entry = CodebookEntry(epoch=FIRST_EPOCH, file=book_file, lists=codebook.lists, trained_covers=0)

    def propose(newest: Manifest | None) -> Manifest | None:
        if newest is not None:
            return None
        first = {
            "number": 1,
            "dimensions": dimensions,
            "index_id": uuid.uuid4().hex,
            "feature_model": model_file,
            "active_epoch": FIRST_EPOCH,
            "codebooks": {FIRST_EPOCH: entry},
        }
        return Manifest.model_validate(first | stamp(writer))

    return commit(store, propose).manifest
