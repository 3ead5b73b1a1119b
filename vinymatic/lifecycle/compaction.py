"""Compaction: many small segments become one, tombstoned covers leave. One group at a time, each a commit of its own.

Killed anywhere, it leaves orphans and no change; what others commit meanwhile stays. docs/adr/0003-compaction-and-collection.md.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import ContentionError, NoIndexError
from vinymatic.index.codebook import Codebook
from vinymatic.index.encoding import dump_encoding, open_encoding
from vinymatic.index.layout import codes_key, covers_key, points_key
from vinymatic.index.manifest import FileEntry, Manifest, SegmentEntry
from vinymatic.index.merge import Source, merge_cover_tables, merge_encodings, merge_points
from vinymatic.index.segment import CoverTable, Segment
from vinymatic.lifecycle.commit import commit, following, require_newest
from vinymatic.lifecycle.compaction_plan import CompactionPolicy, plan_compaction
from vinymatic.lifecycle.files import FileCache, put_anew, put_file, sha256_of
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.ulid import new_ulid
from vinymatic.lifecycle.uploads import UploadAge
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

_MOST_DROPPED = 12


@dataclass(frozen=True)
class CompactionReport:
    """`number`: the newest manifest afterwards. `merged`: segments that went, into `made` new ones (none where all covers had died).

    `dropped_covers`: dead ones left behind. `written_bytes`: of the new segments' truth.
    """

    number: int
    merged: int
    made: int
    dropped_covers: int
    written_bytes: int


def compact(
    store: ObjectStore,
    work: Path,
    *,
    policy: CompactionPolicy | None = None,
    progress: Progress = no_progress,
    writer: str = "compact",
) -> CompactionReport:
    """Does what `plan_compaction` says until it says nothing.

    `work`: a folder for fetched files; at most one group and what comes of it lie there. `progress` is told of the step `compact`.
    Raises `NoIndexError`, `CorruptFileError` (a source is damaged; nothing of its group is committed), `StorageError`, `ContentionError`.
    """
    policy = policy or CompactionPolicy()
    work.mkdir(parents=True, exist_ok=True)
    merged = made = dead = written = done = dropped = 0
    while True:
        manifest = require_newest(store)
        groups = plan_compaction(manifest.segments, policy)
        progress("compact", done, done + len(groups))
        if not groups:
            return CompactionReport(manifest.number, merged, made, dead, written)
        with TemporaryDirectory(dir=work, prefix="compaction-") as folder:
            merge = Merge(store, Path(folder), manifest, groups[0], writer)
            merge.upload()
            committed = commit(store, merge.propose)
        if committed.changed:
            done += 1
            merged += len(groups[0])
            made += any(segment.id == merge.id for segment in committed.manifest.segments)
            dead += sum(len(entry.tombstones) for entry in merge.sources)
            written += merge.written
            continue
        log.info("the segments of a group have changed under its merge; planning anew")
        dropped += 1
        if dropped == _MOST_DROPPED:
            raise ContentionError(f"others changed the segments of {dropped} merges under way")


class Merge:
    """One group on its way: made and uploaded once, proposed as often as others win a round."""

    def __init__(self, store: ObjectStore, folder: Path, manifest: Manifest, group: Sequence[str], writer: str) -> None:
        self.id = new_ulid()
        self.sources = [segment for segment in manifest.segments if segment.id in set(group)]
        self.written = 0
        self._store = store
        self._folder = folder
        self._files = FileCache(store, folder / "files")
        self._writer = writer
        self._dimensions = manifest.dimensions
        self._opened = [self._open(entry) for entry in self.sources]
        self._codes: dict[tuple[FileEntry, ...], FileEntry] = {}
        self._manifest = manifest
        self._age = UploadAge()

    def upload(self) -> None:
        """Makes and uploads the merged segment and the codes that the manifest asks for."""
        path = self._folder / "points"
        self._features = merge_points(path, self._opened, self._dimensions)
        key = points_key(self.id)
        self._store.upload(key, path)
        self._points_file = FileEntry(key=key, size=path.stat().st_size, sha256=sha256_of(path))
        path.unlink()
        self._covers_file = put_file(self._store, covers_key(self.id), merge_cover_tables(self._opened))
        self.written = self._points_file.size + self._covers_file.size
        self._move_codes(self._manifest, self.sources)

    def propose(self, newest: Manifest | None) -> Manifest | None:
        """`newest` with the merged segment where the first of its sources stands; None when they are not what was merged any more."""
        if newest is None:
            raise NoIndexError(f"{self._store.url} has lost its manifests")
        present = {segment.id: segment for segment in newest.segments}
        now = [present[entry.id] for entry in self.sources if entry.id in present]
        if len(now) < len(self.sources) or self._age.too_old:
            return None
        # A restore may bring a cover back to life that the merge has left behind.
        if any(set(old.tombstones) - set(new.tombstones) for old, new in zip(self.sources, now, strict=True)):
            return None
        codes = self._move_codes(newest, now)
        tombstones = self._tombstones(now)
        entry = (
            SegmentEntry(
                id=self.id,
                covers=sum(len(source.live) for source in self._opened),
                features=self._features,
                added_in=newest.number + 1,
                covers_file=self._covers_file,
                points_file=self._points_file,
                codes=codes,
                tombstones=tombstones,
            )
            if any(segment.live for segment in now)
            else None
        )
        gone = {segment.id for segment in now}
        segments: list[SegmentEntry] = []
        for segment in newest.segments:
            if segment.id not in gone:
                segments.append(segment)
            elif segment.id == self.sources[0].id and entry is not None:
                segments.append(entry)
        return following(newest, newest.model_copy(update={"segments": tuple(segments)}), self._writer)

    def _tombstones(self, now: Sequence[SegmentEntry]) -> tuple[int, ...]:
        """Places in the merged segment of covers that died since it was made."""
        dead: list[int] = []
        start = 0
        for source, segment in zip(self._opened, now, strict=True):
            died = set(segment.tombstones) - set(source.tombstones)
            dead += [start + place for place, old in enumerate(source.live.tolist()) if old in died]
            start += len(source.live)
        return tuple(dead)

    def _move_codes(self, manifest: Manifest, entries: Sequence[SegmentEntry]) -> dict[int, FileEntry]:
        """The merged segment's codes, of every epoch of `manifest` that all sources have; each moved once."""
        codes = {}
        for epoch, book in manifest.codebooks.items():
            if not all(epoch in entry.codes for entry in entries):
                continue
            files = tuple(entry.codes[epoch] for entry in entries)
            if files not in self._codes:
                data = self._files.resolve(book.file).read_bytes()
                codebook = Codebook.open(data, book, self._dimensions)
                parts = (
                    (source, open_encoding(self._files.resolve(file), codebook, source.segment.table.features))
                    for source, file in zip(self._opened, files, strict=True)
                )
                moved = dump_encoding(merge_encodings(epoch, parts))
                self._codes[files] = put_anew(self._store, partial(codes_key, self.id, epoch), moved)
            codes[epoch] = self._codes[files]
        return codes

    def _open(self, entry: SegmentEntry) -> Source:
        table = CoverTable(self._files.resolve(entry.covers_file))
        segment = Segment(table, self._files.resolve(entry.points_file), self._dimensions)
        return Source(segment, entry.tombstones, entry.added_in)
