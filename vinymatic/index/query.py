"""One photo's whole way: bytes → picture → features → candidates → verdict, step by step until there is no doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.extract import fills_box, scale_into_box
from vinymatic.features.model import FeatureModel
from vinymatic.features.types import Features, GreyArray, Picture
from vinymatic.index.results import Corner, Match, SearchOptions, SearchResult, Verdict
from vinymatic.index.score_weights import SHIPPED, StepWeights
from vinymatic.index.search import Candidate, search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.steps import first_step, next_step
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be searched for. `boxed`: uint8 [height, width], the box that the features were taken from."""

    picture: Picture
    features: Features
    boxed: GreyArray

    def in_photo(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """float64 [n, 2] pixels of the box → pixels of the upright photo itself."""
        scale = (self.picture.width / self.features.width, self.picture.height / self.features.height)
        return np.asarray(points * np.array(scale))


@dataclass(frozen=True)
class Look:
    """All that a search saw. `candidates`: verified covers in the order of their weighted coverage; their evidence lies in `photo.boxed`.

    `accepted`: those of the verdict, best first.
    """

    photo: PreparedPhoto
    candidates: tuple[Candidate, ...]
    accepted: tuple[Candidate, ...]
    result: SearchResult


def prepare_photo(
    photo: bytes, spec: FeatureSpec, model: FeatureModel, *, max_pixels: int, timer: StepTimer
) -> PreparedPhoto:
    """Raises `NotAnImageError`, `CorruptImageError`, `ImageTooLargeError`, `NoObjectFoundError`."""
    with timer.step("decode"):
        picture = decode(photo, max_pixels=max_pixels, reduce_to=(spec.nor_x, spec.nor_y))
    return _described(picture, spec, model, timer)


def identify(
    snapshot: Snapshot,
    photo: bytes,
    spec: FeatureSpec,
    options: SearchOptions,
    *,
    max_pixels: int,
    weights: StepWeights = SHIPPED,
) -> SearchResult:
    """Which covers of `snapshot` the photo shows.

    Raises `NotAnImageError`, `CorruptImageError`, `ImageTooLargeError`, `NoObjectFoundError`.
    """
    return look(snapshot, photo, spec, options, max_pixels=max_pixels, weights=weights).result


def look(
    snapshot: Snapshot,
    photo: bytes,
    spec: FeatureSpec,
    options: SearchOptions,
    *,
    max_pixels: int,
    weights: StepWeights = SHIPPED,
) -> Look:
    """`identify` with all that it saw. Raises what it raises."""
    timer = StepTimer()
    step = first_step(options, spec)
    prepared = prepare_photo(photo, step.extraction(spec), snapshot.model, max_pixels=max_pixels, timer=timer)
    if len(snapshot) == 0:
        return _looked(snapshot, prepared, [], options, timer)
    while True:
        asked = step.searched(prepared.features, spec)
        candidates = search(snapshot, asked, prepared.boxed, timer, step, weights)
        following = next_step(step, options, max((c.score for c in candidates), default=0.0))
        if following is None:
            return _looked(snapshot, prepared, candidates, options, timer)
        if following.box != step.box:
            prepared = _closer(photo, prepared.picture, following.extraction(spec), snapshot.model, max_pixels, timer)
        step = following


def _closer(
    photo: bytes, picture: Picture, spec: FeatureSpec, model: FeatureModel, max_pixels: int, timer: StepTimer
) -> PreparedPhoto:
    """The photo in a larger box; decoded again only where it was decoded too small for that."""
    if fills_box(picture, spec.nor_x, spec.nor_y):
        return _described(picture, spec, model, timer)
    return prepare_photo(photo, spec, model, max_pixels=max_pixels, timer=timer)


def _described(picture: Picture, spec: FeatureSpec, model: FeatureModel, timer: StepTimer) -> PreparedPhoto:
    with timer.step("extract"):
        raw = extract(picture, spec)
        boxed = scale_into_box(picture.grey, spec.nor_x, spec.nor_y)
        features = Features(raw.points, model.reduce(raw.descriptors), raw.width, raw.height)
    return PreparedPhoto(picture, features, boxed)


def _looked(
    snapshot: Snapshot, photo: PreparedPhoto, candidates: list[Candidate], options: SearchOptions, timer: StepTimer
) -> Look:
    if len(snapshot) == 0:
        verdict, reason, accepted = Verdict.NOT_IN_CATALOGUE, "the catalogue is empty", list[Candidate]()
    else:
        verdict, reason, accepted = decide(candidates, [snapshot.cover_id(c.number) for c in candidates], options)
    rest = sorted((c for c in candidates if c not in accepted), key=lambda c: -c.score)
    result = SearchResult(
        verdict=verdict,
        reason=reason,
        covers=tuple(_match(snapshot, c, photo) for c in accepted),
        candidates=tuple(_match(snapshot, c, photo) for c in rest[: options.top_n]),
        manifest=snapshot.number,
        timings_ms=timer.milliseconds,
    )
    return Look(photo, tuple(candidates), tuple(accepted), result)


def _match(snapshot: Snapshot, candidate: Candidate, photo: PreparedPhoto) -> Match:
    corners: list[Corner] = [
        (round(float(x), 1), round(float(y), 1)) for x, y in photo.in_photo(candidate.evidence.outline)
    ]
    return Match(
        id=snapshot.cover_id(candidate.number),
        score=round(candidate.score, 4),
        inliers=candidate.evidence.inliers,
        cosine=round(candidate.evidence.cosine, 4),
        votes=round(candidate.votes, 3),
        outline=(corners[0], corners[1], corners[2], corners[3]),
    )
