"""How soon a new scan can be found: `python -m bench.freshness`.

Generated sleeves are put into a bucket, one a second. Its event goes through the queue to `vinymatic ingest`, which commits to an index
on S3; `vinymatic serve` follows it. Measured is the time from the PUT of the scan to the first answer of the API that knows the cover (it
is asked every 50 ms), in two parts: until the manifest that holds the cover was written, and from there until the API served it.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import httpx

from bench.pipeline import BUCKET, INDEX_BUCKET, Pipeline, pipeline
from bench.tables import facts, p50_p95, parser_for, publish, quantile, say, table
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.settings import ApiSettings, IngestorSettings
from vinymatic.synth.sleeves import sleeve

POLL_SECONDS = 0.05
LAST_ONE_SECONDS = 120.0
MOST_COVERS = 900  # of one page of the API
_PREFIX = "measured/"
HEADER = (
    "BATCH_AGE, s",
    "REFRESH_INTERVAL, s",
    "covers",
    "to searchable p50 / p95, s",
    "most, s",
    "to the manifest p50 / p95, s",
    "from there p50 / p95, s",
    "commits a minute",
)


@dataclass(frozen=True)
class Pace:
    """The two settings that decide, in seconds."""

    batch_age: float
    refresh_interval: float

    @classmethod
    def default(cls) -> Pace:
        return cls(IngestorSettings().batch_age, ApiSettings().refresh_interval)

    @classmethod
    def parsed(cls, text: str) -> Pace:
        """`BATCH_AGE:REFRESH_INTERVAL`. Raises `ValueError`."""
        age, interval = text.split(":")
        return cls(float(age), float(interval))


@dataclass(frozen=True)
class Followed:
    """One cover's way, in Unix seconds. `manifest`: the number of the one that holds it."""

    put_at: float
    served_at: float
    manifest: int


def follow(path: Pipeline, scans: Sequence[bytes]) -> list[Followed]:
    """Puts one scan a second and watches for each. Raises `TimeoutError` when one does not come."""
    put_at: dict[str, float] = {}
    found: dict[str, Followed] = {}
    begin = time.monotonic()
    while len(found) < len(scans):
        elapsed = time.monotonic() - begin
        if len(put_at) < len(scans) and elapsed >= len(put_at):
            key = f"{_PREFIX}{len(put_at):04d}.jpg"
            put_at[key] = time.time()
            path.s3.put_object(Bucket=BUCKET, Key=key, Body=scans[len(put_at) - 1])
        for key, manifest in served(path.http).items():
            if key not in found:
                found[key] = Followed(put_at[key], time.time(), manifest)
        if elapsed > len(scans) + LAST_ONE_SECONDS:
            raise TimeoutError(f"{len(scans) - len(found)} covers did not become searchable")
        time.sleep(POLL_SECONDS)
    return list(found.values())


def served(http: httpx.Client) -> dict[str, int]:
    """The measured covers that the API knows, and their manifests."""
    answer = http.get("/v1/covers", params={"prefix": _PREFIX, "limit": 1_000})
    answer.raise_for_status()
    return {cover["id"]: int(cover["manifest"]) for cover in answer.json()["covers"]}


def written_at(path: Pipeline, number: int) -> float:
    data = path.s3.get_object(Bucket=INDEX_BUCKET, Key=f"main/{manifest_key(number)}")["Body"].read()
    return datetime.fromisoformat(Manifest.from_json(data).created_at).timestamp()


def measure(pace: Pace, scans: Sequence[bytes], folder: Path) -> tuple[str, ...]:
    settings = {
        "INDEX_URL": f"s3://{INDEX_BUCKET}/main",
        "RETRAINING_INTERVAL": "0",
        "BATCH_AGE": str(pace.batch_age),
        "REFRESH_INTERVAL": str(pace.refresh_interval),
    }
    with pipeline(folder, **settings) as path:
        path.ingestor.start()
        # The first cover finds everything cold: codebook, connections, threads.
        path.s3.put_object(Bucket=BUCKET, Key="first.jpg", Body=scans[0])
        path.await_covers(1)
        begin = time.monotonic()
        followed = follow(path, scans)
        minutes = (time.monotonic() - begin) / 60
        times = {number: written_at(path, number) for number in {one.manifest for one in followed}}
    whole = [one.served_at - one.put_at for one in followed]
    committed = [times[one.manifest] - one.put_at for one in followed]
    loaded = [one.served_at - times[one.manifest] for one in followed]
    say(f"{pace}: p50 / p95 {p50_p95(whole)} s")
    return (
        f"{pace.batch_age:g}",
        f"{pace.refresh_interval:g}",
        str(len(whole)),
        p50_p95(whole),
        f"{quantile(whole, 1.0):.2f}",
        p50_p95(committed),
        p50_p95(loaded),
        f"{len(times) / minutes:.0f}",
    )


def main() -> None:
    parser = parser_for(__doc__)
    parser.add_argument("--covers", type=int, default=45, help=f"for each row, one a second; at most {MOST_COVERS}")
    parser.add_argument(
        "--paces",
        nargs="+",
        type=Pace.parsed,
        metavar="AGE:INTERVAL",
        default=[Pace.default(), Pace(5.0, 2.0)],
        help="settings to measure; by default the default ones and slower ones",
    )
    arguments = parser.parse_args()
    count = min(arguments.covers, MOST_COVERS)
    say(f"painting {count} sleeves")
    scans = [sleeve(7_000_000 + seed).jpeg() for seed in range(count)]
    rows = []
    for pace in arguments.paces:
        with tempfile.TemporaryDirectory(prefix="vinymatic-bench-") as folder:
            rows.append(measure(pace, scans, Path(folder)))
    about = facts(f"ministack {version('ministack')} for scans, queue and index; one ingestor, one API")
    publish("freshness", [about, table(HEADER, rows)], arguments.write)


if __name__ == "__main__":
    main()
