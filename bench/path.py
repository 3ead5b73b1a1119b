"""Real covers and real phone photos through S3, the queue and HTTP: `python -m bench.path --data FOLDER [--photos FOLDER]`.

FOLDER holds `references/NNN.jpg`, `photos/NNN-anything.jpg` (each shows reference NNN) and `distractors/*.jpg`. All scans go through S3,
the queue and the ingestor; every photo is asked over HTTP. Then the references are deleted, again through the queue, and every photo is
asked once more: whatever is accepted now is a false accept.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypedDict

from bench.pipeline import BUCKET, Pipeline, memory_mib, pipeline
from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.settings import ApiSettings
from vinymatic.threads import limit_native_threads


class MatchJson(TypedDict):
    id: str
    score: float


class AnswerJson(TypedDict):
    verdict: str
    covers: list[MatchJson]
    candidates: list[MatchJson]
    timings_ms: dict[str, float]


@dataclass(frozen=True)
class Asked:
    """One photo's answer. `milliseconds`: the whole request, as the client sees it."""

    photo: str
    answer: AnswerJson
    milliseconds: float

    @property
    def truth(self) -> str:
        return f"references/{self.photo.split('-')[0]}.jpg"

    @property
    def accepted(self) -> str | None:
        return self.answer["covers"][0]["id"] if self.answer["covers"] else None

    @property
    def first(self) -> str | None:
        ranked = sorted(self.answer["covers"] + self.answer["candidates"], key=lambda match: -match["score"])
        return ranked[0]["id"] if ranked else None


@dataclass(frozen=True)
class Report:
    """Shares in percent, times in milliseconds, memory in MiB. The decode and SIFT row is the same work done alone in this very run."""

    covers: int
    photos: int
    top1: float
    accepted_right: float
    accepted_wrong: float
    false_accepts: int
    request_mean: float
    request_p95: float
    steps_mean: dict[str, float]
    steps_p95: dict[str, float]
    decode_and_sift_alone: float
    request_over_decode_and_sift: float
    api_rss: float
    ingestor_peak_rss: float
    index_bytes_a_cover: int
    ingest_images_a_second: float


def scans(data: Path) -> list[Path]:
    return [path for name in ("references", "distractors") for path in sorted((data / name).glob("*.jpg"))]


def ask_all(path: Pipeline, photos: Sequence[Path]) -> list[Asked]:
    asked = []
    for photo in photos:
        data = photo.read_bytes()
        begin = time.perf_counter()
        answer = path.http.post("/v1/search", content=data, headers={"Content-Type": "image/jpeg"})
        spent = (time.perf_counter() - begin) * 1_000
        answer.raise_for_status()
        asked.append(Asked(photo.name, answer.json(), spent))
    return asked


def upload(path: Pipeline, data: Path) -> int:
    files = scans(data)

    def put(file: Path) -> None:
        path.s3.put_object(Bucket=BUCKET, Key=file.relative_to(data).as_posix(), Body=file.read_bytes())

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(put, files))
    return len(files)


def decode_and_sift(photos: Sequence[Path]) -> float:
    """Mean milliseconds of a photo, in this process, one thread."""
    limit_native_threads()
    settings = ApiSettings()
    spec = FeatureSpec(128, settings.num_features, settings.nor_x, settings.nor_y)
    begin = time.perf_counter()
    for photo in photos:
        extract(
            decode(photo.read_bytes(), max_pixels=settings.max_pixels, reduce_to=(settings.nor_x, settings.nor_y)), spec
        )
    return (time.perf_counter() - begin) * 1_000 / len(photos)


def p95(values: Sequence[float]) -> float:
    return statistics.quantiles(values, n=20)[-1]


def measure(data: Path, photos: Sequence[Path], folder: Path) -> Report:
    with pipeline(folder, REFRESH_INTERVAL="0.5") as path:
        count = upload(path, data)
        print(f"uploaded {count} scans; ingesting", flush=True)
        begin = time.monotonic()
        path.ingestor.start()
        path.await_covers(count)
        rate = count / (time.monotonic() - begin)
        size = sum(file.stat().st_size for file in path.index.rglob("*") if file.is_file())
        print(f"{rate:.1f} images/s; asking {len(photos)} photos", flush=True)
        ask_all(path, photos[:5])  # warms the page cache and the threads
        asked = ask_all(path, photos)
        alone = decode_and_sift(photos)
        rss = memory_mib(path.api, "VmRSS")
        gone = sorted((data / "references").glob("*.jpg"))
        for file in gone:
            path.s3.delete_object(Bucket=BUCKET, Key=file.relative_to(data).as_posix())
        path.await_covers(count - len(gone))
        print("references deleted; asking again", flush=True)
        absent = ask_all(path, photos)
        peak = memory_mib(path.ingestor, "VmHWM")
    steps = sorted({step for item in asked for step in item.answer["timings_ms"]})
    by_step = {step: [item.answer["timings_ms"].get(step, 0.0) for item in asked] for step in steps}
    requests = [item.milliseconds for item in asked]
    for item in asked:
        if item.accepted != item.truth:
            print(f"  not accepted: {item.photo}: {item.answer['verdict']}, first {item.first}")
    for item in absent:
        if item.accepted is not None:
            print(f"  false accept: {item.photo}: {item.accepted} {item.answer['covers'][0]['score']:.2f}")
    return Report(
        covers=count,
        photos=len(photos),
        top1=100 * statistics.mean(item.first == item.truth for item in asked),
        accepted_right=100 * statistics.mean(item.accepted == item.truth for item in asked),
        accepted_wrong=100 * statistics.mean(item.accepted not in (None, item.truth) for item in asked),
        false_accepts=sum(item.accepted is not None for item in absent),
        request_mean=statistics.mean(requests),
        request_p95=p95(requests),
        steps_mean={step: statistics.mean(values) for step, values in by_step.items()},
        steps_p95={step: p95(values) for step, values in by_step.items()},
        decode_and_sift_alone=alone,
        request_over_decode_and_sift=statistics.mean(requests) / alone,
        api_rss=rss,
        ingestor_peak_rss=peak,
        index_bytes_a_cover=size // count,
        ingest_images_a_second=rate,
    )


def table(report: Report) -> str:
    lines = [
        "| measure | value |",
        "|---|---|",
        f"| covers / photos | {report.covers} / {report.photos} |",
        f"| top-1 | {report.top1:.1f} % |",
        f"| accepted and right | {report.accepted_right:.1f} % |",
        f"| accepted and wrong | {report.accepted_wrong:.1f} % |",
        f"| false accepts, true covers absent | {report.false_accepts} of {report.photos} |",
        f"| whole request, mean / p95 | {report.request_mean:.0f} / {report.request_p95:.0f} ms |",
    ]
    lines += [
        f"| · {step}, mean / p95 | {mean:.1f} / {report.steps_p95[step]:.1f} ms |"
        for step, mean in report.steps_mean.items()
    ]
    lines += [
        f"| decode + SIFT alone, same run | {report.decode_and_sift_alone:.0f} ms |",
        f"| whole request ÷ decode + SIFT | {report.request_over_decode_and_sift:.2f} |",
        f"| memory of the API (RSS) | {report.api_rss:.0f} MiB |",
        f"| peak memory of the ingestor | {report.ingestor_peak_rss:.0f} MiB |",
        f"| index on disk | {report.index_bytes_a_cover} bytes a cover |",
        f"| ingest, from queue to searchable | {report.ingest_images_a_second:.1f} images/s |",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--photos", type=Path, help="another folder of photos; default DATA/photos")
    parser.add_argument("--json", type=Path, help="write the figures here too")
    arguments = parser.parse_args()
    photos = sorted((arguments.photos or arguments.data / "photos").glob("*.jpg"))
    if not photos:
        parser.error("no photos found")
    with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as folder:
        report = measure(arguments.data, photos, Path(folder))
    print(table(report))
    if arguments.json:
        arguments.json.write_text(json.dumps(asdict(report), indent=2) + "\n")


if __name__ == "__main__":
    main()
