"""Indexes of any size in minutes: what a large one costs can be measured long before so many covers could be described.

Real scans are described as ever. So are some thousand made-up covers; each further segment is one of these again, with other ids and with
two of its codes' bytes exchanged for those of a neighbour in the list, so that no code lies there twice. Under `LINKED_FROM` covers its
descriptors are written anew, as a start checks every byte; beyond that they are links to one file, for the disk's sake.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import faiss
import numpy as np

from bench.catalogue import Source, code_digest, cover_spec, described
from bench.covers import CoverMaker
from bench.tables import say
from vinymatic.index.codebook import Codebook, lists_for, train_codebook
from vinymatic.index.encoding import Encoding, encode_descriptors
from vinymatic.index.layout import codebook_key, covers_key, points_key
from vinymatic.index.manifest import CodebookEntry, FileEntry, Manifest, SegmentEntry
from vinymatic.index.segment import PreparedCover, build_segment, dump_cover_table
from vinymatic.lifecycle.commit import commit, stamp
from vinymatic.lifecycle.files import put_by_content, put_encoding, put_file
from vinymatic.lifecycle.ulid import new_ulid
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

LINKED_FROM = 200_000
EPOCH = 1
# Descriptors a list to train with: fewer than a real training takes, for these lists need no more than to be as many.
_SAMPLE_PER_LIST = 8


@dataclass(frozen=True)
class Plan:
    """`chunks`: how many segments of `chunk` covers come after the scans."""

    scans: int
    chunk: int
    chunks: int

    @property
    def covers(self) -> int:
        return self.scans + self.chunk * self.chunks


def plan(covers: int, scans: int, distinct: int) -> Plan:
    """`covers` covers or a few less, of which `distinct` made-up ones at most have descriptors of their own."""
    scans = min(scans, covers)
    rest = covers - scans
    if rest == 0:
        return Plan(scans, 0, 0)
    chunks = -(-rest // distinct)
    return Plan(scans, rest // chunks, chunks)


class Base:
    """What all sizes are made of: the scans' segment and one of made-up covers, described once."""

    def __init__(self, sources: Sequence[Source], distinct: int, processes: int) -> None:
        self.name = hashlib.sha256(
            repr((code_digest(), [source.id for source in sources], distinct)).encode()
        ).hexdigest()
        self.processes = processes
        self._sources, self._distinct = sources, distinct
        self._scans: list[PreparedCover] = []
        self._made: list[PreparedCover] = []
        self._books: dict[int, Codebook] = {}

    def _describe(self) -> None:
        if not self._scans:
            say(f"describing {len(self._sources):,} covers and making {self._distinct:,} up")
            self._scans = described(self._sources, self.processes)
            self._made = CoverMaker(1).make(self._distinct)

    def index(self, folder: Path, covers: int) -> tuple[Path, Plan]:
        """An index of about so many covers; taken from `folder` where it was built before."""
        wanted = plan(covers, len(self._sources), self._distinct)
        place = folder / f"scaled-{wanted.covers}-{self.name[:12]}"
        if place.exists():
            say(f"{wanted.covers:,} covers as they were built before")
            return place, wanted
        self._describe()
        say(f"building an index of {wanted.covers:,} covers")
        building = folder / f"{place.name}.building"
        shutil.rmtree(building, ignore_errors=True)
        building.mkdir(parents=True)
        faiss.omp_set_num_threads(self.processes)
        self._build(building / "index", wanted)
        faiss.omp_set_num_threads(1)
        building.rename(place)
        return place, wanted

    def _codebook(self, covers: int) -> Codebook:
        lists = lists_for(covers * cover_spec().num_features)
        if lists not in self._books:
            say(f"training {lists:,} lists")
            sample = np.concatenate([cover.features.descriptors for cover in (*self._scans, *self._made)])
            most = lists * _SAMPLE_PER_LIST
            if len(sample) > most:
                sample = sample[np.random.default_rng(1).permutation(len(sample))[:most]]
            if len(sample) < lists:
                raise ValueError(
                    f"{len(sample):,} descriptors cannot train {lists:,} lists: more --distinct covers are needed"
                )
            self._books = {lists: train_codebook(sample, lists, EPOCH)}
        return self._books[lists]

    def _build(self, folder: Path, wanted: Plan) -> None:
        store = open_store(folder.as_uri())
        book = self._codebook(wanted.covers)
        segments = [_first(store, book, self._scans[: wanted.scans])]
        if wanted.chunks:
            segments += _chunks(store, folder, book, self._made[: wanted.chunk], wanted)
        file = put_by_content(store, partial(codebook_key, EPOCH), book.to_bytes())
        manifest = Manifest.model_validate(
            {
                "number": 1,
                "dimensions": book.dimensions,
                "active_epoch": EPOCH,
                "codebooks": {
                    EPOCH: CodebookEntry(epoch=EPOCH, file=file, lists=book.lists, trained_covers=wanted.covers)
                },
                "segments": tuple(segments),
                "images_ingested": wanted.covers,
            }
            | stamp("bench")
        )
        commit(store, lambda newest: manifest if newest is None else None)


def _first(store: ObjectStore, book: Codebook, covers: Sequence[PreparedCover]) -> SegmentEntry:
    name, files = new_ulid(), build_segment(covers)
    return _entry(
        name,
        covers,
        covers_file=put_file(store, covers_key(name), files.covers),
        points_file=put_file(store, points_key(name), files.points),
        codes=put_encoding(store, name, _encoded(book, covers)),
    )


def _chunks(
    store: ObjectStore, folder: Path, book: Codebook, covers: Sequence[PreparedCover], wanted: Plan
) -> list[SegmentEntry]:
    encoding, files = _encoded(book, covers), build_segment(covers)
    points, first = bytearray(files.points), None
    entries = []
    for number in range(wanted.chunks):
        name = new_ulid()
        # Other bytes, in the last of the file's numbers, or the start would check one file for all.
        points[-1] = number % 256
        if first is None or wanted.covers < LINKED_FROM:
            points_file = put_file(store, points_key(name), bytes(points))
        else:
            points_file = first.model_copy(update={"key": points_key(name)})
            linked = folder / points_file.key
            linked.parent.mkdir(parents=True, exist_ok=True)
            os.link(folder / first.key, linked)
        first = first or points_file
        table = _table(covers, number)
        entries.append(
            _entry(
                name,
                covers,
                covers_file=put_file(store, covers_key(name), table),
                points_file=points_file,
                codes=put_encoding(store, name, exchanged(encoding, number)),
            )
        )
    return entries


def exchanged(encoding: Encoding, number: int) -> Encoding:
    """Copy `number` of an encoding: the first as it is, in the others two bytes of each code are those of one further on in the list."""
    if number == 0:
        return encoding
    size = encoding.codes.shape[1]
    codes = encoding.codes.copy()
    for column in (number % size, (number * 7 + 3) % size):
        codes[:, column] = np.roll(encoding.codes[:, column], number)
    return replace(encoding, codes=codes)


def _encoded(book: Codebook, covers: Sequence[PreparedCover]) -> Encoding:
    return encode_descriptors(book, np.concatenate([cover.features.descriptors for cover in covers]))


def _entry(
    name: str, covers: Sequence[PreparedCover], *, covers_file: FileEntry, points_file: FileEntry, codes: FileEntry
) -> SegmentEntry:
    return SegmentEntry(
        id=name,
        covers=len(covers),
        features=sum(len(cover.features) for cover in covers),
        added_in=1,
        covers_file=covers_file,
        points_file=points_file,
        codes={EPOCH: codes},
    )


def _table(covers: Sequence[PreparedCover], number: int) -> bytes:
    return dump_cover_table(
        [f"{cover.id}-{number}" for cover in covers],
        [cover.etag for cover in covers],
        size=np.array([cover.size for cover in covers], np.uint64),
        shape=np.array([(cover.width, cover.height) for cover in covers], np.uint32),
        box=np.array([(cover.features.width, cover.features.height) for cover in covers], np.uint16),
        feature_ends=np.cumsum([len(cover.features) for cover in covers], dtype=np.uint64),
    )
