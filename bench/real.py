"""Real phone photos of real covers, by the API's own code in one process: `python -m bench.real --data FOLDER`.

The catalogue holds the references, the distractors and, up to `--covers`, generated sleeves and covers that are made up of descriptors
alone. Every photo is asked, then again with the references deleted: whatever is accepted then is a false accept. Times are of one thread;
what they are compared with runs between them, photo by photo.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from bench.asking import Alone, Answer, Asker, Question, failures
from bench.catalogue import Data, catalogue, folder_for_work, reader, sleeves, without
from bench.figures import at_false_accepts, curve, histogram, upper_bound
from bench.ingesting import ingest_over_alone
from bench.processes import alone, resident_mebibytes
from bench.real_tables import tables
from bench.record import keep, parser_for
from bench.tables import mean, quantile, say
from vinymatic.index.results import Effort
from vinymatic.index.snapshot import Snapshot
from vinymatic.threads import limit_native_threads, preset_native_threads, usable_cores

MOST_SLEEVES = 400
# What phones send.
LARGE = (4_032, 3_024)
LARGE_QUALITY = 90
EFFORTS = tuple(Effort)
ONE = "one cover"
INGESTED = 64


@dataclass
class Measured:
    """`alone`: milliseconds of decode and SIFT alone, of each photo, in the order of the answers."""

    present: dict[Effort, list[Answer]]
    absent: dict[Effort, list[Answer]]
    alone: list[float]
    large: list[tuple[float, float]]


def questions(data: Data, most: int | None) -> list[Question]:
    asked = []
    for path in data.files("photos")[:most]:
        number, _, phone = path.stem.partition("-")
        asked.append(Question(path.name, path.read_bytes(), (f"{number}.jpg",), phone))
    return asked


def ask_present(snapshot: Snapshot, asked: Sequence[Question]) -> tuple[dict[Effort, list[Answer]], list[float]]:
    asker, bare = Asker(), Alone()
    answers: dict[Effort, list[Answer]] = {effort: [] for effort in EFFORTS}
    times = []
    for number, question in enumerate(asked):
        if number == 0:  # warms the page cache and the detectors
            bare.milliseconds(question.photo)
            for effort in EFFORTS:
                asker.ask(snapshot, question, effort)
        times.append(bare.milliseconds(question.photo))
        for effort in EFFORTS:
            answers[effort].append(asker.ask(snapshot, question, effort))
    return answers, times


def ask_absent(snapshot: Snapshot, asked: Sequence[Question]) -> dict[Effort, list[Answer]]:
    asker = Asker()
    return {effort: [asker.ask(snapshot, question, effort) for question in asked] for effort in EFFORTS}


def ask_large(snapshot: Snapshot, asked: Sequence[Question]) -> list[tuple[float, float]]:
    """Milliseconds of each photo as a file of 12 megapixels, and as it is."""
    asker, pairs = Asker(), []
    for question in asked:
        image = np.asarray(cv2.imdecode(np.frombuffer(question.photo, np.uint8), cv2.IMREAD_COLOR))
        size = LARGE if image.shape[1] >= image.shape[0] else LARGE[::-1]
        enlarged = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        _, file = cv2.imencode(".jpg", enlarged, [cv2.IMWRITE_JPEG_QUALITY, LARGE_QUALITY])
        large = Question(question.name, file.tobytes(), question.truths)
        pairs.append((asker.ask(snapshot, large).milliseconds, asker.ask(snapshot, question).milliseconds))
    return pairs


def memory(place: Path, asked: Sequence[Question]) -> dict[str, float]:
    """MiB of a process before it opens the index, after, and after it has answered. A job of its own."""
    limit_native_threads()
    before = resident_mebibytes()
    opened = reader(place)
    with opened.acquire() as snapshot:
        after = resident_mebibytes()
        for question in asked:
            Asker().ask(snapshot, question)
        return {"before it is opened": before, "opened": after, "asked": resident_mebibytes()}


def bytes_a_cover(snapshot: Snapshot) -> dict[str, float]:
    covers = sum(len(segment.table) for segment in snapshot.segments)
    entries = snapshot.manifest.segments
    parts = {
        "cover table": sum(entry.covers_file.size for entry in entries),
        "points": sum(segment.packed_points.nbytes for segment in snapshot.segments),
        "descriptors": sum(segment.descriptors.nbytes for segment in snapshot.segments),
        "thumbnails": sum(segment.thumbnails.nbytes for segment in snapshot.segments),
        "codes": sum(entry.codes[snapshot.epoch].size for entry in entries),
    }
    return {name: size / max(1, covers) for name, size in parts.items()}


def recall(present: Sequence[Answer], absent: Sequence[Answer]) -> dict[str, Any]:
    points = curve([answer.scored for answer in present], [answer.score for answer in absent])
    best = at_false_accepts(points, 0.0)
    false = sum(bool(answer.accepted) for answer in absent)
    return {
        "photos": len(present),
        "top1": sum(answer.top1 for answer in present),
        "right": sum(answer.right for answer in present),
        "wrong": sum(answer.wrong for answer in present),
        "absent": len(absent),
        "false_accepts": false,
        "false_accepts_bound": upper_bound(false, len(absent)),
        "right_at_no_false_accept": best.right if best else 0.0,
        "threshold_at_no_false_accept": best.threshold if best else 1.0,
    }


def figures_of(measured: Measured, parts: dict[str, float], resident: dict[str, float], covers: int) -> dict[str, Any]:
    present, absent = measured.present, measured.absent
    usual = present[Effort.STANDARD]
    phones = sorted({answer.group for answer in usual})
    steps = sorted({step for answer in usual for step in answer.steps})
    by_step = {step: [answer.steps.get(step, 0.0) for answer in usual] for step in steps}
    ratios = {
        effort: statistics.median(a.milliseconds / t for a, t in zip(present[effort], measured.alone, strict=True))
        for effort in EFFORTS
    }
    of_phone = {
        phone: recall(*([a for a in some[Effort.STANDARD] if a.group == phone] for some in (present, absent)))
        for phone in phones
    }
    return {
        "by_effort": {effort: recall(present[effort], absent[effort]) for effort in EFFORTS},
        "by_phone": of_phone,
        "scores": {
            effort: {
                "present": [(round(a.score, 4), a.top1) for a in present[effort]],
                "absent": [round(a.score, 4) for a in absent[effort]],
                "histogram_present": histogram([a.score for a in present[effort]]),
                "histogram_absent": histogram([a.score for a in absent[effort]]),
            }
            for effort in EFFORTS
        },
        "milliseconds": {
            effort: {"median": statistics.median(times), "mean": mean(times), "p95": quantile(times, 0.95)}
            for effort in EFFORTS
            if (times := [answer.milliseconds for answer in present[effort]])
        },
        "milliseconds_absent": {
            effort: statistics.median(answer.milliseconds for answer in absent[effort]) for effort in EFFORTS
        },
        "steps": {
            step: {"median": statistics.median(times), "mean": mean(times), "p95": quantile(times, 0.95)}
            for step, times in by_step.items()
        },
        "alone_median": statistics.median(measured.alone),
        "over_alone": ratios,
        "large_over_small": statistics.median(large / small for large, small in measured.large),
        "large_median": statistics.median(large for large, _ in measured.large),
        "resident": resident,
        # Between a process with one cover and one with all: what both hold is not the covers'.
        "resident_bytes_a_cover": (resident[f"{covers:,} covers, asked"] - resident[f"{ONE}, asked"])
        * (1 << 20)
        / covers,
        "bytes_a_cover": parts,
        "not_right": {effort: failures(present[effort]) for effort in EFFORTS},
        "accepted_though_absent": {
            effort: [f"{a.name}: {', '.join(a.accepted)} {a.score:.2f}" for a in absent[effort] if a.accepted]
            for effort in EFFORTS
        },
    }


def measure(arguments: argparse.Namespace, data: Data, work: Path) -> dict[str, Any]:
    references, distractors = data.sources("references"), data.sources("distractors")
    scans = [*references, *distractors][: arguments.covers]
    generated = sleeves(min(MOST_SLEEVES, arguments.covers - len(scans)))
    made_up = arguments.covers - len(scans) - len(generated)
    place = catalogue(work, [*scans, *generated], made_up, arguments.processes)
    asked = questions(data, arguments.photos)
    say(f"asking {len(asked)} photos")
    with reader(place).acquire() as snapshot:
        parts = bytes_a_cover(snapshot)
        present, bare = ask_present(snapshot, asked)
        ingest = ingest_over_alone(distractors[:INGESTED], snapshot.codebook)
        large = ask_large(snapshot, asked[:: max(1, len(asked) // arguments.large)])
    say("asking them again, their covers deleted")
    with tempfile.TemporaryDirectory(dir=work) as copy:
        left = without(place, Path(copy) / "absent", [source.id for source in references])
        with reader(left).acquire() as snapshot:
            absent = ask_absent(snapshot, asked)
    smallest = catalogue(work, scans[:1], 0, 1)
    resident = {
        f"{name}, {when}": value
        for name, index in ((ONE, smallest), (f"{arguments.covers:,} covers", place))
        for when, value in alone(partial(memory, index, asked[:20])).items()
    }
    figures = figures_of(Measured(present, absent, bare, large), parts, resident, arguments.covers)
    figures["ingest"] = ingest
    figures["covers"] = {"scans": len(scans), "generated sleeves": len(generated), "descriptors alone": made_up}
    return figures


def main() -> None:
    parser = parser_for(__doc__, data=True)
    parser.add_argument("--covers", type=int, default=1_600)
    parser.add_argument("--photos", type=int, help="at most so many of the photos")
    parser.add_argument("--large", type=int, default=30, help="photos that are asked at 12 megapixels, too")
    parser.add_argument("--processes", type=int, default=usable_cores(), help="that describe covers")
    arguments = parser.parse_args()
    data = Data(arguments.data)
    data.require_all()
    preset_native_threads()
    limit_native_threads()
    with folder_for_work(arguments.work) as work:
        figures = measure(arguments, data, work)
    print("\n\n".join(tables(figures)))
    for line in figures["not_right"][Effort.STANDARD]:
        say(f"not right: {line}")
    keep(arguments, "real", figures)


if __name__ == "__main__":
    main()
