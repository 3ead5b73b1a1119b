"""What a repair makes again and uploads, before one commit names it: encodings from features, covers from scans."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from vinymatic.errors import NoIndexError
from vinymatic.features.model import FeatureModel
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import dump_encoding, encode_descriptors
from vinymatic.index.feature_model_file import feature_model_of
from vinymatic.index.layout import codes_key, covers_key, points_key
from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, PreparedCover, Segment, build_segment
from vinymatic.lifecycle.bucket import read_object
from vinymatic.lifecycle.bulk import BATCH, Refused, outcomes
from vinymatic.lifecycle.commit import following
from vinymatic.lifecycle.copying import fresh_keys
from vinymatic.lifecycle.files import FileCache, put_encoding, put_file
from vinymatic.lifecycle.inventory import Listed
from vinymatic.lifecycle.mending import Change, Replacement, mended
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.repair_means import Sources, live_ids
from vinymatic.lifecycle.ulid import new_ulid
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore


class RepairUploads:
    """What a repair uploads for manifest `seen`, and the commit that names it. `work`: a folder, where one segment lies at a time."""

    def __init__(self, store: ObjectStore, work: Path, seen: Manifest, change: Change, writer: str) -> None:
        self._store = store
        self._work = work
        self._seen = seen
        self._writer = writer
        self._age = UploadAge()
        self._codebooks: dict[int, Codebook] = {}
        self.change = change

    @property
    def has_change(self) -> bool:
        """Whether there is something to commit: encodings that came out as they were are back in place without."""
        return self.change != Change(self._seen.active_epoch)

    @property
    def _epochs(self) -> list[int]:
        """The epochs that are written afterwards."""
        return [epoch for epoch in self._seen.written_epochs if epoch not in self.change.lost_epochs]

    def encode(self, segment_id: str, epochs: Collection[int]) -> None:
        """Makes the segment's encodings of these epochs again; one that comes out as it was is put back in its place."""
        segment = self._segment(segment_id)
        with self._files() as files:
            table = CoverTable(files.resolve(segment.covers_file))
            descriptors = Segment(table, files.resolve(segment.points_file), self._seen.dimensions).descriptors
            codes = dict(self.change.codes)
            for epoch in epochs:
                data = dump_encoding(encode_descriptors(self._codebook(epoch), descriptors))
                digest, was = hashlib.sha256(data).hexdigest(), segment.codes.get(epoch)
                if was is not None and was.sha256 == digest:
                    put_file(self._store, was.key, data)
                    continue
                # Under a key that nobody has used: what lies under another one may be about to be collected.
                file = FileEntry(key=codes_key(segment_id, epoch, digest), size=len(data), sha256=digest)
                codes[segment_id, epoch] = put_file(self._store, fresh_keys([file], (), new_ulid())[file.key], data)
        self.change = replace(self.change, codes=codes)

    def fetch(self, segment_id: str, sources: Sources, *, drop_lost: bool) -> dict[str, str]:
        """Makes the live covers of a segment again from their scans.

        Returns those that cannot be made, and why; without `drop_lost` the segment then stays as it is.
        """
        segment = self._segment(segment_id)
        with self._files() as files:
            ids = live_ids(CoverTable(files.resolve(segment.covers_file)), segment.tombstones)
            model = feature_model_of(self._seen, files.resolve)
        made: list[Replacement] = []
        refused: dict[str, str] = {}
        with closing(self._prepared(ids, sources, model, refused)) as prepared:
            while batch := list(islice(prepared, BATCH)):
                if drop_lost or not refused:  # else the rest is looked at only to say all that is lost
                    entry = self._upload([cover for _, cover in batch])
                    made.append(Replacement(entry, tuple(place for place, _ in batch)))
        if drop_lost or not refused:
            self.change = replace(self.change, replaced={**self.change.replaced, segment_id: tuple(made)})
        return refused

    def propose(self, newest: Manifest | None) -> Manifest | None:
        if newest is None:
            raise NoIndexError(f"{self._store.url} has lost its manifests")
        if self._age.too_old:
            return None  # what was uploaded may be collected by now
        changed = mended(newest, self._seen, self.change)
        return None if changed is None else following(newest, changed, self._writer)

    def _upload(self, covers: Sequence[PreparedCover]) -> SegmentEntry:
        """A segment of these covers with its encodings. `added_in` is the commit's to say."""
        name = new_ulid()
        files = build_segment(covers)
        descriptors = np.concatenate([cover.features.descriptors for cover in covers])
        return SegmentEntry(
            id=name,
            covers=len(covers),
            features=files.features,
            added_in=1,
            covers_file=put_file(self._store, covers_key(name), files.covers),
            points_file=put_file(self._store, points_key(name), files.points),
            codes={
                epoch: put_encoding(self._store, name, encode_descriptors(self._codebook(epoch), descriptors))
                for epoch in self._epochs
            },
        )

    def _prepared(
        self, ids: Sequence[tuple[int, str]], sources: Sources, model: FeatureModel, refused: dict[str, str]
    ) -> Generator[tuple[int, PreparedCover], None, None]:
        """Each cover that its scan gives, with its place; the others go into `refused`."""
        assert sources.scans is not None
        read = partial(read_object, store=sources.scans, spec=sources.spec, model=model, limits=sources.limits)
        items = [Listed(cover_id) for _, cover_id in ids]
        with closing(outcomes(items, {}, read, Patience())) as found:
            for (place, cover_id), outcome in zip(ids, found, strict=True):
                match outcome:
                    case PreparedCover():
                        yield place, outcome
                    case Refused():
                        refused[cover_id] = f"its scan is refused: {outcome.error.message}"
                    case _:
                        refused[cover_id] = f"its scan is not in {sources.scans.url}"

    def _segment(self, segment_id: str) -> SegmentEntry:
        return next(segment for segment in self._seen.segments if segment.id == segment_id)

    def _codebook(self, epoch: int) -> Codebook:
        if epoch not in self._codebooks:
            with self._files() as files:
                book = self._seen.codebooks[epoch]
                data = files.resolve(book.file).read_bytes()
            self._codebooks[epoch] = Codebook.open(data, book, self._seen.dimensions)
        return self._codebooks[epoch]

    @contextmanager
    def _files(self) -> Iterator[FileCache]:
        """Fetched files, gone after the block."""
        with TemporaryDirectory(dir=self._work, prefix="repair-") as folder:
            yield FileCache(self._store, Path(folder))
