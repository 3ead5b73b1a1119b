"""What the shipped weights are fitted on: photos, simulated and real, asked with their covers in the catalogue and without."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import cv2
import numpy as np

from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.index.query import PreparedPhoto, prepare_photo
from vinymatic.index.results import Effort
from vinymatic.index.search import search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.steps import STANDARD
from vinymatic.index.timing import StepTimer
from vinymatic.lifecycle.calibration_asking import Asked, is_same_artwork, prepared_for_steps, rows_at_steps
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.reader import Reader
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.settings import ApiSettings
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve

DEFAULTS = ApiSettings()
PHOTO = FeatureSpec(DEFAULTS.sift_dimensions, DEFAULTS.num_features, DEFAULTS.nor_x, DEFAULTS.nor_y)
COVER = FeatureSpec()
REAL = "real"
GROUPS = (*(level.value for level in Level), REAL)
SERIES = 12
SLEEVES = 240

Scan = tuple[str, bytes]


def collect(data: Path, count: int, folder: Path) -> list[Asked]:
    """Every question of a run. `count`: of the scans in `data`/distractors."""
    return [*_real(data, count, folder / "real"), *_simulated(data, count, folder / "simulated")]


def _real(data: Path, count: int, folder: Path) -> Iterator[Asked]:
    references = [(path.name, path.read_bytes()) for path in sorted((data / "references").glob("*.jpg"))]
    store = open_store(folder.as_uri())
    writer = _make_index(store, folder, references + list(_scans(data, count)))
    whole = Reader(store, folder / "whole", dimensions=COVER.dimensions)
    whole.refresh()
    writer.commit(Batch(deletes=[name for name, _ in references]))
    lacking = Reader(store, folder / "lacking", dimensions=COVER.dimensions)
    lacking.refresh()
    photos = sorted((data / "photos").glob("*.jpg"))
    with whole.acquire() as with_covers, lacking.acquire() as without_covers:
        for place, path in enumerate(photos):
            number = path.name.split("-")[0]
            photo = _prepared(path.read_bytes(), with_covers.model)
            for present, snapshot in ((True, with_covers), (False, without_covers)):
                rows = rows_at_steps(snapshot, photo, PHOTO, {f"{number}.jpg"})
                yield Asked(path.name, REAL, int(number) % 2, present, rows)
            _say("real photos", place, len(photos), every=20)


def _simulated(data: Path, count: int, folder: Path) -> Iterator[Asked]:
    store = open_store(folder.as_uri())
    everything = [*_scans(data, count), *_sleeves()]
    _make_index(store, folder, [item for number, item in enumerate(everything) if number % 3])
    with _newest(store, folder / "cache") as snapshot:
        for number, (name, scan) in enumerate(everything):
            present = number % 3 != 0
            # As many photos of absent covers as of present ones.
            if number % 3 == 2 or (not present and _has_same_artwork(snapshot, scan)):
                continue
            image = np.asarray(cv2.imdecode(np.frombuffer(scan, np.uint8), cv2.IMREAD_COLOR), np.uint8)
            for level in (Level.HARD, (Level.EASY, Level.MEDIUM)[number // 6 % 2]):
                photo = _prepared(simulate(image, number, level).jpeg(), snapshot.model)
                rows = rows_at_steps(snapshot, photo, PHOTO, {name})
                yield Asked(f"{name} {level.value}", level.value, number // 3 % 2, present, rows)
            _say("covers", number, len(everything), every=60)


def _scans(data: Path, count: int) -> Iterator[Scan]:
    for path in sorted((data / "distractors").glob("*.jpg"))[:count]:
        yield path.name, path.read_bytes()


def _sleeves() -> Iterator[Scan]:
    for seed in range(SLEEVES):
        yield f"sleeve-{seed}", sleeve(5_000_000 + seed, series=seed % SERIES).jpeg()


def _make_index(store: ObjectStore, folder: Path, covers: list[Scan]) -> Writer:
    writer = Writer(store, folder / "work", COVER, writer="fit")
    writer.open()
    writer.commit(
        Batch([prepare(d, id=n, etag="1", spec=COVER, model=FeatureModel(), max_pixels=10**8) for n, d in covers])
    )
    return writer


def _newest(store: ObjectStore, cache: Path) -> AbstractContextManager[Snapshot]:
    reader = Reader(store, cache, dimensions=COVER.dimensions)
    reader.refresh()
    return reader.acquire()


def _prepared(photo: bytes, model: FeatureModel) -> dict[Effort, PreparedPhoto]:
    def described(spec: FeatureSpec) -> PreparedPhoto:
        return prepare_photo(photo, spec, model, max_pixels=10**8, timer=StepTimer())

    return prepared_for_steps(described, PHOTO)


def _has_same_artwork(snapshot: Snapshot, scan: bytes) -> bool:
    """Then accepting it for a cover that was left out is the truth."""
    photo = _prepared(scan, snapshot.model)[STANDARD.name]
    found = search(snapshot, STANDARD.searched(photo.features, PHOTO), photo.boxed, StepTimer())
    return bool(found) and is_same_artwork(found[0])


def _say(what: str, done: int, total: int, *, every: int) -> None:
    if done % every == 0:
        print(f"{what}: {done}/{total}", flush=True)
