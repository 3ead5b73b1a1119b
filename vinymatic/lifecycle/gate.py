"""The gate: does the candidate find covers as well as the active epoch, accept no more that is wrong, and take no longer?

Both are asked the same photos: simulated ones of the index's own covers, and the user's labelled ones where given. The report is written
beside the index (`gates/`); no manifest is changed, `promotion` reads the report.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import EpochError
from vinymatic.index.manifest import CodebookEntry, Manifest
from vinymatic.index.results import SearchOptions
from vinymatic.index.score_weights import SHIPPED, StepWeights
from vinymatic.index.snapshot import open_snapshot
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.epochs import require_whole
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.gate_asking import Pair, Photo, measure
from vinymatic.lifecycle.gate_decision import failures
from vinymatic.lifecycle.gate_page import write_gate_page
from vinymatic.lifecycle.gate_photos import Question, choose, simulated_photo, without
from vinymatic.lifecycle.gate_report import GatePolicy, GateReport, Round, write_gate_report
from vinymatic.lifecycle.labelled import Label, PhotoLimits, open_photo, photo_limits, read_labels
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore

__all__ = ["GatePolicy", "gate"]

SIMULATED, LABELLED = "simulated", "labelled"
_NAMED_IN_NOTES = 3


def gate(
    store: ObjectStore,
    work: Path,
    *,
    policy: GatePolicy | None = None,
    labelled: ObjectStore | None = None,
    limits: PhotoLimits | None = None,
    options: SearchOptions | None = None,
    weights: StepWeights = SHIPPED,
    progress: Progress = no_progress,
) -> GateReport:
    """Measures the candidate against the active epoch and writes the report.

    `work`: a folder for fetched files, which are gone afterwards. `labelled`: holds labels.csv and the photos (`labelled`). `limits`,
    `options`, `weights`: how the API reads its photos and what it accepts; by default as with its default settings. `progress` is told of
    the steps `simulated` and `labelled`.
    Raises `NoIndexError`, `EpochError` (no candidate, or a segment lacks its encoding), `ListingError` (a label or its photo),
    `CorruptFileError`, `StorageError`.
    """
    policy = policy or GatePolicy()
    manifest = require_newest(store)
    epoch = manifest.candidate_epoch
    if epoch is None:
        raise EpochError("there is no candidate to measure; `vinymatic train` makes one")
    require_whole(manifest, epoch)
    labels = None if labelled is None else read_labels(labelled)
    work.mkdir(parents=True, exist_ok=True)
    # A folder of its own, gone afterwards: a search reads descriptors, which are more than a writer's disk should keep.
    with TemporaryDirectory(dir=work, prefix="gate-") as folder:
        measurement = _Measurement(
            manifest,
            manifest.codebooks[epoch],
            FileCache(store, Path(folder)),
            options or SearchOptions(),
            weights,
            progress,
        )
        rounds = [measurement.simulated(policy.photos)]
        if labelled is not None and labels is not None:
            rounds.append(measurement.labelled(labelled, labels, limits or photo_limits(manifest.dimensions)))
    report = GateReport(
        epoch=epoch,
        codebook=manifest.codebooks[epoch].file.sha256,
        number=manifest.number,
        measured_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        rounds=tuple(rounds),
        failures=failures(rounds, policy),
        policy=policy,
        notes=tuple(measurement.notes),
    )
    # The page first: where there is a report that counts, there is its page.
    write_gate_page(store, report)
    write_gate_report(store, report)
    return report


class _Measurement:
    def __init__(
        self,
        manifest: Manifest,
        book: CodebookEntry,
        files: FileCache,
        options: SearchOptions,
        weights: StepWeights,
        progress: Progress,
    ) -> None:
        self._manifest = manifest
        self._book = book
        self._files = files
        self._options = options
        self._weights = weights
        self._progress = progress
        self._pair: Pair | None = None
        self.notes: list[str] = []

    def simulated(self, count: int) -> Round:
        questions = choose(self._manifest, count, seed=int(self._book.file.sha256[:16], 16))
        if len(questions) < count:
            self.notes.append(
                f"{len(questions)} simulated photos instead of {count}: the index holds no more covers"
                if questions
                else "the index holds no cover: no photo was simulated"
            )
        pair = self._open(without(self._manifest, (asked.number for asked in questions if not asked.present)))
        return measure(SIMULATED, pair, self._simulated_photos(pair, questions), self._options, self._weights)

    def labelled(self, store: ObjectStore, labels: list[Label], limits: PhotoLimits) -> Round:
        if not labels:
            self.notes.append(f"labels.csv in {store.url} names no photo")
        pair = self._open(self._manifest)
        named = {label.cover for label in labels if label.cover is not None}
        lacking = sorted(cover for cover in named if cover not in pair.active)
        if lacking:
            some = ", ".join(repr(cover) for cover in lacking[:_NAMED_IN_NOTES])
            more = f" and {len(lacking) - _NAMED_IN_NOTES} more" if len(lacking) > _NAMED_IN_NOTES else ""
            self.notes.append(f"labels.csv names covers that the index lacks; they count as absent: {some}{more}")
        photos = self._labelled_photos(pair, store, labels, named.difference(lacking), limits)
        return measure(LABELLED, pair, photos, self._options, self._weights)

    def _simulated_photos(self, pair: Pair, questions: list[Question]) -> Iterator[Photo]:
        for place, asked in enumerate(questions):
            self._progress(SIMULATED, place, len(questions))
            features, picture = simulated_photo(pair.active, asked)
            yield Photo(features, picture, pair.active.cover_id(asked.number) if asked.present else None)
        self._progress(SIMULATED, len(questions), len(questions))

    def _labelled_photos(
        self, pair: Pair, store: ObjectStore, labels: list[Label], held: set[str], limits: PhotoLimits
    ) -> Iterator[Photo]:
        for place, label in enumerate(labels):
            self._progress(LABELLED, place, len(labels))
            photo = open_photo(store, label, pair.active.model, limits)
            yield Photo(photo.features, photo.boxed, label.cover if label.cover in held else None)
        self._progress(LABELLED, len(labels), len(labels))

    def _open(self, manifest: Manifest) -> Pair:
        """Under both epochs; shares whatever an earlier pair has loaded."""
        before, resolve = self._pair, self._files.resolve
        active = open_snapshot(manifest, resolve, before.active if before else None)
        candidate = open_snapshot(manifest, resolve, before.candidate if before else active, epoch=self._book.epoch)
        self._pair = Pair(active, candidate)
        return self._pair
