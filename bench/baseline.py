"""The same covers and photos by what others do and by ours, in one run: `python -m bench.baseline --data FOLDER`.

The references and distractors are the catalogue, every photo is asked; before, the distractors alone, where whatever is accepted is false.
All run in one process on one thread, one after the other for each photo. Brute force gets the references alone (where they are absent as
many distractors), and fewer photos: it is too slow for more.
"""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import cv2

from bench.asking import Alone, Asker, Question
from bench.catalogue import Data, Source, catalogue, folder_for_work, reader, without
from bench.figures import Scored, at_false_accepts, curve, share, thinned
from bench.peers import BruteForce, Cover, Found, Peer, PerceptualHash, Votes, perceptual_hash
from bench.processes import side_by_side
from bench.real import bytes_a_cover, questions
from bench.record import keep, parser_for
from bench.tables import say, table
from vinymatic.index.snapshot import Snapshot
from vinymatic.threads import limit_native_threads, preset_native_threads, usable_cores

MOST_FALSE = 0.01
OURS = "Vinymatic"
Asked = list[tuple[Found, float]]


def described(sources: Sequence[Source]) -> list[Cover]:
    """A job of its own."""
    cv2.setNumThreads(1)
    sift, covers = Alone(), []
    for source in sources:
        scan = source.bytes()
        covers.append(Cover(source.id, *sift.features(scan), perceptual_hash(scan)))
    return covers


def ask_all(peers: Sequence[Peer], snapshot: Snapshot, asked: Sequence[Question]) -> dict[str, Asked]:
    """What each found, and the milliseconds that it took, photo by photo; under "" those of decode and SIFT alone."""
    asker, alone = Asker(), Alone()
    answers: dict[str, Asked] = {name: [] for name in ("", OURS, *(peer.name for peer in peers))}
    asker.ask(snapshot, asked[0])  # warms the page cache
    for question in asked:
        answers[""].append((Found("", 0, False), alone.milliseconds(question.photo)))
        ours = asker.ask(snapshot, question)
        answers[OURS].append((Found(ours.first, ours.score, bool(ours.accepted)), ours.milliseconds))
        for peer in peers:
            answers[peer.name].append(timed(peer, question.photo))
    return answers


def timed(peer: Peer, photo: bytes) -> tuple[Found, float]:
    begin = perf_counter()
    found = peer.ask(photo)
    return found, (perf_counter() - begin) * 1_000


def figures_of(asked: Sequence[Question], present: Asked, absent: Asked, alone: Sequence[float]) -> dict[str, Any]:
    hits = [found.first in question.truths for (found, _), question in zip(present, asked, strict=True)]
    scored = [Scored(found.score, hit) for (found, _), hit in zip(present, hits, strict=True)]
    points = curve(scored, [found.score for found, _ in absent])
    best = at_false_accepts(points, MOST_FALSE)
    accepted = [found.accepted for found, _ in present]
    return {
        "photos": len(asked),
        "top1": sum(hits),
        "right": sum(a and hit for a, hit in zip(accepted, hits, strict=True)),
        "wrong": sum(a and not hit for a, hit in zip(accepted, hits, strict=True)),
        "absent": len(absent),
        "false_accepts": sum(found.accepted for found, _ in absent),
        "right_at_one_in_100": best.right if best else 0.0,
        "milliseconds": statistics.median(spent for _, spent in present),
        "over_alone": statistics.median(spent / one for (_, spent), one in zip(present, alone, strict=True)),
        "curve": [(round(p.false_accepts, 4), round(p.right, 4)) for p in thinned(points)],
    }


def measure(
    data: Data, work: Path, *, covers: int, photos: int | None, brute_photos: int, processes: int
) -> dict[str, Any]:
    references, distractors = data.sources("references"), data.sources("distractors")
    distractors = distractors[: max(1, covers - len(references))]
    place = catalogue(work, [*references, *distractors], 0, processes)
    say("describing the covers for the others")
    jobs: list[Callable[[], list[Cover]]] = [
        partial(described, [*references, *distractors][n::processes]) for n in range(processes)
    ]
    seen = {cover.id: cover for part in side_by_side(jobs) for cover in part}
    ours_only = [seen[source.id] for source in references]
    others = [seen[source.id] for source in distractors]
    peers: list[Peer] = [Votes(ratio=0.8), Votes(cosine=0.9), PerceptualHash()]
    asked = questions(data, photos)
    for peer in peers:
        peer.add(others)
    say(f"asking {len(asked)} photos, their covers absent")
    with tempfile.TemporaryDirectory(dir=work) as copy:
        left = without(place, Path(copy) / "absent", [source.id for source in references])
        with reader(left).acquire() as snapshot:
            absent = ask_all(peers, snapshot, asked)
    for peer in peers:
        peer.add(ours_only)
    say("asking them again, their covers present")
    with reader(place).acquire() as snapshot:
        present = ask_all(peers, snapshot, asked)
        sizes = {OURS: sum(bytes_a_cover(snapshot).values()), **{peer.name: peer.bytes_a_cover() for peer in peers}}
    alone = [spent for _, spent in present.pop("")]
    figures = {name: figures_of(asked, present[name], absent[name], alone) for name in present}
    some = range(0, len(asked), max(1, len(asked) // brute_photos))
    brute, unknown = BruteForce(), BruteForce()
    brute.add(ours_only)
    unknown.add(others[: len(ours_only)])
    say(f"brute force for {len(some)} of them")
    few = [asked[place] for place in some]
    both = [[timed(peer, question.photo) for question in few] for peer in (brute, unknown)]
    name = f"{brute.name}; {len(ours_only)} covers only"
    figures[name] = figures_of(few, both[0], both[1], [alone[place] for place in some])
    rules = {OURS: f"score {Asker().settings.similarity_threshold:g}", name: brute.rule}
    rules |= {peer.name: peer.rule for peer in peers}
    shorts = {OURS: OURS, name: brute.short} | {peer.name: peer.short for peer in peers}
    for peer_name, one in figures.items():
        one |= {"bytes_a_cover": sizes.get(peer_name, brute.bytes_a_cover()), "rule": rules[peer_name]}
        one["short"] = shorts[peer_name]
    return {"peers": figures, "alone_median": statistics.median(alone), "covers": len(seen)}


HEADER = (
    "photos",
    "top-1",
    "its own rule",
    "right / wrong by it",
    "accepted though absent by it",
    "right at ≤ 1 % such (threshold swept)",
    "over decode + SIFT alone",
    "bytes a cover",
)


def tables(figures: dict[str, Any]) -> list[str]:
    rows = []
    for name, one in figures["peers"].items():
        photos = one["photos"]
        by_rule = f"{share(one['right'], photos)} / {share(one['wrong'], photos)}"
        rows.append(
            (
                name,
                str(photos),
                share(one["top1"], photos),
                one["rule"],
                by_rule,
                f"{one['false_accepts']} of {one['absent']}",
                f"{100 * one['right_at_one_in_100']:.1f} %",
                f"{one['over_alone']:.2f}",
                f"{one['bytes_a_cover']:,.0f}",
            )
        )
    return [
        table(("", *HEADER), rows),
        f"Decode + SIFT(500) at 480 px alone: {figures['alone_median']:.1f} ms (median).",
    ]


def main() -> None:
    parser = parser_for(__doc__, data=True)
    parser.add_argument("--covers", type=int, default=1_600, help="references and distractors")
    parser.add_argument("--photos", type=int, help="at most so many of the photos")
    parser.add_argument("--brute-photos", type=int, default=50, help="photos that brute force gets")
    parser.add_argument("--processes", type=int, default=usable_cores(), help="that describe covers")
    arguments = parser.parse_args()
    data = Data(arguments.data)
    data.require_all()
    preset_native_threads()
    limit_native_threads()
    with folder_for_work(arguments.work) as work:
        figures = measure(
            data,
            work,
            covers=arguments.covers,
            photos=arguments.photos,
            brute_photos=arguments.brute_photos,
            processes=arguments.processes,
        )
    print("\n\n".join(tables(figures)))
    keep(arguments, "baseline", figures)


if __name__ == "__main__":
    main()
