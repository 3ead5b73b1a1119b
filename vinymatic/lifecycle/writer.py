"""The writer: commits batches of covers. Idempotent, so that a message delivered twice changes nothing.

Order of the steps, each of which may be the last one done before a crash: upload the segment and its encodings; create the manifest.
Files without a manifest are orphans that nobody reads; a manifest never names a file that is not there.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from vinymatic.errors import IndexMismatchError, NoIndexError
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import encode_descriptors, quantization_error
from vinymatic.index.feature_model_file import feature_model_of
from vinymatic.index.layout import covers_key, points_key
from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import PreparedCover, build_segment
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.catalogue import Catalogue
from vinymatic.lifecycle.commit import commit, following, read_newest
from vinymatic.lifecycle.files import FileCache, put_encoding, put_file
from vinymatic.lifecycle.first import first_commit
from vinymatic.lifecycle.ulid import new_ulid
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class Batch:
    """`upserts`: covers to add or replace, each id once. `deletes`: ids to remove; those that are not there are no error.

    `seen`: id → the ETag that the index held (None: it held none) when the object was looked at. An id whose ETag has become another
    since is left out of the commit, for the look is older than what the index holds. An id without an entry is not checked; one that
    the batch does not change is only checked.
    """

    upserts: Sequence[PreparedCover] = ()
    deletes: Sequence[str] = ()
    seen: Mapping[str, str | None] = field(default_factory=dict)


@dataclass(frozen=True)
class CommitReport:
    """`number`: the manifest that holds the batch. `unchanged`: covers that were there already with this ETag.

    `conflicts`: rounds that others won. `stale`: ids that were left out, for others have committed them since they were looked at.
    """

    number: int
    added: int
    replaced: int
    deleted: int
    unchanged: int
    conflicts: int
    stale: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Encoded:
    """`error`: the mean squared quantization error."""

    file: FileEntry
    error: float


@dataclass
class _Upload:
    """A segment on its way: uploaded, in no manifest yet. Encodings are added when a rebase meets another epoch.

    `encodings`: by the codebook's file, for after a restore an epoch's number may mean another codebook.
    """

    id: str
    covers: Sequence[PreparedCover]
    features: int
    covers_file: FileEntry
    points_file: FileEntry
    age: UploadAge
    encodings: dict[FileEntry, _Encoded] = field(default_factory=dict)


class Writer:
    """One index, as a writer sees it. Not thread-safe: one thread commits. `writer` names it in the manifests."""

    def __init__(self, store: ObjectStore, work: Path, spec: FeatureSpec, *, writer: str) -> None:
        self._store = store
        self._spec = spec
        self._name = writer
        self._files = FileCache(store, work)
        self._catalogue = Catalogue(self._files)
        self._codebooks: dict[FileEntry, Codebook] = {}
        self._manifest: Manifest | None = None
        self.model = FeatureModel()

    @property
    def manifest(self) -> Manifest:
        """The newest manifest known. Raises `NoIndexError` before `open`."""
        if self._manifest is None:
            raise NoIndexError("the writer is not open")
        return self._manifest

    @property
    def number(self) -> int:
        return self.manifest.number

    @property
    def images_since_training(self) -> int:
        return self.manifest.images_since_training

    def open(self) -> None:
        """Reads the index, or makes it where none is. Raises `IndexMismatchError` when it has other SIFT_DIMENSIONS."""
        newest = read_newest(self._store) or first_commit(self._store, self._spec.dimensions, self._name)
        if newest.dimensions != self._spec.dimensions:
            raise IndexMismatchError(
                f"the index in {self._store.url} has SIFT_DIMENSIONS={newest.dimensions}, this process {self._spec.dimensions}"
            )
        self.model = feature_model_of(newest, self._files.resolve)
        self._adopt(newest)

    def refresh(self) -> None:
        """Takes what other writers have committed."""
        newest = read_newest(self._store)
        if newest is None:
            raise NoIndexError(f"{self._store.url} has lost its manifests")
        self._adopt(newest)

    def entry(self, cover_id: str) -> CoverEntry | None:
        """What the newest known manifest holds under this id."""
        return self._catalogue.entry(cover_id)

    def ids(self) -> list[str]:
        """The ids of the newest known manifest's covers, in no order."""
        return list(self._catalogue)

    def commit(self, batch: Batch) -> CommitReport:
        """Commits the batch as one manifest, or none when it changes nothing.

        Raises `ValueError` when an id occurs twice, `ContentionError`, `StorageError`. After an error the same batch may be
        committed again.
        """
        ids = [cover.id for cover in batch.upserts] + list(batch.deletes)
        if len(set(ids)) != len(ids):
            raise ValueError("an id occurs twice in the batch")
        self.refresh()
        accepted = _accepted(batch)
        stale = self._stale(accepted)
        fresh = [c for c in batch.upserts if c.id not in stale and self._catalogue.etag(c.id) != c.etag]
        uploaded = {cover.id for cover in fresh}
        # What is not uploaded cannot be committed: unless it is there already it has to be looked at again.
        accepted |= {c.id: {c.etag} for c in batch.upserts if c.id in accepted and c.id not in uploaded}
        upload = self._upload(fresh) if fresh else None
        counts = {"replaced": 0, "deleted": 0}

        def propose(newest: Manifest | None) -> Manifest | None:
            nonlocal upload, stale
            if newest is None:
                raise NoIndexError(f"{self._store.url} has lost its manifests")
            self._adopt(newest)
            stale = self._stale(accepted)
            deletes = [cover_id for cover_id in batch.deletes if cover_id not in stale]
            counts["replaced"] = sum(cover.id in self._catalogue for cover in fresh if cover.id not in stale)
            counts["deleted"] = sum(cover_id in self._catalogue for cover_id in deletes)
            if uploaded <= stale:
                return self._next(newest, None, (), deletes) if counts["deleted"] else None
            if upload is None or upload.age.too_old:
                upload = self._upload(fresh)  # what was uploaded may be collected by now
            return self._next(newest, upload, stale, deletes)

        done = commit(self._store, propose)
        self._adopt(done.manifest)
        return CommitReport(
            number=done.manifest.number,
            added=len(uploaded - stale) - counts["replaced"],
            replaced=counts["replaced"],
            deleted=counts["deleted"],
            unchanged=sum(cover.id not in uploaded | stale for cover in batch.upserts),
            conflicts=done.conflicts,
            stale=tuple(cover_id for cover_id in accepted if cover_id in stale),
        )

    def _stale(self, accepted: Mapping[str, Container[str | None]]) -> set[str]:
        """The ids under which the newest known manifest holds an ETag that is not accepted."""
        return {cover_id for cover_id, etags in accepted.items() if self._catalogue.etag(cover_id) not in etags}

    def _next(
        self, newest: Manifest, upload: _Upload | None, stale: Container[str], deletes: Sequence[str]
    ) -> Manifest:
        """The manifest after `newest` that holds the upload without its stale covers and has the replaced and deleted ones tombstoned."""
        covers = upload.covers if upload else ()
        dead = tuple(place for place, cover in enumerate(covers) if cover.id in stale)
        gone = [*deletes, *(cover.id for cover in covers if cover.id not in stale)]
        segments = self._catalogue.without(gone)
        added, fresh = 0, newest.fresh
        if upload is not None:
            self._encode(upload, newest)
            added = len(covers) - len(dead)
            encodings = {epoch: upload.encodings[newest.codebooks[epoch].file] for epoch in newest.written_epochs}
            fresh = fresh.plus(upload.features, encodings[newest.active_epoch].error)
            entry = SegmentEntry(
                id=upload.id,
                covers=len(covers),
                features=upload.features,
                added_in=newest.number + 1,
                covers_file=upload.covers_file,
                points_file=upload.points_file,
                codes={epoch: encoded.file for epoch, encoded in encodings.items()},
                tombstones=dead,
            )
            segments = (*segments, entry)
        ingested = newest.images_ingested + added
        changed = newest.model_copy(update={"segments": segments, "images_ingested": ingested, "fresh": fresh})
        return following(newest, changed, self._name)

    def _upload(self, covers: Sequence[PreparedCover]) -> _Upload:
        # Before the first file: the upload itself may be what stalls.
        name, age = new_ulid(), UploadAge()
        files = build_segment(covers)
        upload = _Upload(
            id=name,
            covers=covers,
            features=files.features,
            covers_file=put_file(self._store, covers_key(name), files.covers),
            points_file=put_file(self._store, points_key(name), files.points),
            age=age,
        )
        self._encode(upload, self.manifest)
        return upload

    def _encode(self, upload: _Upload, manifest: Manifest) -> None:
        """Adds the encodings that `manifest` asks for: a retraining may have come between upload and commit."""
        for epoch in manifest.written_epochs:
            book = manifest.codebooks[epoch].file
            if book in upload.encodings:
                continue
            codebook = self._codebook(manifest, epoch)
            descriptors = np.concatenate([cover.features.descriptors for cover in upload.covers])
            encoding = encode_descriptors(codebook, descriptors)
            file = put_encoding(self._store, upload.id, encoding)
            upload.encodings[book] = _Encoded(file, quantization_error(codebook, encoding, descriptors))

    def _codebook(self, manifest: Manifest, epoch: int) -> Codebook:
        entry = manifest.codebooks[epoch]
        if entry.file not in self._codebooks:
            data = self._files.resolve(entry.file).read_bytes()
            self._codebooks[entry.file] = Codebook.open(data, entry, manifest.dimensions)
        return self._codebooks[entry.file]

    def _adopt(self, manifest: Manifest) -> None:
        self._catalogue.follow(manifest)
        self._manifest = manifest
        kept = {book.file for book in manifest.codebooks.values()}
        self._codebooks = {file: codebook for file, codebook in self._codebooks.items() if file in kept}


def _accepted(batch: Batch) -> dict[str, set[str | None]]:
    """The ETags that the index may hold under the ids that were seen: what was seen, and what the batch makes of it."""
    after: dict[str, str | None] = {cover.id: cover.etag for cover in batch.upserts} | dict.fromkeys(batch.deletes)
    return {cover_id: {etag, after.get(cover_id, etag)} for cover_id, etag in batch.seen.items()}
