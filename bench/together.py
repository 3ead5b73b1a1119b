"""Everything at once: writers, readers, compaction and retraining on one index: `python -m bench.together`.

Each is a process of its own, so that no interpreter's lock stands between them; the cores they still share, and with fewer cores than
processes the latencies are those of a machine that is full. At the end every cover that a writer was told to be committed is looked for.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from bench.processes import side_by_side
from bench.stores import KINDS, Place, running
from bench.tables import facts, mean, p50_p95, parser_for, publish, quantile, say, table
from bench.together_roles import Part, Told, read, retrain, tidy, watch, write
from vinymatic.features import FeatureSpec
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Writer
from vinymatic.settings import ApiSettings

OVER_TIME = 6


def staleness(committed: Mapping[int, float], served: Sequence[tuple[float, int]]) -> tuple[list[float], int]:
    """Seconds from each manifest's commit until one reader served it or a newer one; and how many it never served.

    `committed`: manifest → Unix seconds; `served`: (Unix seconds, manifest) in the order of time.
    """
    found, place = [], 0
    for number, at in sorted(committed.items()):
        while place < len(served) and served[place][1] < number:
            place += 1
        if place < len(served):
            found.append(served[place][0] - at)
    return found, len(committed) - len(found)


def over_time(seen: Sequence[tuple[float, int, int, int]]) -> str:
    """Segments at evenly spread moments."""
    if not seen:
        return "–"
    places = [round(step * (len(seen) - 1) / (OVER_TIME - 1)) for step in range(OVER_TIME)]
    return ", ".join(f"{seen[place][1]} at {seen[place][0] - seen[0][0]:.0f} s" for place in places)


def missing(place: Place, folder: Path, ids: Sequence[str]) -> tuple[int, int]:
    """Of `ids`, how many a new reader does not find; and how many other covers it finds."""
    reader = Reader(place.open(), folder / "last-reader", dimensions=FeatureSpec().dimensions)
    reader.refresh()
    with reader.acquire() as snapshot:
        there = {entry.id for entry in snapshot.list_covers(limit=len(snapshot))}
    reader.close()
    return len(set(ids) - there), len(there - set(ids))


def rows(told: Sequence[Told], seconds: float, lost: tuple[int, int]) -> list[tuple[str, str]]:
    """What the page holds."""
    ids = [cover for one in told for cover in one.ids]
    commits = [value for one in told for value in one.commit_seconds]
    rounds = [value for one in told for value in one.rounds]
    committed = {number: at for one in told for number, at in one.committed.items()}
    stale = [staleness(committed, one.served) for one in told if one.served]
    ages = [age for found, _ in stale for age in found]
    loads = [value for one in told for value in one.load_seconds]
    seen = [sample for one in told for sample in one.seen]
    failed = sum((one.failed for one in told), Counter[str]())
    # The last commits end after the time is over.
    span = max([seconds, *(at - seen[0][0] for at in committed.values())]) if seen else seconds
    return [
        ("covers committed", f"{len(ids):,}"),
        ("covers a second", f"{len(ids) / span:.1f}"),
        ("commits by writers", f"{len(commits):,}"),
        ("commit p50 / p95 / most, s", f"{p50_p95(commits)} / {quantile(commits, 1.0):.2f}"),
        ("rounds a commit, mean / most", f"{mean(rounds):.2f} / {max(rounds, default=0)}"),
        ("from commit to served p50 / p95 / most, s", f"{p50_p95(ages)} / {quantile(ages, 1.0):.2f}"),
        ("a reader's reload p50 / p95 / most, s", f"{p50_p95(loads)} / {quantile(loads, 1.0):.2f}"),
        ("commits that a reader never served", str(sum(count for _, count in stale))),
        ("segments", over_time(seen)),
        ("largest manifest, kB", f"{max((sample[3] for sample in seen), default=0) / 1_000:.1f}"),
        ("segments merged away", str(sum(one.merges for one in told))),
        ("epochs promoted", str(sum(one.epochs for one in told))),
        ("failures", ", ".join(f"{code}: {count}" for code, count in sorted(failed.items())) or "none"),
        ("covers missing at the end / covers that nobody committed", f"{lost[0]} / {lost[1]}"),
    ]


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--covers", type=int, default=8, help="of one commit, of 300 features each")
    parser.add_argument("--most", type=int, default=5_000, help="covers of one writer at most")
    parser.add_argument("--store", choices=KINDS, default="seaweedfs")
    arguments = parser.parse_args()
    interval = ApiSettings().refresh_interval
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as name, running(arguments.store, Path(name)) as store:
        place, folder = store.below("index"), Path(name)
        Writer(place.open(), folder / "work", FeatureSpec(), writer="bench").open()  # makes it
        part = Part(place, folder, 60 * arguments.minutes)
        jobs: list[Callable[[], Told]] = [
            *(partial(write, part, number, arguments.covers, arguments.most) for number in range(arguments.writers)),
            *(partial(read, part, number, interval) for number in range(arguments.readers)),
            partial(tidy, part),
            partial(retrain, part),
            partial(watch, part),
        ]
        say(f"{len(jobs)} processes for {arguments.minutes:g} minutes")
        told = side_by_side(jobs)
        say("looking for every cover")
        lost = missing(place, folder, [cover for one in told for cover in one.ids])
    work = (
        f"{arguments.writers} writers of {arguments.covers} covers a commit, {arguments.readers} readers that look every "
        f"{interval:g} s, one compaction, one retraining: {len(jobs)} processes for {arguments.minutes:g} minutes."
    )
    found = table(("measure", "value"), rows(told, part.seconds, lost))
    publish("together", [facts(store.name), work, found], arguments.write)


if __name__ == "__main__":
    main()
