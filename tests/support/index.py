"""Small catalogues of generated sleeves: real features, real files, made once in a test process and shared."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.index.segment import PreparedCover
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.photos import Level, SimulatedPhoto, simulate
from vinymatic.synth.sleeves import Sleeve, sleeve

SPEC = FeatureSpec()
MAX_PIXELS = 100_000_000


@lru_cache(maxsize=256)
def cover(n: int) -> Sleeve:
    """Sleeve `n`; `cover(n).id` is its id, `cover(n).jpeg()` its scan."""
    return sleeve(n)


@lru_cache(maxsize=256)
def prepared(n: int, etag: str = "first", *, id: str | None = None) -> PreparedCover:  # noqa: A002 - the product's word
    """Sleeve `n` as it is indexed (128 dimensions), under its own id or another."""
    sleeve_ = cover(n)
    return prepare(
        sleeve_.jpeg(), id=id or sleeve_.id, etag=etag, spec=SPEC, model=FeatureModel(), max_pixels=MAX_PIXELS
    )


@lru_cache(maxsize=256)
def simulated(n: int, level: Level = Level.EASY) -> SimulatedPhoto:
    """A photo of sleeve `n` with its true outline."""
    return simulate(cover(n).image, n, level)


@lru_cache(maxsize=256)
def photo_of(n: int, level: Level = Level.EASY) -> bytes:
    """The JPEG of a photo of sleeve `n`."""
    return simulated(n, level).jpeg()


def make_index(folder: Path, spec: FeatureSpec = SPEC) -> Path:
    """Makes an empty index in `folder`. Trains the first codebook, which takes seconds: share it, see `index_template`."""
    open_writer(open_store(folder.as_uri()), folder.with_name(folder.name + "-work"), spec)
    return folder


def open_writer(store: ObjectStore, work: Path, spec: FeatureSpec = SPEC, *, name: str = "test") -> Writer:
    """An open writer on `store`; `work` is its folder for cached files."""
    writer = Writer(store, work, spec, writer=name)
    writer.open()
    return writer


def add_covers(store: ObjectStore, work: Path, numbers: Iterable[int]) -> int:
    """Commits these sleeves as one batch; the manifest's number."""
    return open_writer(store, work).commit(Batch(upserts=[prepared(n) for n in numbers])).number


def train_and_promote(store: ObjectStore, work: Path) -> int:
    """A new epoch, active without being measured; its number."""
    train(store, work)
    return promote(store, ungated=True).manifest.active_epoch


def read_snapshot(store: ObjectStore, cache: Path, *, dimensions: int = SPEC.dimensions) -> Snapshot:
    """The newest snapshot of the index in `store`."""
    reader = Reader(store, cache, dimensions=dimensions)
    reader.refresh()
    with reader.acquire() as snapshot:
        return snapshot
