"""Weights of the score from the user's own labelled photos: the index is asked as the API asks it, at every step of the cascade.

A photo of a cover of the index is asked a second time with that cover left out, so that there are photos of absent covers that look like
the catalogue's own. The index is only read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import ListingError
from vinymatic.features import FeatureSpec
from vinymatic.index.manifest import Manifest
from vinymatic.index.query import PreparedPhoto
from vinymatic.index.results import Effort
from vinymatic.index.score_weights import SHIPPED, FittedFeatures, Provenance, StepWeights, dump_weights
from vinymatic.index.snapshot import Snapshot, open_snapshot
from vinymatic.lifecycle.calibration_asking import Asked, prepared_for_steps, rows_at_steps, same_artwork
from vinymatic.lifecycle.calibration_steps import FOLDS, Judged, StepPriors, cross_fitted, doubts, fitted, judge
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.gate_photos import without
from vinymatic.lifecycle.labelled import Label, PhotoLimits, open_photo, read_labels
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore

ASKED = "asked"
LABELLED = "labelled"
# The shipped weights are worth so many undecided candidates. Few photos leave any, so a handful of them changes little.
PRIOR = StepPriors(SHIPPED, strength=40.0)
# Fewer photos of covers of the index, and one of them changes what is printed.
FEW_PHOTOS = 100
_NAMED_IN_NOTES = 3


@dataclass(frozen=True)
class Calibration:
    """`present`, `absent`: labelled photos whose cover the index holds or lacks. `judged`: on the half of the covers not fitted on.

    `weights`: fitted on all of them. `notes`: what makes the figures doubtful.
    """

    manifest: int
    present: int
    absent: int
    covers: int
    in_use: StepWeights
    weights: StepWeights
    judged: tuple[Judged, ...]
    notes: tuple[str, ...]
    provenance: Provenance

    def file(self) -> bytes:
        return dump_weights(self.weights.name, self.provenance, dict(self.weights.by_step))


def calibrate(
    store: ObjectStore,
    work: Path,
    photos: ObjectStore,
    *,
    limits: PhotoLimits,
    threshold: float,
    in_use: StepWeights = SHIPPED,
    progress: Progress = no_progress,
) -> Calibration:
    """Fits the score's weights on `photos`, which hold labels.csv (`labelled`), and judges them beside those `in_use`.

    `work`: a folder for fetched files, which are gone afterwards. `limits`, `threshold`: how the API reads its photos and what it accepts.
    Raises `NoIndexError`, `ListingError` (a label or its photo, or no photo at all), `CorruptFileError`, `StorageError`.
    """
    manifest = require_newest(store)
    labels = read_labels(photos)
    if not labels:
        raise ListingError(f"labels.csv in {photos.url} names no photo")
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="calibrate-") as folder:
        catalogue = _Catalogue(manifest, FileCache(store, Path(folder)), labels)
        asked = _ask(catalogue, photos, labels, limits, progress)
    today = datetime.now(UTC).date().isoformat()
    weights = fitted(asked, PRIOR, f"calibrated-{today}")
    judged = judge(asked, in_use, cross_fitted(asked, PRIOR), threshold)
    present = sum(one.present for one in asked)
    return Calibration(
        manifest=manifest.number,
        present=present,
        absent=len(labels) - present,
        covers=len(catalogue.held),
        in_use=in_use,
        weights=weights,
        judged=tuple(judged),
        notes=(*catalogue.notes, *_doubts(present, judged), *doubts(asked, weights)),
        provenance=_provenance(today, photos, limits.spec, asked, manifest, len(labels), len(catalogue.held)),
    )


class _Catalogue:
    """The index with all its covers, and without the labelled covers of either half: the other half stays as what may be mistaken."""

    def __init__(self, manifest: Manifest, files: FileCache, labels: Sequence[Label]) -> None:
        self.whole = open_snapshot(manifest, files.resolve)
        named = {label.cover for label in labels if label.cover is not None}
        self.held = sorted(cover for cover in named if cover in self.whole)
        self.editions = {cover: same_artwork(self.whole, cover) for cover in self.held}
        # Editions in the same half, or the weights would have seen the artwork that they are judged on.
        artworks = sorted({min(editions) for editions in self.editions.values()})
        turns = {artwork: turn % len(FOLDS) for turn, artwork in enumerate(artworks)}
        self.folds = {cover: turns[min(editions)] for cover, editions in self.editions.items()}
        self.lacking = [self._without(manifest, files, fold) for fold in FOLDS]
        self.notes = _absent_notes(sorted(named.difference(self.held)))

    def _without(self, manifest: Manifest, files: FileCache, fold: int) -> Snapshot:
        gone = {cover for own in self.held if self.folds[own] == fold for cover in self.editions[own]}
        numbers = [self.whole.number_of(cover) for cover in gone]
        return open_snapshot(without(manifest, numbers), files.resolve, self.whole)


def _ask(
    catalogue: _Catalogue, photos: ObjectStore, labels: Sequence[Label], limits: PhotoLimits, progress: Progress
) -> list[Asked]:
    asked = []
    for place, label in enumerate(labels):
        progress(ASKED, place, len(labels))

        def prepare(spec: FeatureSpec, label: Label = label) -> PreparedPhoto:
            return open_photo(photos, label, catalogue.whole.model, replace(limits, spec=spec))

        photo = prepared_for_steps(prepare, limits.spec)
        if label.cover is None or label.cover not in catalogue.folds:
            rows = rows_at_steps(catalogue.whole, photo, limits.spec, ())
            asked.append(Asked(label.photo, LABELLED, place % len(FOLDS), False, rows))
            continue
        fold, right = catalogue.folds[label.cover], catalogue.editions[label.cover]
        for present, snapshot in ((True, catalogue.whole), (False, catalogue.lacking[fold])):
            rows = rows_at_steps(snapshot, photo, limits.spec, right)
            asked.append(Asked(label.photo, LABELLED, fold, present, rows))
    progress(ASKED, len(labels), len(labels))
    return asked


def _absent_notes(lacking: Sequence[str]) -> list[str]:
    if not lacking:
        return []
    some = ", ".join(repr(cover) for cover in lacking[:_NAMED_IN_NOTES])
    more = f" and {len(lacking) - _NAMED_IN_NOTES} more" if len(lacking) > _NAMED_IN_NOTES else ""
    return [f"labels.csv names covers that the index lacks; they count as absent: {some}{more}"]


def _doubts(present: int, judged: Sequence[Judged]) -> list[str]:
    notes = []
    if present < FEW_PHOTOS:
        notes.append(
            f"{present} photos of covers of the index are few: from {FEW_PHOTOS} on the figures begin to mean something"
        )
    worse = [one.name for one in judged if one.after.brier > one.before.brier]
    if worse:
        notes.append(f"the weights in use have the smaller Brier score ({', '.join(worse)}): keep them")
    return notes


def _provenance(
    date: str,
    photos: ObjectStore,
    spec: FeatureSpec,
    asked: Sequence[Asked],
    manifest: Manifest,
    labelled: int,
    covers: int,
) -> Provenance:
    rows = [row for one in asked for step in Effort for row in one.rows[step]]
    return Provenance(
        date=date,
        command=f"vinymatic calibrate --photos {photos.url}",
        data=f"labelled photos, asked of manifest {manifest.number} at every step, with their covers and without",
        counts={
            "covers in the index": manifest.covers,
            "photographed covers": covers,
            "photos": labelled,
            "questions": len(asked),
            "rows": len(rows),
            "right rows": sum(row.right for row in rows),
        },
        features=FittedFeatures(
            sift_dimensions=spec.dimensions, num_features=spec.num_features, nor_x=spec.nor_x, nor_y=spec.nor_y
        ),
    )
