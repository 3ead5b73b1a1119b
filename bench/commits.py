"""How long a commit takes, and how many rounds, by the number of writers: `python -m bench.commits`.

Each writer is a process of its own and commits batches that were made beforehand; its first commit, which loads the codebook, is not
counted. A round is one attempt to create the next manifest: 1 where no other writer was faster. A batch's time holds everything from the
call to the committed manifest: building the segment, encoding it, uploading, the rounds and the pauses between them.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from bench.covers import CoverMaker
from bench.processes import side_by_side, wait_for_all
from bench.stores import KINDS, Place, running
from bench.tables import facts, mean, p50_p95, parser_for, publish, say, table
from vinymatic.errors import VinymaticError
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.threads import limit_native_threads

WRITERS = (1, 2, 4, 8)
HEADER = ("store", "writers", "commits", "commit p50 / p95, s", "rounds, mean / most", "commits a second", "failed")


@dataclass
class Measured:
    """`seconds` and `rounds` of each commit; `began` and `ended`: Unix seconds of the first and after the last. `failed`: by error."""

    seconds: list[float] = field(default_factory=list)
    rounds: list[int] = field(default_factory=list)
    began: float = 0.0
    ended: float = 0.0
    failed: Counter[str] = field(default_factory=Counter)


def write(place: Place, work: Path, number: int, commits: int, covers: int) -> Measured:
    """One writer's part."""
    limit_native_threads()
    writer = Writer(place.open(), work / str(number), FeatureSpec(), writer=f"bench {number}")
    writer.open()
    maker = CoverMaker(number)
    writer.commit(Batch(maker.make(1)))
    batches = [Batch(maker.make(covers)) for _ in range(commits)]
    wait_for_all()
    measured = Measured(began=time.time())
    for batch in batches:
        begin = time.perf_counter()
        try:
            report = writer.commit(batch)
        except VinymaticError as error:
            measured.failed[error.code] += 1
            continue
        measured.seconds.append(time.perf_counter() - begin)
        measured.rounds.append(report.conflicts + 1)
    measured.ended = time.time()
    return measured


def rows(place: Place, folder: Path, commits: int, covers: int) -> Iterator[tuple[str, ...]]:
    for writers in WRITERS:
        index = place.below(f"index-{writers}")
        Writer(index.open(), folder / "work", FeatureSpec(), writer="bench").open()  # makes it
        jobs = [
            partial(write, index, folder / f"work-{writers}", n, commits // writers, covers) for n in range(writers)
        ]
        parts = side_by_side(jobs)
        seconds = [value for part in parts for value in part.seconds]
        rounds = [value for part in parts for value in part.rounds]
        failed = sum((part.failed for part in parts), Counter[str]())
        span = max(part.ended for part in parts) - min(part.began for part in parts)
        say(f"{place.name}, {writers} writers: {len(seconds)} commits in {span:.1f} s, failed: {dict(failed)}")
        yield (
            place.name,
            str(writers),
            str(len(seconds)),
            p50_p95(seconds),
            f"{mean(rounds):.1f} / {max(rounds, default=0)}",
            f"{len(seconds) / span:.1f}",
            str(failed.total()),
        )


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--commits", type=int, default=48, help="for each row, shared among its writers")
    parser.add_argument("--covers", type=int, default=8, help="of one commit, of 300 features each")
    parser.add_argument("--stores", nargs="+", choices=KINDS, default=KINDS)
    arguments = parser.parse_args()
    found: list[tuple[str, ...]] = []
    for kind in arguments.stores:
        with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name, running(kind, Path(name)) as place:
            found += rows(place, Path(name), arguments.commits, arguments.covers)
    about = facts(f"{arguments.covers} covers a commit, each writer a process")
    publish("commits", [about, table(HEADER, found)], arguments.write)


if __name__ == "__main__":
    main()
