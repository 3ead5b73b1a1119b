"""Several segments' live covers as one segment: everything is moved, nothing is extracted or encoded again.

Covers keep their order, features are renumbered from 0. Large arrays go from map to file in pieces, so memory holds the cover tables and
one epoch's codes, never the descriptors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.encoding import Encoding
from vinymatic.index.segment import POINTS_KIND, THUMBNAIL_SIDE, VERSION, Segment, dump_cover_table
from vinymatic.index.tensors import Array, write_arrays


@dataclass(frozen=True)
class Source:
    """A segment whose live covers are moved. `added_in`: its manifest, for covers that carry none of their own."""

    segment: Segment
    tombstones: tuple[int, ...]
    added_in: int

    @cached_property
    def live(self) -> NDArray[np.int64]:
        """int64 [n]: places of the live covers, ascending."""
        return np.flatnonzero(self._alive)

    @cached_property
    def counts(self) -> NDArray[np.int64]:
        """int64 [n]: features of each live cover."""
        return np.asarray(np.diff(self.segment.table.first)[self.live])

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """Places from … to (exclusive) of live covers that lie side by side."""
        edges = np.flatnonzero(np.diff(np.concatenate([[0], self._alive, [0]]).astype(np.int8)))
        return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]

    @property
    def added(self) -> NDArray[np.uint64]:
        """uint64 [n]: the manifest that made each live cover searchable."""
        own = self.segment.table.added_in
        return np.full(len(self.live), self.added_in, np.uint64) if own is None else own[self.live]

    @cached_property
    def _alive(self) -> NDArray[np.bool_]:
        alive = np.ones(len(self.segment.table), np.bool_)
        alive[list(self.tombstones)] = False
        return alive

    def feature_numbers(self, start: int) -> NDArray[np.int64]:
        """int64 [features]: each feature's number where the first live one is `start`; −1 where its cover is dead."""
        alive = np.repeat(self._alive, np.diff(self.segment.table.first))
        return np.where(alive, np.cumsum(alive) - 1 + start, -1)


def merge_cover_tables(sources: Sequence[Source]) -> bytes:
    """The `features.covers` of the merged segment, each cover with the manifest that made it searchable."""
    tables = [(source, source.segment.table) for source in sources]
    return dump_cover_table(
        [table.ids[place] for source, table in tables for place in source.live],
        [table.etags[place] for source, table in tables for place in source.live],
        size=np.concatenate([table.size[source.live] for source, table in tables]),
        shape=np.concatenate([table.shape[source.live] for source, table in tables]),
        box=np.concatenate([table.box[source.live] for source, table in tables]),
        feature_ends=np.cumsum(np.concatenate([source.counts for source in sources]), dtype=np.uint64),
        added_in=np.concatenate([source.added for source in sources]),
    )


def merge_points(path: Path, sources: Sequence[Source], dimensions: int) -> int:
    """Writes the `features.points` of the merged segment to `path`; how many features it has."""
    covers, features = sum(len(source.live) for source in sources), sum(int(source.counts.sum()) for source in sources)
    shapes = {
        "points": (np.uint16, (features, 4)),
        "descriptors": (np.uint8, (features, dimensions)),
        "thumbnails": (np.uint8, (covers, THUMBNAIL_SIDE, THUMBNAIL_SIDE)),
    }

    def rows(name: str) -> Iterator[Array]:
        for source in sources:
            segment, first = source.segment, source.segment.table.first
            for begin, end in source.runs:
                if name == "thumbnails":
                    yield segment.thumbnails[begin:end]
                else:
                    array = segment.packed_points if name == "points" else segment.descriptors
                    yield array[int(first[begin]) : int(first[end])]

    write_arrays(path, shapes, rows, kind=POINTS_KIND, version=VERSION)
    return features


def merge_encodings(epoch: int, parts: Iterable[tuple[Source, Encoding]]) -> Encoding:
    """The merged segment's encoding: what encoding its descriptors under this epoch would give, without doing so.

    `parts`: each source with its encoding, one at a time, at least one.
    """
    lists, features, codes, start = [], [], [], 0
    for source, encoding in parts:
        numbers = source.feature_numbers(start)[encoding.features]
        kept = numbers >= 0
        lists.append(encoding.lists[kept])
        features.append(numbers[kept].astype(np.uint32))
        codes.append(encoding.codes[kept])
        start += int(source.counts.sum())
    all_lists = np.concatenate(lists)
    # Stable: features of one list stay in their order, as a fresh encoding has them.
    order = np.argsort(all_lists, kind="stable")
    return Encoding.of(epoch, all_lists[order], np.concatenate(features)[order], np.concatenate(codes)[order])
