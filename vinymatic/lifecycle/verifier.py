"""Looks at what one manifest names: is every file there, is it what the manifest says, does it open with the code that serves it?

One file is looked at at a time, a second time before it is called damaged (a read may be wrong once), and parsed only when its sha256 is
right.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import CorruptFileError, ObjectNotFoundError
from vinymatic.features.extract import RAW_DIMENSIONS
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import open_encoding
from vinymatic.index.feature_model_file import open_feature_model
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import read_manifest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.findings import Finding, Kind, Part
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore

T = TypeVar("T")
_LOOKS = 2


@dataclass(frozen=True)
class _Fault:
    kind: Kind
    message: str


class Verifier:
    """Looks at one manifest after the other; what was looked at once is remembered, until `forget_faults`."""

    def __init__(self, store: ObjectStore, work: Path) -> None:
        self._store = store
        self._work = work
        self._seen: dict[Hashable, tuple[Finding, ...]] = {}
        self._books: dict[CodebookEntry, Codebook] = {}
        # uint64 [covers]: a hash of each id, by the cover table; the ids themselves would fill the memory.
        self._ids: dict[FileEntry, NDArray[np.uint64]] = {}

    def read(self, number: int) -> tuple[Manifest | None, list[Finding]]:
        """Manifest `number`, or None and why not. Raises `UnsupportedFormatError`, `StorageError`."""
        fault = _Fault(Kind.MISSING, "it is not there any more")
        for _ in range(_LOOKS):
            try:
                return read_manifest(self._store, number), []
            except ObjectNotFoundError:
                break
            except CorruptFileError as error:
                fault = _Fault(Kind.DAMAGED, str(error))
        return None, [Finding(fault.kind, Part.MANIFEST, fault.message, number, manifest_key(number))]

    def check(self, manifest: Manifest, progress: Progress = no_progress) -> list[Finding]:
        """What there is to say of its files. Raises `UnsupportedFormatError`, `StorageError`."""
        found = [*self._look_at_model(manifest)]
        for book in manifest.codebooks.values():
            found += self._once(book, partial(self._look_at_codebook, book, manifest.dimensions))
        books = {epoch: self._books.get(book) for epoch, book in manifest.codebooks.items()}
        for done, segment in enumerate(manifest.segments):
            progress("verify", done, len(manifest.segments))
            truth = (segment.covers_file, segment.points_file, segment.covers, segment.features)
            found += self._once(truth, partial(self._look_at_truth, segment, manifest.dimensions))
            for epoch, file in segment.codes.items():
                codebook = books.get(epoch)
                fits = (file, codebook and manifest.codebooks[epoch], segment.features)
                found += self._once(fits, partial(self._look_at_codes, segment, epoch, codebook))
        progress("verify", len(manifest.segments), len(manifest.segments))
        found += _not_encoded(manifest)
        found += self._repeated(manifest)
        return [replace(finding, manifest=manifest.number) for finding in found]

    def forget_faults(self) -> None:
        """What had a fault is looked at again the next time."""
        self._seen = {unit: found for unit, found in self._seen.items() if not found}

    def _once(self, unit: Hashable, look: Callable[[], Iterable[Finding]]) -> tuple[Finding, ...]:
        if unit not in self._seen:
            self._seen[unit] = tuple(look())
        return self._seen[unit]

    def _look_at_model(self, manifest: Manifest) -> Iterable[Finding]:
        file, dimensions = manifest.feature_model, manifest.dimensions
        if file is not None:

            def look() -> Iterator[Finding]:
                opened = self._open(file, lambda path: open_feature_model(path, dimensions))
                if isinstance(opened, _Fault):
                    yield _finding(opened, Part.FEATURE_MODEL, file)

            return self._once(file, look)
        if dimensions < RAW_DIMENSIONS:
            what = f"it has {dimensions} dimensions and names no feature model"
            return [Finding(Kind.UNFIT, Part.MANIFEST, what, key=manifest_key(manifest.number))]
        return []

    def _look_at_codebook(self, book: CodebookEntry, dimensions: int) -> Iterator[Finding]:
        opened = self._open(book.file, partial(_codebook, book, dimensions))
        if isinstance(opened, _Fault):
            yield _finding(opened, Part.CODEBOOK, book.file, epoch=book.epoch)
        else:
            self._books[book] = opened

    def _look_at_truth(self, segment: SegmentEntry, dimensions: int) -> Iterator[Finding]:
        table = self._open(segment.covers_file, partial(_table, segment))
        if isinstance(table, _Fault):
            yield _finding(table, Part.COVERS, segment.covers_file, segment.id)
            points = self._open(segment.points_file, lambda _: None)  # what it must fit is not known
        else:
            self._ids[segment.covers_file] = _hashes(table)
            fitting = table
            points = self._open(segment.points_file, lambda path: _opens(Segment(fitting, path, dimensions)))
        if isinstance(points, _Fault):
            yield _finding(points, Part.POINTS, segment.points_file, segment.id)

    def _look_at_codes(self, segment: SegmentEntry, epoch: int, codebook: Codebook | None) -> Iterator[Finding]:
        file = segment.codes[epoch]
        opened = self._open(file, partial(_codes, codebook, segment.features))
        if isinstance(opened, _Fault):
            yield _finding(opened, Part.CODES, file, segment.id, epoch)

    def _open(self, file: FileEntry, parse: Callable[[Path], T]) -> T | _Fault:
        """What `parse` makes of the file, whose bytes are proven by then; it must keep no map of it, for the file is deleted."""
        self._work.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=self._work, prefix="verify-") as folder:
            for _ in range(_LOOKS):
                try:
                    path = FileCache(self._store, Path(folder)).resolve(file)
                except ObjectNotFoundError:
                    return _Fault(Kind.MISSING, "it is not there")
                except CorruptFileError:
                    continue
                try:
                    return parse(path)
                except CorruptFileError as error:
                    return _Fault(Kind.UNFIT, str(error))
        return _Fault(Kind.DAMAGED, "its bytes are not those of the manifest")

    def _repeated(self, manifest: Manifest) -> Iterator[Finding]:
        """Every place but the last of an id that is live more than once."""
        segments = [segment for segment in manifest.segments if segment.covers_file in self._ids]
        alive = [np.delete(self._ids[s.covers_file], list(s.tombstones)) for s in segments]
        if not alive:
            return
        hashes, counts = np.unique(np.concatenate(alive), return_counts=True)
        twice = hashes[counts > 1]
        last: dict[str, Finding] = {}
        for segment in segments if len(twice) else ():
            suspects = np.flatnonzero(np.isin(self._ids[segment.covers_file], twice)).tolist()
            places = [place for place in suspects if place not in segment.tombstones]
            table = self._open(segment.covers_file, CoverTable) if places else None
            if table is None or isinstance(table, _Fault):
                continue
            for place in places:
                cover_id = table.ids[place]
                if cover_id in last:
                    yield last[cover_id]
                what = f"{cover_id!r} is live here, and again in a later place"
                key = segment.covers_file.key
                last[cover_id] = Finding(Kind.REPEATED, Part.COVERS, what, key=key, segment=segment.id, place=place)


def _finding(
    fault: _Fault, part: Part, file: FileEntry, segment: str | None = None, epoch: int | None = None
) -> Finding:
    return Finding(fault.kind, part, fault.message, key=file.key, segment=segment, epoch=epoch)


def _not_encoded(manifest: Manifest) -> Iterator[Finding]:
    for epoch in manifest.written_epochs:
        lacking = manifest.lacking(epoch)
        if epoch == manifest.candidate_epoch:
            if lacking:
                what = f"{len(lacking)} of {len(manifest.segments)} segments are not encoded under the candidate, epoch {epoch}, yet"
                yield Finding(Kind.IN_PROGRESS, Part.CODES, f"{what}; `vinymatic train` goes on with it", epoch=epoch)
            continue
        for segment in lacking:
            what = f"segment {segment.id} has no encoding of epoch {epoch}"
            yield Finding(Kind.NOT_ENCODED, Part.CODES, what, segment=segment.id, epoch=epoch)


def _codebook(book: CodebookEntry, dimensions: int, path: Path) -> Codebook:
    codebook = Codebook.open(path.read_bytes(), book, dimensions)
    if codebook.lists != book.lists:
        raise CorruptFileError(f"it has {codebook.lists} lists, and the manifest says {book.lists}")
    return codebook


def _table(segment: SegmentEntry, path: Path) -> CoverTable:
    table = CoverTable(path)
    if (len(table), table.features) != (segment.covers, segment.features):
        raise CorruptFileError(
            f"it has {len(table)} covers with {table.features} features, and the manifest says {segment.covers} with {segment.features}"
        )
    return table


def _opens(segment: Segment) -> None:
    """Opening it is all."""


def _codes(codebook: Codebook | None, features: int, path: Path) -> None:
    """Without the codebook the bytes alone are proven."""
    if codebook is None:
        return
    encoding = open_encoding(path, codebook, features)
    if np.any(np.bincount(encoding.features, minlength=features) != 1):
        raise CorruptFileError(f"{path.name}: it does not hold each feature once")


def _hashes(table: CoverTable) -> NDArray[np.uint64]:
    digests = b"".join(hashlib.blake2b(i.encode("utf-8"), digest_size=8).digest() for i in table.ids)
    return np.frombuffer(digests, np.uint64)
