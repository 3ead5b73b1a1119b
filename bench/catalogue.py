"""Catalogues to recognise in: scans and generated sleeves, and made-up covers to make them large. Built once, kept in `--work`."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import vinymatic.features
import vinymatic.index
import vinymatic.lifecycle.ingest
from bench.covers import CoverMaker
from bench.processes import side_by_side
from bench.tables import say
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.settings import IngestorSettings
from vinymatic.storage.open import open_store
from vinymatic.synth.sleeves import sleeve
from vinymatic.threads import limit_native_threads

SERIES = 12
SLEEVE_SEED = 5_000_000
# From here on the shipped codebook's 2,048 lists are long, and whoever has so many covers has trained one.
TRAINED_FROM = 5_000
_COMMIT = 2_000


@dataclass(frozen=True)
class Source:
    """A cover to be indexed: a scan, or the generated sleeve of `seed`, one of a series."""

    id: str
    path: Path | None = None
    seed: int = 0

    def bytes(self) -> bytes:
        if self.path is not None:
            return self.path.read_bytes()
        return sleeve(SLEEVE_SEED + self.seed, series=self.seed % SERIES).jpeg()


@dataclass(frozen=True)
class Data:
    """Where the scans and photos are."""

    folder: Path | None

    def require_all(self) -> None:
        """Ends the program with one line that says what is missing."""
        for name in ("references", "photos", "distractors"):
            if self.folder is None or not any((self.folder / name).glob("*.jpg")):
                where = "--data FOLDER is missing" if self.folder is None else f"{self.folder / name} holds no *.jpg"
                raise SystemExit(
                    f"{where}: point --data at a folder with references/NNN.jpg, photos/NNN-PHONE.jpg (each shows reference NNN) "
                    "and distractors/*.jpg"
                )

    def files(self, name: str) -> list[Path]:
        return [] if self.folder is None else sorted((self.folder / name).glob("*.jpg"))

    def sources(self, name: str) -> list[Source]:
        return [Source(path.name, path) for path in self.files(name)]


def sleeves(count: int) -> list[Source]:
    return [Source(f"sleeve-{seed:05d}", seed=seed) for seed in range(count)]


def cover_spec() -> FeatureSpec:
    """How covers are described by default."""
    settings = IngestorSettings()
    return FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)


@contextmanager
def folder_for_work(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name:
        yield Path(name)


def catalogue(folder: Path, sources: Sequence[Source], made_up: int, processes: int) -> Path:
    """The folder of an index that holds the sources and so many made-up covers; taken from `folder` where it was built before."""
    name = hashlib.sha256(repr((code_digest(), [source.id for source in sources], made_up, cover_spec())).encode())
    place = folder / f"catalogue-{len(sources) + made_up}-{name.hexdigest()[:12]}"
    if place.exists():
        say(f"{len(sources) + made_up:,} covers as they were built before")
        return place
    say(f"describing {len(sources):,} covers and making {made_up:,} up")
    building = folder / f"{place.name}.building"
    shutil.rmtree(building, ignore_errors=True)
    building.mkdir(parents=True)
    store = open_store((building / "index").as_uri())
    writer = Writer(store, building / "work", cover_spec(), writer="bench")
    writer.open()
    for batch in _batches(described(sources, processes), made_up):
        writer.commit(Batch(batch))
    if len(sources) + made_up >= TRAINED_FROM:
        say("training a codebook")
        train(store, building / "work")
        promote(store, ungated=True)
    building.rename(place)
    return place


def without(place: Path, folder: Path, ids: Sequence[str]) -> Path:
    """A copy of the catalogue in which these covers are deleted. Its files are links: nothing changes a file once it is written."""
    shutil.copytree(place, folder, copy_function=os.link)
    writer = Writer(open_store((folder / "index").as_uri()), folder / "work", cover_spec(), writer="bench")
    writer.open()
    writer.commit(Batch(deletes=list(ids)))
    return folder


def reader(place: Path) -> Reader:
    """Opened on the catalogue's newest manifest."""
    opened = Reader(open_store((place / "index").as_uri()), place / "cache", dimensions=cover_spec().dimensions)
    opened.refresh()
    return opened


def described(sources: Sequence[Source], processes: int) -> list[PreparedCover]:
    """The sources' features, in their order."""
    if not sources:
        return []
    jobs: list[Callable[[], list[PreparedCover]]] = [
        partial(_describe, sources[n::processes]) for n in range(min(processes, len(sources)))
    ]
    covers = {cover.id: cover for part in side_by_side(jobs) for cover in part}
    return [covers[source.id] for source in sources]


def _describe(sources: Sequence[Source]) -> list[PreparedCover]:
    limit_native_threads()
    spec, most = cover_spec(), IngestorSettings().max_pixels
    return [
        prepare(source.bytes(), id=source.id, etag="1", spec=spec, model=FeatureModel(), max_pixels=most)
        for source in sources
    ]


def _batches(covers: list[PreparedCover], made_up: int) -> Iterator[list[PreparedCover]]:
    if covers:
        yield covers
    maker = CoverMaker(1)
    for done in range(0, made_up, _COMMIT):
        yield maker.make(min(_COMMIT, made_up - done))


def code_digest() -> str:
    """Of the code that decides what a catalogue's files hold."""
    digest = hashlib.sha256()
    for package in (vinymatic.features, vinymatic.index):
        for folder in package.__path__:
            for path in sorted(Path(folder).glob("*.py")):
                digest.update(path.read_bytes())
    digest.update(Path(vinymatic.lifecycle.ingest.__file__).read_bytes())
    return digest.hexdigest()
