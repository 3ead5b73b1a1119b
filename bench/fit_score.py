"""Fits the weights of the score: `python -m bench.fit_score --data FOLDER [--covers N]`.

Simulated: two thirds of the scans in FOLDER/distractors, and generated sleeves in series that share a layout, make the catalogue; photos
of them and of the covers that were left out are searched. Real: the photos in FOLDER/photos, once with FOLDER/references in the catalogue
and once without. Each photo's best candidate and the two behind it are rows, right or wrong. Covers whose own clean scan already matches
the catalogue (the same artwork under another title) are left out: there a "false" accept is the truth. Weights are fitted on one half of
the covers and judged on the other.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.extract import scale_into_box
from vinymatic.features.model import FeatureModel
from vinymatic.index.search import Candidate, search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.timing import StepTimer
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve
from vinymatic.threads import limit_native_threads

NAMES = ("inliers", "weighted_coverage", "visible_ratio", "margin", "hull", "coverage", "correlation")
PHOTO = FeatureSpec(num_features=500, nor_x=480, nor_y=480)
COVER = FeatureSpec()
SERIES = 12
SLEEVES = 240
ROWS_A_PHOTO = 3


@dataclass(frozen=True)
class Row:
    """One candidate of one photo. `fold`: by cover. `absent`: whether the photo's cover is not in the catalogue. `level`: or `real`."""

    signals: tuple[float, ...]
    right: bool
    rank: int
    fold: int
    absent: bool
    level: str
    photo: str
    cover: str


def scans(data: Path, count: int) -> Iterator[tuple[str, bytes]]:
    files = sorted((data / "distractors").glob("*.jpg"))
    for path in files[:count]:
        yield path.name, path.read_bytes()
    for seed in range(SLEEVES):
        made = sleeve(5_000_000 + seed, series=seed % SERIES)
        yield f"sleeve-{seed}", made.jpeg()


def candidates_of(snapshot: Snapshot, photo: bytes) -> list[Candidate]:
    picture = decode(photo, max_pixels=10**8, reduce_to=(PHOTO.nor_x, PHOTO.nor_y))
    features = extract(picture, PHOTO)
    return search(snapshot, features, scale_into_box(picture.grey, PHOTO.nor_x, PHOTO.nor_y), StepTimer())


def is_same_artwork(snapshot: Snapshot, scan: bytes) -> bool:
    found = candidates_of(snapshot, scan)
    return bool(found) and found[0].evidence.hull > 0.4 and (found[0].correlation or 0) > 0.6


def rows_of(snapshot: Snapshot, photo: bytes, name: str, *, fold: int, absent: bool, level: str) -> Iterator[Row]:
    for rank, candidate in enumerate(candidates_of(snapshot, photo)[:ROWS_A_PHOTO]):
        cover = snapshot.cover_id(candidate.number)
        yield Row(candidate.signals, cover == name, rank, fold, absent, level, name, cover)


def collect_real(data: Path, count: int, folder: Path) -> list[Row]:
    references = [(path.name, path.read_bytes()) for path in sorted((data / "references").glob("*.jpg"))]
    others = [(path.name, path.read_bytes()) for path in sorted((data / "distractors").glob("*.jpg"))[:count]]
    store = open_store(folder.as_uri())
    writer = make_index(store, folder, references + others)
    rows: list[Row] = []
    for absent in (False, True):
        if absent:
            writer.commit(Batch(deletes=[name for name, _ in references]))
        reader = Reader(store, folder / "cache", dimensions=128)
        reader.refresh()
        with reader.acquire() as snapshot:
            for photo in sorted((data / "photos").glob("*.jpg")):
                name = photo.name.split("-")[0] + ".jpg"
                fold = int(photo.name.split("-")[0]) % 2
                rows += rows_of(snapshot, photo.read_bytes(), name, fold=fold, absent=absent, level="real")
        print(f"real photos, {absent=}: {len(rows)} rows", flush=True)
    return rows


def make_index(store: ObjectStore, folder: Path, covers: list[tuple[str, bytes]]) -> Writer:
    writer = Writer(store, folder / "work", COVER, writer="fit")
    writer.open()
    writer.commit(
        Batch([prepare(d, id=n, etag="1", spec=COVER, model=FeatureModel(), max_pixels=10**8) for n, d in covers])
    )
    return writer


def collect(data: Path, count: int, folder: Path) -> list[Row]:
    store = open_store(folder.as_uri())
    everything = list(scans(data, count))
    present = [item for number, item in enumerate(everything) if number % 3]
    make_index(store, folder, present)
    reader = Reader(store, folder / "cache", dimensions=128)
    reader.refresh()
    rows: list[Row] = []
    with reader.acquire() as snapshot:
        for number, (name, scan) in enumerate(everything):
            absent = number % 3 == 0
            # As many photos of absent covers as of present ones.
            if number % 3 == 2 or (absent and is_same_artwork(snapshot, scan)):
                continue
            image = np.asarray(cv2.imdecode(np.frombuffer(scan, np.uint8), cv2.IMREAD_COLOR), np.uint8)
            for level in (Level.HARD, (Level.EASY, Level.MEDIUM)[number // 6 % 2]):
                photo = simulate(image, number, level).jpeg()
                rows += rows_of(snapshot, photo, name, fold=number // 3 % 2, absent=absent, level=level)
            if number % 60 == 0:
                print(f"{number}/{len(everything)} covers, {len(rows)} rows", flush=True)
    return rows


def fit(rows: list[Row], ridge: float = 0.3) -> NDArray[np.float64]:
    """Bias and weights by Newton's method on the regularised log likelihood."""
    x = np.array([(1.0, *row.signals) for row in rows])
    y = np.array([row.right for row in rows], float)
    penalty = ridge * np.eye(x.shape[1])
    penalty[0, 0] = 1e-6
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-np.clip(x @ weights, -40, 40)))
        gradient = x.T @ (y - p) - penalty @ weights
        hessian = (x * (p * (1 - p))[:, None]).T @ x + penalty
        weights = weights + np.linalg.solve(hessian, gradient)
    return weights


def judge(rows: list[Row], weights: NDArray[np.float64]) -> None:
    def score(row: Row) -> float:
        return float(1 / (1 + np.exp(-np.clip(np.dot(weights, (1.0, *row.signals)), -40, 40))))

    first = [row for row in rows if row.rank == 0]
    for level in (*Level, "real"):
        own = [row for row in first if row.level == level and not row.absent]
        other = [row for row in first if row.level == level and row.absent]
        right = np.mean([row.right and score(row) >= 0.5 for row in own])
        wrong = sum(not row.right and score(row) >= 0.5 for row in own)
        false = sum(score(row) >= 0.5 for row in other)
        for row in first:
            if row.level == level and not row.right and score(row) >= 0.5:
                print(f"    {row.photo} taken for {row.cover}: {score(row):.2f}")
        print(
            f"  {level}: of {len(own)} with a candidate {right:.1%} right, {wrong} wrong; absent: {false} of {len(other)} accepted"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--covers", type=int, default=1_500)
    parser.add_argument("--rows", type=Path, help="keep the rows in this file, or read them from it when it is there")
    arguments = parser.parse_args()
    limit_native_threads()
    if arguments.rows and arguments.rows.exists():
        rows = [Row(**record) for record in json.loads(arguments.rows.read_text())]
    else:
        with tempfile.TemporaryDirectory() as folder:
            rows = collect_real(arguments.data, arguments.covers, Path(folder) / "real")
            rows += collect(arguments.data, arguments.covers, Path(folder) / "simulated")
        if arguments.rows:
            arguments.rows.write_text(json.dumps([row.__dict__ for row in rows]))
    print(f"{len(rows)} rows, {sum(row.right for row in rows)} right")
    for fold in (0, 1):
        print(f"fitted on half {1 - fold}, judged on half {fold}:")
        judge([r for r in rows if r.fold == fold], fit([r for r in rows if r.fold != fold]))
    print("weights from all rows:")
    for name, weight in zip(("bias", *NAMES), fit(rows), strict=True):
        print(f"    {name}={weight:.2f},")


if __name__ == "__main__":
    main()
