"""Which covers a manifest holds and where: id → segment and place. What a writer needs to replace and to delete."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vinymatic.index.manifest import Manifest, SegmentEntry
from vinymatic.index.segment import CoverTable
from vinymatic.index.snapshot import CoverEntry, cover_entry
from vinymatic.lifecycle.files import FileCache


@dataclass(frozen=True, slots=True)
class _Place:
    segment: str
    place: int


class Catalogue:
    """Follows manifests by their differences; holds the cover tables, never the features."""

    def __init__(self, files: FileCache) -> None:
        self._files = files
        self._tables: dict[str, CoverTable] = {}
        self._segments: dict[str, SegmentEntry] = {}
        self._places: dict[str, _Place] = {}

    def __contains__(self, cover_id: str) -> bool:
        return cover_id in self._places

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        """The ids, in no order."""
        return iter(self._places)

    def etag(self, cover_id: str) -> str | None:
        found = self._places.get(cover_id)
        return None if found is None else self._tables[found.segment].etags[found.place]

    def entry(self, cover_id: str) -> CoverEntry | None:
        found = self._places.get(cover_id)
        if found is None:
            return None
        return cover_entry(self._tables[found.segment], found.place, self._segments[found.segment])

    def follow(self, manifest: Manifest) -> None:
        """Takes `manifest`. Raises `CorruptFileError` and `StorageError` when a cover table cannot be had; nothing has changed then."""
        wanted = {entry.id: entry for entry in manifest.segments}
        fresh = {
            name: CoverTable(self._files.resolve(entry.covers_file))
            for name, entry in wanted.items()
            if name not in self._tables
        }
        for name, before in self._segments.items():
            after = wanted.get(name)
            if after is None:
                self._forget(name, range(before.covers))
            elif after.tombstones != before.tombstones:
                self._forget(name, set(after.tombstones) - set(before.tombstones))
        self._tables = {name: fresh.get(name) or self._tables[name] for name in wanted}
        # Additions last: a replaced cover's old place is forgotten before its new one is noted.
        for name, entry in wanted.items():
            before_dead = set(self._segments[name].tombstones) if name in self._segments else None
            if before_dead is None or before_dead - set(entry.tombstones):
                self._note(name, set(entry.tombstones))
        self._segments = wanted

    def without(self, ids: Iterable[str]) -> tuple[SegmentEntry, ...]:
        """The segments with the covers of these ids tombstoned; a segment with none left is dropped."""
        dead: dict[str, set[int]] = {}
        for cover_id in ids:
            found = self._places.get(cover_id)
            if found is not None:
                dead.setdefault(found.segment, set()).add(found.place)
        segments = []
        for name, entry in self._segments.items():
            if name in dead:
                entry = entry.model_copy(update={"tombstones": tuple(sorted(dead[name].union(entry.tombstones)))})
            if entry.live > 0:
                segments.append(entry)
        return tuple(segments)

    def _note(self, segment: str, dead: set[int]) -> None:
        for place, cover_id in enumerate(self._tables[segment].ids):
            if place not in dead:
                self._places[cover_id] = _Place(segment, place)

    def _forget(self, segment: str, places: Iterable[int]) -> None:
        ids = self._tables[segment].ids
        for place in places:
            found = self._places.get(ids[place])
            if found is not None and found.segment == segment and found.place == place:
                del self._places[ids[place]]
