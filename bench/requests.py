"""What the index's life costs in S3 requests and bytes, per 1,000 covers: `python -m bench.requests`.

One index is made, followed, trained, compacted, collected, backed up, restored and drilled on a real S3 server; each step's requests are
counted at the store's port (`bench.counting`). What the ingestor asks of the scans' bucket is not in the table: one GET a new cover.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from bench.counting import KINDS, PRICES_FROM, CountingStore, Traffic
from bench.covers import BATCH, CoverMaker
from bench.stores import KINDS as STORES
from bench.stores import Place, running
from bench.tables import facts, mebibytes, parser_for, publish, say, table
from vinymatic.features import FeatureSpec
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.backup import Recording, backup, restore
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.drill import drill
from vinymatic.lifecycle.promotion import promote, retire_previous
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.rejects import clear_rejects
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.settings import ApiSettings

POLLS = 10
DAY_SECONDS = 86_400
HEADER = ("step", *KINDS, "written, MiB", "read, MiB", "requests cost, $")


class Life:
    """One index, and what each step of its life asked of the store, in the order of `steps`."""

    def __init__(self, place: Place, folder: Path, covers: int) -> None:
        self._place = place
        self._folder = folder
        self._covers = covers
        self._index = CountingStore(place.below("index").open())
        self._seen = CountingStore(self._index.inner)
        self._reader = Reader(self._seen, folder / "cache", dimensions=128)
        self._maker = CoverMaker(1)

    def steps(self) -> Iterator[tuple[str, Traffic]]:
        """Name and traffic of each step; those of `per 1,000` are scaled to so many covers."""
        yield from self._ingest()
        yield from self._retrain()
        yield from self._tidy()
        yield from self._back_up()
        yield from self._idle()

    def _ingest(self) -> Iterator[tuple[str, Traffic]]:
        writer = Writer(self._index, self._folder / "work", FeatureSpec(), writer="bench")
        writer.open()
        self._reader.refresh()
        self._index.taken(), self._seen.taken()
        followed = Traffic()
        for done in range(0, self._covers, BATCH):
            self._commit(writer, self._maker.make(min(BATCH, self._covers - done)))
            self._reader.refresh()
            followed = followed.plus(self._seen.taken())
        yield f"ingest, {BATCH} covers a commit", self._scaled(self._index.taken())
        yield "a reader that follows", self._scaled(followed)
        self._commit(writer, self._maker.make(1))
        yield "one commit of one cover", self._index.taken()
        self._reader.refresh()
        yield "a reader that follows it", self._seen.taken()

    def _commit(self, writer: Writer, covers: list[PreparedCover]) -> None:
        """As the ingestor does it."""
        writer.commit(Batch(covers))
        clear_rejects(self._index, [cover.id for cover in covers])

    def _retrain(self) -> Iterator[tuple[str, Traffic]]:
        train(self._index, self._folder / "training")
        yield "train and encode", self._scaled(self._index.taken())
        promote(self._index, ungated=True)
        retire_previous(self._index)
        yield "promote and retire", self._index.taken()
        self._reader.refresh()
        yield "a reader at the change of epochs", self._scaled(self._seen.taken())

    def _tidy(self) -> Iterator[tuple[str, Traffic]]:
        compact(self._index, self._folder / "compaction")
        yield "compact", self._scaled(self._index.taken())
        self._reader.refresh()
        yield "a reader after it", self._scaled(self._seen.taken())
        # The real grace is a day; what is deleted then is the same.
        collect(self._index, policy=CollectionPolicy(keep=1, grace=timedelta()))
        yield "collect", self._scaled(self._index.taken())

    def _back_up(self) -> Iterator[tuple[str, Traffic]]:
        copy, again = (CountingStore(self._place.below(name).open()) for name in ("backup", "restored"))
        recording = Recording(ApiSettings().backup_questions, self._folder / "drill")
        backup(self._index, copy, recording=recording)
        yield "backup", self._scaled(self._both(copy))
        backup(self._index, copy, recording=recording)
        yield "backup, nothing changed", self._both(copy)
        restore(copy, again)
        yield "restore into an empty place", self._scaled(copy.taken().plus(again.taken()))
        report = drill(copy, scratch=self._folder)
        say(f"drill: {report.right} of {report.questions} answers right")
        yield "drill", self._scaled(copy.taken())

    def _both(self, copy: CountingStore) -> Traffic:
        return self._index.taken().plus(copy.taken())

    def _idle(self) -> Iterator[tuple[str, Traffic]]:
        self._reader.refresh()
        self._seen.taken()
        for _ in range(POLLS):
            self._reader.refresh()
        polls = DAY_SECONDS / ApiSettings().refresh_interval
        yield f"an idle reader, a day ({polls:,.0f} polls)", self._seen.taken().times(polls / POLLS)

    def _scaled(self, traffic: Traffic) -> Traffic:
        return traffic.times(1_000 / self._covers)


def row(name: str, traffic: Traffic) -> tuple[str, ...]:
    counts = (f"{traffic.requests[kind]:,}" for kind in KINDS)
    return name, *counts, mebibytes(traffic.sent), mebibytes(traffic.received), f"{traffic.price:.5f}"


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--covers", type=int, default=1_000, help="of 300 features each")
    parser.add_argument("--store", choices=STORES, default="ministack")
    arguments = parser.parse_args()
    rows = []
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name, running(arguments.store, Path(name)) as place:
        for step, traffic in Life(place, Path(name), arguments.covers).steps():
            say(f"{step}: {traffic.total} requests")
            rows.append(row(step, traffic))
    about = facts(f"{place.name}, measured with {arguments.covers:,} covers")
    publish("requests", [about, f"Prices: {PRICES_FROM}.", table(HEADER, rows)], arguments.write)


if __name__ == "__main__":
    main()
