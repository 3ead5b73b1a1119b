"""Who takes part in `bench.together`: each a function that runs in a process of its own until its time is over, and tells what it saw."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bench.covers import CoverMaker
from bench.processes import wait_for_all
from bench.stores import Place
from vinymatic.errors import VinymaticError
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.promotion import promote, retire_previous
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.threads import limit_native_threads

COMPACT_EVERY_SECONDS = 5.0
RETRAIN_EVERY_SECONDS = 20.0
WATCH_EVERY_SECONDS = 1.0
# Readers stay for the last commits, which may come long after the others' time is over.
LAST_LOOKS_SECONDS = 60.0
_QUIET_LOOKS = 5


@dataclass(frozen=True)
class Part:
    """What everybody is told. `seconds`: how long it goes on. `work`: a folder for local files."""

    place: Place
    work: Path
    seconds: float


@dataclass
class Told:
    """What one of them saw; a role fills in its own fields. Times at which something happened are Unix seconds.

    `ids`: covers committed; `commit_seconds`, `rounds`: of each commit; `committed`: manifest → when it was written. `served`: from when a
    reader served which manifest; `load_seconds`: of each reload. `seen`: (time, segments, covers in the manifest, its bytes). `merges`:
    segments merged away; `epochs`: promoted. `failed`: by error.
    """

    ids: list[str] = field(default_factory=list)
    commit_seconds: list[float] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    committed: dict[int, float] = field(default_factory=dict)
    served: list[tuple[float, int]] = field(default_factory=list)
    load_seconds: list[float] = field(default_factory=list)
    seen: list[tuple[float, int, int, int]] = field(default_factory=list)
    merges: int = 0
    epochs: int = 0
    failed: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def surviving(self) -> Iterator[None]:
        """A failure is counted, and its role goes on."""
        try:
            yield
        except VinymaticError as error:
            self.failed[error.code] += 1


def write(part: Part, number: int, covers: int, most: int) -> Told:
    """Commits `covers` at a time, `most` in all; a batch that failed is committed again, as the ingestor does."""
    limit_native_threads()
    told = Told()
    writer = Writer(part.place.open(), part.work / f"writer-{number}", FeatureSpec(), writer=f"writer {number}")
    writer.open()
    maker = CoverMaker(number)
    wait_for_all()
    deadline = time.monotonic() + part.seconds
    batch, begin = maker.make(covers), time.perf_counter()
    while time.monotonic() < deadline and len(told.ids) < most:
        with told.surviving():
            report = writer.commit(Batch(batch))
            told.commit_seconds.append(time.perf_counter() - begin)
            told.rounds.append(report.conflicts + 1)
            told.committed[report.number] = _written_at(writer.manifest.created_at)
            told.ids += [cover.id for cover in batch]
            # Not after a failure: the time of a batch holds the tries that failed.
            batch, begin = maker.make(covers), time.perf_counter()
    return told


def read(part: Part, number: int, interval: float) -> Told:
    """Follows the index as an API does, until nothing new comes any more."""
    limit_native_threads()
    told = Told()
    reader = Reader(part.place.open(), part.work / f"reader-{number}", dimensions=FeatureSpec().dimensions)
    wait_for_all()
    begin, quiet = time.monotonic(), 0
    while (elapsed := time.monotonic() - begin) < part.seconds + LAST_LOOKS_SECONDS:
        if elapsed > part.seconds and quiet > _QUIET_LOOKS:
            break
        looked = time.perf_counter()
        quiet += 1
        with told.surviving():
            if reader.refresh():
                quiet = 0
                told.load_seconds.append(time.perf_counter() - looked)
                told.served.append((time.time(), reader.state.manifest or 0))
        time.sleep(interval)
    reader.close()
    return told


def tidy(part: Part) -> Told:
    """Compacts now and then."""
    limit_native_threads()
    told = Told()
    store = part.place.open()
    for _ in _turns(part, COMPACT_EVERY_SECONDS):
        with told.surviving():
            told.merges += compact(store, part.work / "compaction").merged
    return told


def retrain(part: Part) -> Told:
    """Trains, promotes and retires again and again."""
    limit_native_threads()
    told = Told()
    store = part.place.open()
    for _ in _turns(part, RETRAIN_EVERY_SECONDS):
        with told.surviving():
            train(store, part.work / "training")
            told.epochs += promote(store, ungated=True).changed
            retire_previous(store)
    return told


def watch(part: Part) -> Told:
    """Notes how the manifest grows."""
    told = Told()
    store = part.place.open()
    for _ in _turns(part, WATCH_EVERY_SECONDS):
        with told.surviving():
            manifest = read_newest(store)
            assert manifest is not None
            told.seen.append((time.time(), len(manifest.segments), manifest.covers, len(manifest.to_json())))
    return told


def _turns(part: Part, pause: float) -> Iterator[None]:
    wait_for_all()
    deadline = time.monotonic() + part.seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(max(0.0, min(pause, deadline - time.monotonic())))


def _written_at(created_at: str) -> float:
    return datetime.fromisoformat(created_at).timestamp()
