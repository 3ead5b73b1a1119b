"""Simulated photos, of any number: `python -m bench.synthetic [--data FOLDER] [--covers N]`.

The catalogue holds two thirds of the scans in FOLDER/distractors (if given) and of generated sleeves in series that share a layout;
made-up descriptors fill it up to `--covers`. Asked are photos of covers that it holds, on their own, under shrink wrap, several on a table
and on a wall; of the third that it does not hold; and of no cover at all. The same artwork under another title counts as the cover itself.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.asking import Answer, Asker, Question
from bench.catalogue import Data, Source, catalogue, folder_for_work, reader, sleeves
from bench.figures import at_false_accepts, curve, share, upper_bound
from bench.processes import side_by_side
from bench.real_tables import held
from bench.record import keep, parser_for
from bench.tables import say, table
from vinymatic.index.snapshot import Snapshot
from vinymatic.synth import scenes
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.raster import Bgr
from vinymatic.synth.wrap import shrink_wrapped
from vinymatic.threads import limit_native_threads, preset_native_threads, usable_cores

SCANS, SLEEVES = 900, 300
WRAPPED = "medium, shrink wrap"
TOGETHER = (2, 3, 4)
WALL = (6, 15)
MOST_ON_A_WALL = 20
# A scan that matches another one so well is the same artwork.
SAME_HULL, SAME_CORRELATION = 0.4, 0.6


@dataclass(frozen=True)
class Task:
    """One photo. `covers`: places in the list of sources; none for a photo of no cover."""

    group: str
    covers: tuple[int, ...]
    seed: int
    level: Level
    present: bool = True
    wrapped: bool = False
    wall: bool = False


@dataclass(frozen=True)
class Seen:
    """A photo's answer. `truths`: for each cover that it shows, the ids that are right."""

    group: str
    present: bool
    truths: tuple[tuple[str, ...], ...]
    answer: Answer

    @property
    def found(self) -> int:
        return sum(any(cover in self.answer.accepted for cover in ids) for ids in self.truths)

    @property
    def wrong(self) -> int:
        return sum(all(cover not in ids for ids in self.truths) for cover in self.answer.accepted)


@dataclass
class Teller:
    """In one process: makes the photos and asks them."""

    sources: Sequence[Source]
    snapshot: Snapshot
    asker: Asker = field(default_factory=Asker)

    def __post_init__(self) -> None:
        self.twins = cache(self._twins)

    def seen(self, task: Task) -> Seen | None:
        """None for a cover that should be absent but whose artwork is in the catalogue under another title."""
        truths = tuple(self.ids(number, present=task.present) for number in task.covers)
        if not task.present and any(truths):
            return None
        photo = photo_of(task, [self.image(number) for number in task.covers])
        question = Question(f"seed {task.seed}", photo, tuple(cover for ids in truths for cover in ids), task.group)
        most = MOST_ON_A_WALL if task.wall else max(1, len(task.covers))
        return Seen(task.group, task.present, truths, self.asker.ask(self.snapshot, question, max_covers=most))

    def ids(self, number: int, *, present: bool) -> tuple[str, ...]:
        own = (self.sources[number].id,) if present else ()
        return own + self.twins(number)

    def image(self, number: int) -> Bgr:
        data = np.frombuffer(self.sources[number].bytes(), np.uint8)
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)

    def _twins(self, number: int) -> tuple[str, ...]:
        source = self.sources[number]
        looked = self.asker.look(self.snapshot, source.bytes())
        return tuple(
            cover
            for candidate in looked.candidates
            if candidate.evidence.hull > SAME_HULL
            and (candidate.correlation or 0) > SAME_CORRELATION
            and (cover := self.snapshot.cover_id(candidate.number)) != source.id
        )


def photo_of(task: Task, covers: Sequence[Bgr]) -> bytes:
    if not covers:
        return scenes.nothing(task.seed, task.level).jpeg()
    if task.wall:
        return scenes.wall(covers, task.seed, task.level).jpeg()
    if len(covers) > 1:
        return scenes.table(covers, task.seed, task.level).jpeg()
    cover = shrink_wrapped(covers[0], task.seed) if task.wrapped else covers[0]
    return simulate(cover, task.seed, task.level).jpeg()


def is_absent(number: int) -> bool:
    return number % 3 == 0


def tasks_for(sources: int, photos: int, absent: int, nothing: int, together: int, walls: int, seed: int) -> list[Task]:
    """What is asked of so many sources; the same arguments give the same tasks."""
    rng = np.random.default_rng(seed)
    seeds = iter(range(seed * 1_000_000, (seed + 1) * 1_000_000))
    there = [number for number in range(sources) if not is_absent(number)]
    gone = [number for number in range(sources) if is_absent(number)]

    def picked(among: list[int], count: int) -> Iterator[int]:
        """Each once, as long as there are enough."""
        while count > 0:
            part = rng.permutation(among)[:count]
            yield from (int(number) for number in part)
            count -= len(part)

    tasks = []
    for level in Level:
        tasks += [Task(f"{level}", (number,), next(seeds), level) for number in picked(there, photos)]
    tasks += [Task(WRAPPED, (number,), next(seeds), Level.MEDIUM, wrapped=True) for number in picked(there, photos)]
    levels = list(Level)
    for place, number in enumerate(picked(gone, absent)):
        tasks.append(Task("cover absent", (number,), next(seeds), levels[place % len(levels)], present=False))
    for place in range(nothing):
        tasks.append(Task("no cover", (), next(seeds), levels[place % len(levels)], present=False))
    for count in TOGETHER:
        for _ in range(together):
            tasks.append(Task(f"{count} on a table", tuple(picked(there, count)), next(seeds), Level.MEDIUM))
    for place in range(walls):
        count = WALL[0] + place % (WALL[1] - WALL[0] + 1)
        tasks.append(Task("wall of 6–15", tuple(picked(there, count)), next(seeds), Level.MEDIUM, wall=True))
    return tasks


def answered(place: Path, sources: Sequence[Source], tasks: Sequence[Task]) -> list[Seen]:
    """A job of its own."""
    limit_native_threads()
    with reader(place).acquire() as snapshot:
        teller = Teller(sources, snapshot)
        return [seen for task in tasks if (seen := teller.seen(task)) is not None]


def figures_of(seen: Sequence[Seen]) -> dict[str, Any]:
    groups: dict[str, Any] = {}
    for name in dict.fromkeys(one.group for one in seen):
        own = [one for one in seen if one.group == name]
        groups[name] = {
            "present": own[0].present,
            "photos": len(own),
            "covers": sum(len(one.truths) for one in own),
            "top1": sum(one.answer.top1 for one in own),
            "found": sum(one.found for one in own),
            "accepted": sum(len(one.answer.accepted) for one in own),
            "wrong": sum(one.wrong for one in own),
            "milliseconds": statistics.median(one.answer.milliseconds for one in own),
            "scores": [(round(one.answer.score, 4), one.answer.top1) for one in own],
        }
    negatives = [one.answer for one in seen if not one.present]
    false = sum(bool(answer.accepted) for answer in negatives)
    absent = [answer.score for answer in negatives]
    for group in groups.values():
        if group["present"] and group["covers"] == group["photos"]:
            scored = [one.answer.scored for one in seen if groups[one.group] is group]
            best = at_false_accepts(curve(scored, absent), 0.001)
            group["right_at_one_in_1000"] = best.right if best else 0.0
    return {
        "groups": groups,
        "negatives": len(negatives),
        "false_accepts": false,
        "false_accepts_bound": upper_bound(false, len(negatives)),
        "taken_for_another": [
            f"{one.group}, {one.answer.name}: {', '.join(one.answer.accepted)} {one.answer.score:.2f}"
            for one in seen
            if one.wrong
        ],
    }


HEADER = ("photos", "covers shown", "photos", "top-1", "found", "wrong", "found at ≤ 0.1 % false accepts", "median, ms")


def tables(figures: dict[str, Any]) -> list[str]:
    present, absent = [], []
    for name, one in figures["groups"].items():
        milliseconds = f"{one['milliseconds']:.0f}"
        if one["present"]:
            single = "right_at_one_in_1000" in one
            found = share(one["found"], one["covers"])
            top1 = share(one["top1"], one["photos"]) if single else "–"
            strict = f"{100 * one['right_at_one_in_1000']:.1f} %" if single else "–"
            wrong = share(one["wrong"], one["covers"])
            present.append((name, str(one["covers"]), str(one["photos"]), top1, found, wrong, strict, milliseconds))
        else:
            absent.append((name, str(one["photos"]), *_false(one["accepted"], one["photos"]), milliseconds))
    total = figures["negatives"]
    absent.append(("all", str(total), *_false(figures["false_accepts"], total), ""))
    first, last = figures["seeds"]
    about = f"{held(figures['covers'])} Seeds of the photos: {first}–{last}."
    return [
        about,
        table(HEADER, present),
        table(("photos of", "photos", "accepted", "true rate under", "median, ms"), absent),
    ]


def _false(accepted: int, photos: int) -> tuple[str, str]:
    return str(accepted), f"{100 * upper_bound(accepted, photos):.2f} %"


def main() -> None:
    parser = parser_for(__doc__, data=True)
    parser.add_argument("--covers", type=int, default=1_600)
    parser.add_argument(
        "--photos", type=int, default=120, help="of one cover, of each level, and as many under shrink wrap"
    )
    parser.add_argument("--absent", type=int, default=400, help="photos of covers that are not in the catalogue")
    parser.add_argument("--nothing", type=int, default=400, help="photos that show no cover")
    parser.add_argument("--together", type=int, default=30, help="photos of two covers, of three, and of four")
    parser.add_argument("--walls", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1, help="other seeds give other photos")
    parser.add_argument("--processes", type=int, default=usable_cores(), help="that describe covers and ask")
    arguments = parser.parse_args()
    preset_native_threads()
    limit_native_threads()
    scans = Data(arguments.data).sources("distractors")[:SCANS]
    if not scans:
        say("no scans: point --data at a folder with distractors/*.jpg to have real covers beside the generated ones")
    sources = [*scans, *sleeves(SLEEVES)]
    asked = ("photos", "absent", "nothing", "together", "walls", "seed")
    tasks = tasks_for(len(sources), **{name: getattr(arguments, name) for name in asked})
    with folder_for_work(arguments.work) as work:
        held = [source for number, source in enumerate(sources) if not is_absent(number)]
        place = catalogue(work, held, max(0, arguments.covers - len(held)), arguments.processes)
        say(f"asking {len(tasks):,} photos")
        parts = [tasks[number :: arguments.processes] for number in range(arguments.processes)]
        jobs: list[Callable[[], list[Seen]]] = [partial(answered, place, sources, part) for part in parts]
        seen = [one for part in side_by_side(jobs) for one in part]
    figures = figures_of(seen)
    figures["covers"] = {
        "scans": sum(s.path is not None for s in held),
        "generated sleeves": sum(s.path is None for s in held),
    }
    figures["covers"]["descriptors alone"] = max(0, arguments.covers - len(held))
    figures["seeds"] = [tasks[0].seed, tasks[-1].seed]
    print("\n\n".join(tables(figures)))
    for line in figures["taken_for_another"]:
        say(f"wrong: {line}")
    keep(arguments, "synthetic", figures)


if __name__ == "__main__":
    main()
