"""Time and memory of a retraining, step by step: `python -m bench.retraining`.

The index holds made-up covers whose descriptors are distributed as real ones are (`bench.covers`). Steps run in processes of their own
and the peak is forgotten between them, so that each step's largest resident set is its own; files that it maps are in it. Times of what
grows with the index are also scaled to 10,000 covers; memory is as measured.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.covers import BATCH, fill
from bench.processes import alone, forget_peak, peak_mebibytes
from bench.stores import KINDS, Place, running
from bench.tables import facts, parser_for, publish, say, table
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.gate import gate
from vinymatic.lifecycle.promotion import promote
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Writer
from vinymatic.threads import limit_native_threads

HEADER = ("step", "s", "s per 10,000 covers", "peak memory, MiB", "note")


@dataclass(frozen=True)
class Step:
    """`peak`: MiB. `grows`: whether its time is proportional to the index, more or less."""

    name: str
    seconds: float
    peak: float
    note: str = ""
    grows: bool = True


def make_index(place: Place, folder: Path, covers: int) -> list[Step]:
    limit_native_threads()
    writer = Writer(place.open(), folder / "work", FeatureSpec(), writer="bench")
    writer.open()
    begin = time.perf_counter()
    fill(writer, covers)
    seconds = time.perf_counter() - begin
    return [Step(f"commit, {BATCH} covers at a time", seconds, peak_mebibytes(), "the covers are made meanwhile")]


def train_and_encode(place: Place, folder: Path) -> list[Step]:
    clock = _Clock()

    def progress(step: str, done: int, total: int) -> None:
        if step == "train" and done == total:
            clock.stop("train: sample and codebook")

    report = train(place.open(), folder / "training", progress=progress)
    clock.stop("encode", f"{report.encoded} segments in {report.commits} commits")
    return clock.steps


def measure(place: Place, folder: Path) -> list[Step]:
    clock = _Clock()
    report = gate(place.open(), folder / "gate")
    photos = sum(asked.active.present + asked.active.absent for asked in report.rounds)
    result = "passed" if report.passed else "; ".join(report.failures)
    clock.stop("gate", f"{photos} photos asked under both epochs: {result}", grows=False)
    return clock.steps


def promote_and_reload(place: Place, folder: Path) -> list[Step]:
    limit_native_threads()
    store = place.open()
    reader = Reader(store, folder / "cache", dimensions=128)
    clock = _Clock()
    reader.refresh()
    clock.stop("a reader opens the index")
    promote(store, ungated=True)
    clock.stop("promote", grows=False)
    reader.refresh()
    clock.stop("a reader reloads at the change of epochs", "holds both until the last search on the old one ends")
    return clock.steps


class _Clock:
    """Cuts one process's work into steps."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._begin = time.perf_counter()

    def stop(self, name: str, note: str = "", *, grows: bool = True) -> None:
        self.steps.append(Step(name, time.perf_counter() - self._begin, peak_mebibytes(), note, grows))
        forget_peak()
        self._begin = time.perf_counter()


def row(step: Step, covers: int) -> tuple[str, ...]:
    scaled = f"{step.seconds * 10_000 / covers:.1f}" if step.grows else "–"
    return step.name, f"{step.seconds:.1f}", scaled, f"{step.peak:.0f}", step.note


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--covers", type=int, default=3_000, help="of 300 features each")
    parser.add_argument("--store", choices=KINDS, default="directory")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name, running(arguments.store, Path(name)) as store:
        place, folder = store.below("index"), Path(name)
        jobs: list[Callable[[], list[Step]]] = [
            partial(make_index, place, folder, arguments.covers),
            partial(train_and_encode, place, folder),
            partial(measure, place, folder),
            partial(promote_and_reload, place, folder),
        ]
        for job in jobs:
            for step in alone(job):
                say(f"{step}")
                rows.append(row(step, arguments.covers))
    about = facts(f"{store.name}, measured with {arguments.covers:,} covers")
    publish("retraining", [about, table(HEADER, rows)], arguments.write)


if __name__ == "__main__":
    main()
