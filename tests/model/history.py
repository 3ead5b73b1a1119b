"""The model: what every manifest must hold, followed change by change as the stores are written to. Knows nothing of how it is done."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from safetensors.numpy import load

from tests.model.invariants import Invariant, Violation, require
from tests.model.store import MemoryStore, Observer
from vinymatic.index.layout import BOUNDARIES, MANIFESTS, boundary_number, manifest_key, manifest_number
from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry


@dataclass(frozen=True)
class Record:
    """One manifest. `contents`: id → ETag of its live covers. `by`: who made it. `lost`: nobody ever reads it."""

    manifest: Manifest
    contents: Mapping[str, str]
    files: Mapping[str, FileEntry]
    by: str

    @property
    def number(self) -> int:
        return self.manifest.number


# Says of a new manifest and the one before it what is wrong, or nothing.
Judge = Callable[["Record | None", Record], str | None]


@dataclass
class Maker:
    """Whoever writes at the moment: what it may do to the contents, and the manifests it `made` that count. `once`: at most one of them."""

    name: str
    judge: Judge
    restores: bool = False
    once: bool = True
    made: list[int] = field(default_factory=list)


class History(Observer):
    """The index as the model sees it: watches `store`. `maker`: whose call it is."""

    def __init__(self, store: MemoryStore, maker: Callable[[], Maker]) -> None:
        self.store = store
        self.records: dict[int, Record] = {}
        self.newest = 0
        self.boundary = 0
        self.pinned: dict[str, int] = {}
        self._codebooks: dict[int, str] = {}
        self._maker = maker
        store.observer = self

    @property
    def record(self) -> Record | None:
        return self.records.get(self.newest)

    def live(self) -> Iterator[Record]:
        """What must stay readable: above the boundary, or pinned."""
        kept = set(self.pinned.values())
        return (record for number, record in self.records.items() if number > self.boundary or number in kept)

    def since(self, number: int) -> Iterator[Record]:
        return (record for n, record in self.records.items() if n >= number)

    def pin(self, name: str, number: int) -> None:
        """Somebody was told that manifest `number` will stay."""
        self.pinned[name] = number
        record = self.records.get(number)
        require(record, Invariant.KEPT, f"manifest {number} was pinned, which never was")
        assert record is not None
        require(self.store.peek(manifest_key(number)), Invariant.KEPT, f"pinned manifest {number} is gone")
        self.require_files(self.store, record.files.values(), f"pinned manifest {number}")

    def deleting(self, key: str) -> None:
        if key.startswith(MANIFESTS):
            number = manifest_number(key)
            gone = number <= self.boundary and number not in self.pinned.values()
            require(gone, Invariant.KEPT, f"manifest {number} is deleted; boundary {self.boundary}")
        elif key.startswith(BOUNDARIES):
            require(boundary_number(key) < self.boundary, Invariant.KEPT, "the highest boundary is deleted")
        else:
            for record in self.live():
                require(key not in record.files, Invariant.KEPT, f"{key} is deleted; manifest {record.number} names it")

    def wrote(self, key: str, data: bytes) -> None:
        if key.startswith(MANIFESTS):
            self._created(manifest_number(key), data)
        elif key.startswith(BOUNDARIES):
            self.boundary = max(self.boundary, boundary_number(key))
            require(self.boundary < self.newest, Invariant.KEPT, f"the boundary {self.boundary} reaches the newest")
        else:
            for record in self.live():
                if key in record.files:
                    self.require_files(self.store, [record.files[key]], f"manifest {record.number}, after a write,")

    def verify(self) -> None:
        """Every live manifest again, from the bytes that lie there."""
        for record in self.live():
            data = self.store.peek(manifest_key(record.number))
            require(data == record.manifest.to_json(), Invariant.KEPT, f"manifest {record.number} differs or is gone")
            self.require_files(self.store, record.files.values(), f"manifest {record.number}")

    def _created(self, number: int, data: bytes) -> None:
        if number <= self.boundary:
            return  # by one that stalled: it looks at the boundary and finds that this counts for nothing
        maker, before = self._maker(), self.record
        record = make_record(self.store, Manifest.from_json(data), maker.name)
        require(record.number == number, Invariant.NUMBERS, f"{number} says that it is {record.number}")
        expected = number > self.newest if maker.restores else number == self.newest + 1
        require(expected, Invariant.NUMBERS, f"{maker.name} made {number} after {self.newest}")
        wrong = maker.judge(before, record)
        require(wrong is None, Invariant.CONTENTS, f"manifest {number} by {maker.name}: {wrong}")
        # The first is the empty index, which whoever finds none makes on its way.
        again = [made for made in maker.made if made > max(1, self.boundary)]
        require(
            not (again and maker.once), Invariant.ONCE, f"{maker.name} made manifest {number} for what is in {again}"
        )
        old = {} if before is None else before.files
        fresh = [file for key, file in record.files.items() if old.get(key) != file]
        self.require_files(self.store, fresh, f"manifest {number} by {maker.name}")
        self._check_epochs(record)
        maker.made.append(number)
        self.records[number], self.newest = record, number

    @staticmethod
    def require_files(store: MemoryStore, files: Iterable[FileEntry], whose: str) -> None:
        """Each of `files` is in `store`, with its bytes."""
        for file in files:
            data = store.peek(file.key)
            require(data is not None, Invariant.WHOLE, f"{whose} names {file.key}, which is not there")
            assert data is not None
            good = len(data) == file.size and _sha256(data) == file.sha256
            require(good, Invariant.WHOLE, f"{whose} names {file.key}, whose bytes are others")

    def _check_epochs(self, record: Record) -> None:
        manifest = record.manifest
        for epoch, book in manifest.codebooks.items():
            known = self._codebooks.setdefault(epoch, book.file.sha256)
            require(known == book.file.sha256, Invariant.EPOCHS, f"epoch {epoch} means two codebooks")
        whole = [epoch for epoch in (manifest.active_epoch, manifest.previous_epoch) if epoch is not None]
        require_encoded(record, manifest.segments, whole)


def require_encoded(record: Record, segments: Iterable[SegmentEntry], epochs: Collection[int]) -> None:
    for segment in segments:
        lacking = set(epochs) - segment.codes.keys()
        told = f"manifest {record.number} by {record.by}: segment {segment.id} has no encoding of {lacking}"
        require(not lacking, Invariant.ENCODED, told)


def make_record(store: MemoryStore, manifest: Manifest, by: str) -> Record:
    """Raises `Violation` when a cover table is missing or an id is live twice."""
    contents: dict[str, str] = {}
    for segment in manifest.segments:
        for cover_id, etag in _live(store, segment):
            require(cover_id not in contents, Invariant.UNIQUE, f"manifest {manifest.number} holds {cover_id} twice")
            contents[cover_id] = etag
    return Record(manifest, contents, {file.key: file for file in manifest.files()}, by)


def _live(store: MemoryStore, segment: SegmentEntry) -> Iterator[tuple[str, str]]:
    data = store.peek(segment.covers_file.key)
    if data is None or _sha256(data) != segment.covers_file.sha256:
        raise Violation(Invariant.WHOLE, f"{segment.covers_file.key} is named, but is not there or has other bytes")
    dead = set(segment.tombstones)
    return (row for place, row in enumerate(_rows(data)) if place not in dead)


@lru_cache(maxsize=8192)
def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@lru_cache(maxsize=8192)
def _rows(data: bytes) -> tuple[tuple[str, str], ...]:
    """(id, ETag) of every place of a cover table."""
    arrays = load(data)

    def texts(name: str) -> list[str]:
        whole, ends = arrays[f"{name}s"].tobytes(), arrays[f"{name}_ends"].tolist()
        return [whole[a:b].decode() for a, b in zip([0, *ends], ends, strict=False)]

    assert arrays["size"].dtype == np.uint64
    return tuple(zip(texts("id"), texts("etag"), strict=True))
