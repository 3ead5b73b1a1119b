"""A snapshot: what a reader holds. One manifest's segments, opened and merged for one epoch.

Immutable, so threads share it without locks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice, takewhile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import CorruptFileError, CoverNotFoundError
from vinymatic.features.model import FeatureModel
from vinymatic.features.types import Features
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import open_encoding
from vinymatic.index.feature_model_file import feature_model_of
from vinymatic.index.inverted import Neighbours, Partition, merge_neighbours
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable, Segment

# The small partition is merged into the base when it holds more than this share of it: until then an append rebuilds only the small one.
LARGEST_TAIL_SHARE = 0.25


@dataclass(frozen=True)
class CoverEntry:
    """What the index knows of a cover. `manifest`: the commit that made it searchable; `segment`: where its features lie."""

    id: str
    etag: str
    size: int
    width: int
    height: int
    features: int
    manifest: int
    segment: str


def cover_entry(table: CoverTable, place: int, segment: SegmentEntry) -> CoverEntry:
    width, height = (int(side) for side in table.shape[place])
    return CoverEntry(
        id=table.ids[place],
        etag=table.etags[place],
        size=int(table.size[place]),
        width=width,
        height=height,
        features=int(table.first[place + 1] - table.first[place]),
        manifest=segment.added_in if table.added_in is None else int(table.added_in[place]),
        segment=segment.id,
    )


def split_partitions(before: Sequence[str], segments: Sequence[str], sizes: Sequence[int]) -> list[int]:
    """Where the partitions of `segments` end, given that one over the segments `before` exists: one base, or that base and a tail.

    `sizes`: features of each of `segments`.
    """
    if not segments:
        return []
    kept = len(before)
    if kept == 0 or kept >= len(segments) or list(segments[:kept]) != list(before):
        return [len(segments)]
    if sum(sizes[kept:]) > LARGEST_TAIL_SHARE * sum(sizes[:kept]):
        return [len(segments)]
    return [kept, len(segments)]


class Snapshot:
    """Open with `open_snapshot`. Covers are numbered from 0 over the segments in the manifest's order, dead ones included."""

    def __init__(
        self,
        manifest: Manifest,
        codebook: Codebook,
        model: FeatureModel,
        segments: Sequence[Segment],
        partitions: Sequence[tuple[tuple[str, ...], Partition]],
    ) -> None:
        self.manifest = manifest
        self.number = manifest.number
        self.epoch = codebook.epoch
        self.codebook = codebook
        self.model = model
        self.segments = tuple(segments)
        self.partitions = tuple(partitions)
        covers = [len(segment.table) for segment in segments]
        self._first_cover: list[int] = [0, *np.cumsum(covers, dtype=np.int64).tolist()]
        ends = np.cumsum([0, *(partition.covers for _, partition in partitions)])
        self._partition_starts: list[int] = ends[:-1].tolist()
        self._dead = self._dead_covers()
        self._live = sum(entry.live for entry in manifest.segments)

    @property
    def book(self) -> CodebookEntry:
        """The codebook as the manifest describes it."""
        return self.manifest.codebooks[self.epoch]

    def __len__(self) -> int:
        """Live covers."""
        return self._live

    def __contains__(self, cover_id: str) -> bool:
        return self._find(cover_id) is not None

    def cover(self, cover_id: str) -> CoverEntry:
        """Raises `CoverNotFoundError`."""
        return self._entry(self.number_of(cover_id))

    def number_of(self, cover_id: str) -> int:
        """The number of a live cover. Raises `CoverNotFoundError`."""
        number = self._find(cover_id)
        if number is None:
            raise CoverNotFoundError(f"{cover_id!r} is not in the catalogue")
        return number

    def list_covers(self, start_after: str = "", limit: int = 100, prefix: str = "") -> list[CoverEntry]:
        """Live covers in the order of their ids, after `start_after`, whose ids start with `prefix`."""
        first = max(start_after, prefix)
        ordered = merge(*(self._from(segment, first) for segment in range(len(self.segments))))
        page = takewhile(lambda found: found[0].startswith(prefix), (f for f in ordered if f[0] > start_after))
        return [self._entry(number) for _, number in islice(page, limit)]

    def cover_id(self, number: int) -> str:
        segment, place = self._place(number)
        return self.segments[segment].table.ids[place]

    def features_of(self, number: int) -> Features:
        """The stored features of cover `number`, read from local disk."""
        segment, place = self._place(number)
        return self.segments[segment].features_of(place)

    def thumbnail_of(self, number: int) -> NDArray[np.uint8]:
        segment, place = self._place(number)
        return self.segments[segment].thumbnail_of(place)

    def box_of(self, number: int) -> tuple[int, int]:
        """Width and height of the box in which cover `number` was described."""
        segment, place = self._place(number)
        return self.segments[segment].box_of(place)

    def neighbours(self, descriptors: NDArray[np.uint8], probes: int, count: int) -> Neighbours:
        """The `count` nearest live features of each descriptor in its `probes` nearest lists."""
        vectors = self.codebook.vectors(descriptors)
        coarse, lists = self.codebook.assign(vectors, probes)
        found = [
            partition.search(vectors, lists, coarse, count, dead)
            for (_, partition), dead in zip(self.partitions, self._dead, strict=True)
        ]
        if not found:
            shape = (len(vectors), count)
            return Neighbours(np.full(shape, np.inf, np.float32), np.full(shape, -1, np.int64))
        return merge_neighbours(found, self._partition_starts)

    def _entry(self, number: int) -> CoverEntry:
        segment, place = self._place(number)
        return cover_entry(self.segments[segment].table, place, self.manifest.segments[segment])

    def _place(self, number: int) -> tuple[int, int]:
        segment = bisect_right(self._first_cover, number) - 1
        return segment, number - self._first_cover[segment]

    def _find(self, cover_id: str) -> int | None:
        for number, segment in enumerate(self.segments):
            for place in segment.table.ids.places(cover_id):
                if not self._is_dead(number, place):
                    return self._first_cover[number] + place
        return None

    def _from(self, segment: int, first: str) -> Iterator[tuple[str, int]]:
        """Ids of a segment's live covers that are not before `first`, in their order, with the covers' numbers."""
        ids = self.segments[segment].table.ids
        for place in ids.order[ids.rank(first) :]:
            if not self._is_dead(segment, int(place)):
                yield ids[int(place)], self._first_cover[segment] + int(place)

    def _is_dead(self, segment: int, place: int) -> bool:
        dead = self.manifest.segments[segment].tombstones
        at = bisect_left(dead, place)
        return at < len(dead) and dead[at] == place

    def _dead_covers(self) -> list[NDArray[np.bool_] | None]:
        """For each partition, whether each of its covers is dead; None where none is."""
        entries = {entry.id: entry for entry in self.manifest.segments}
        found: list[NDArray[np.bool_] | None] = []
        for names, partition in self.partitions:
            dead, start = np.zeros(partition.covers, np.bool_), 0
            for name in names:
                dead[[start + place for place in entries[name].tombstones]] = True
                start += entries[name].covers
            found.append(dead if dead.any() else None)
        return found


def served_epoch(manifest: Manifest, wanted: int | None = None) -> int:
    """The epoch that `manifest` is opened under: `wanted` while it is written and every segment has its encoding, else the active one."""
    if wanted is None or wanted not in manifest.written_epochs or manifest.lacking(wanted):
        return manifest.active_epoch
    return wanted


def open_snapshot(
    manifest: Manifest,
    resolve: Callable[[FileEntry], Path],
    previous: Snapshot | None = None,
    *,
    epoch: int | None = None,
) -> Snapshot:
    """Opens `manifest` from local files whose sha256 `resolve` has checked; shares with `previous` whatever stays the same.

    `epoch`: see `served_epoch`; no file of another epoch is asked for. Raises `CorruptFileError`, `UnsupportedFormatError`, and what
    `resolve` raises.
    """
    book = manifest.codebooks[served_epoch(manifest, epoch)]
    if lacking := manifest.lacking(book.epoch):
        raise CorruptFileError(f"segment {lacking[0].id} has no encoding for epoch {book.epoch}")
    # Not the epoch's number: after a restore, or in an index made anew, it may stand for another codebook.
    same_codebook = previous is not None and previous.book == book
    if previous is not None and same_codebook:
        codebook = previous.codebook
    else:
        codebook = Codebook.open(resolve(book.file).read_bytes(), book, manifest.dimensions)
    model = feature_model_of(manifest, resolve)
    opened = (
        {}
        if previous is None
        else dict(zip((s.id for s in previous.manifest.segments), previous.segments, strict=True))
    )
    segments = [
        opened.get(entry.id) or _open_segment(entry, resolve, manifest.dimensions) for entry in manifest.segments
    ]

    known = dict(previous.partitions) if previous is not None and same_codebook else {}
    base = previous.partitions[0][0] if previous is not None and known else ()
    names = [entry.id for entry in manifest.segments]
    ends = split_partitions(base, names, [entry.features for entry in manifest.segments])
    partitions: list[tuple[tuple[str, ...], Partition]] = []
    for begin, end in zip([0, *ends], ends, strict=False):
        key = tuple(names[begin:end])
        partitions.append(
            (key, known.get(key) or _merge(manifest.segments[begin:end], segments[begin:end], resolve, codebook))
        )
    return Snapshot(manifest, codebook, model, segments, partitions)


def _open_segment(entry: SegmentEntry, resolve: Callable[[FileEntry], Path], dimensions: int) -> Segment:
    table = CoverTable(resolve(entry.covers_file))
    if len(table) != entry.covers or table.features != entry.features:
        raise CorruptFileError(f"segment {entry.id}: its cover table is not the one that the manifest describes")
    return Segment(table, resolve(entry.points_file), dimensions)


def _merge(
    entries: Sequence[SegmentEntry],
    segments: Sequence[Segment],
    resolve: Callable[[FileEntry], Path],
    codebook: Codebook,
) -> Partition:
    encodings = [open_encoding(resolve(entry.codes[codebook.epoch]), codebook, entry.features) for entry in entries]
    return Partition(codebook, encodings, [segment.table.first for segment in segments])
