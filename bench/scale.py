"""Time and memory by the number of covers: `python -m bench.scale [--data FOLDER]`.

Each index has a codebook of as many lists as a training would give it. Some thousand made-up covers have descriptors of their own;
what is beyond is resampled (`bench.scaled`). The photos are real ones from FOLDER, whose references and distractors are in each index, or
simulated ones of generated sleeves; decode and SIFT alone runs between them. Each size is measured in a process of its own.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.asking import Alone, Asker, Question
from bench.catalogue import SERIES, SLEEVE_SEED, Data, folder_for_work, reader, sleeves
from bench.figures import share
from bench.processes import alone, resident_mebibytes
from bench.real import questions
from bench.record import keep, parser_for
from bench.scaled import LINKED_FROM, Base
from bench.served import served
from bench.tables import quantile, say, table
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve
from vinymatic.threads import limit_native_threads, preset_native_threads, usable_cores

SLEEVES = 400
SEARCH_STEPS = ("shortlist", "verify", "score")


def asked_of(data: Data, photos: int) -> list[Question]:
    if every := questions(data, None):
        return every[:: max(1, len(every) // photos)][:photos]
    say("no photos: simulated ones; point --data at a folder with references, photos and distractors for real ones")
    return [
        Question(
            f"seed {seed}",
            simulate(sleeve(SLEEVE_SEED + seed, series=seed % SERIES).image, seed, Level.MEDIUM).jpeg(),
            (f"sleeve-{seed:05d}",),
        )
        for seed in range(photos)
    ]


def measured(place: Path, asked: Sequence[Question]) -> dict[str, Any]:
    """A job of its own."""
    limit_native_threads()
    asker, bare = Asker(), Alone()
    before = resident_mebibytes()
    begin = time.perf_counter()
    opened = reader(place)
    seconds = time.perf_counter() - begin
    after = resident_mebibytes()
    with opened.acquire() as snapshot:
        asker.ask(snapshot, asked[0])
        times = [(bare.milliseconds(question.photo), asker.ask(snapshot, question)) for question in asked]
        lists, covers = snapshot.codebook.lists, len(snapshot)
    answers = [answer for _, answer in times]
    searches = [sum(answer.steps.get(step, 0.0) for step in SEARCH_STEPS) for answer in answers]
    return {
        "covers": covers,
        "lists": lists,
        "photos": len(answers),
        "top1": sum(answer.top1 for answer in answers),
        "right": sum(answer.right for answer in answers),
        "wrong": sum(answer.wrong for answer in answers),
        "open_seconds": seconds,
        "before": before,
        "opened": after,
        "asked": resident_mebibytes(),
        "search_median": statistics.median(searches),
        "search_p95": quantile(searches, 0.95),
        # Of a machine that is busy, now more and now less, this says more than the time itself.
        "search_over_alone": statistics.median(
            search / bare_time for search, (bare_time, _) in zip(searches, times, strict=True)
        ),
        "steps": {step: statistics.median(answer.steps.get(step, 0.0) for answer in answers) for step in SEARCH_STEPS},
        "request_median": statistics.median(answer.milliseconds for answer in answers),
        "alone_median": statistics.median(bare_time for bare_time, _ in times),
        "over_alone": statistics.median(answer.milliseconds / bare_time for bare_time, answer in times),
    }


def ready_seconds(place: Path, log: Path) -> dict[str, float]:
    with served(place, log) as server:
        return {"ready_seconds": server.seconds, "served_resident": server.resident_mebibytes()}


HEADER = (
    "lists",
    "top-1",
    "accepted and right / wrong",
    "search, median / p95, ms",
    "shortlist, ms",
    "search over decode + SIFT alone",
    "request over the same",
    "memory after the photos, MiB",
    "B a cover",
    "start to ready, s",
)


def tables(figures: dict[str, Any]) -> list[str]:
    sizes = figures["sizes"]
    rows = []
    for one in sizes:
        ready = f"{one['ready_seconds']:.1f}" if one["covers"] < LINKED_FROM else "–"
        rows.append(
            (
                f"{one['covers']:,} covers",
                f"{one['lists']:,}",
                share(one["top1"], one["photos"]),
                f"{share(one['right'], one['photos'])} / {share(one['wrong'], one['photos'])}",
                f"{one['search_median']:.1f} / {one['search_p95']:.1f}",
                f"{one['steps']['shortlist']:.1f}",
                f"{one['search_over_alone']:.2f}",
                f"{one['over_alone']:.2f}",
                f"{one['asked']:.0f}",
                f"{bytes_a_cover(sizes[0], one):,.0f}" if one is not sizes[0] else "–",
                ready,
            )
        )
    return [table(("", *HEADER), rows)]


def bytes_a_cover(smallest: dict[str, Any], one: dict[str, Any]) -> float:
    """What a further cover takes: both processes hold the same code and the same photos' leftovers."""
    return float((one["asked"] - smallest["asked"]) * (1 << 20) / max(1, one["covers"] - smallest["covers"]))


def main() -> None:
    parser = parser_for(__doc__, data=True)
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=[1_000, 10_000, 100_000],
        help="covers; more than 200,000 take 9 GB a million",
    )
    parser.add_argument("--distinct", type=int, default=4_000, help="made-up covers with descriptors of their own")
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument(
        "--processes", type=int, default=usable_cores(), help="that describe covers; and threads that build"
    )
    arguments = parser.parse_args()
    preset_native_threads()
    limit_native_threads()
    data = Data(arguments.data)
    asked = asked_of(data, arguments.photos)
    sources = [*data.sources("references"), *data.sources("distractors")] or sleeves(SLEEVES)
    base, sizes = Base(sources, arguments.distinct, arguments.processes), []
    with folder_for_work(arguments.work) as work:
        for covers in sorted(arguments.sizes):
            place, _ = base.index(work, covers)
            one = alone(partial(measured, place, asked)) | ready_seconds(place, work / "serve.log")
            say(f"{one}")
            sizes.append(one)
    figures = {"sizes": sizes}
    print("\n\n".join(tables(figures)))
    keep(arguments, "scale", figures)


if __name__ == "__main__":
    main()
