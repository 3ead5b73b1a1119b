"""One photo's whole way: bytes → picture → features → candidates → verdict."""

from __future__ import annotations

from dataclasses import dataclass

from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.extract import scale_into_box
from vinymatic.features.model import FeatureModel
from vinymatic.features.types import Features, GreyArray, Picture
from vinymatic.index.results import Corner, Match, SearchOptions, SearchResult, Verdict
from vinymatic.index.search import Candidate, search
from vinymatic.index.snapshot import Snapshot
from vinymatic.index.timing import StepTimer
from vinymatic.index.verdict import decide


@dataclass(frozen=True)
class PreparedPhoto:
    """A photo ready to be searched for. `boxed`: uint8 [height, width], the box that the features were taken from."""

    picture: Picture
    features: Features
    boxed: GreyArray


def prepare_photo(
    photo: bytes, spec: FeatureSpec, model: FeatureModel, *, max_pixels: int, timer: StepTimer
) -> PreparedPhoto:
    """Raises `NotAnImageError`, `CorruptImageError`, `ImageTooLargeError`, `NoObjectFoundError`."""
    with timer.step("decode"):
        picture = decode(photo, max_pixels=max_pixels, reduce_to=max(spec.nor_x, spec.nor_y))
    with timer.step("extract"):
        raw = extract(picture, spec)
        boxed = scale_into_box(picture.grey, spec.nor_x, spec.nor_y)
        features = Features(raw.points, model.reduce(raw.descriptors), raw.width, raw.height)
    return PreparedPhoto(picture, features, boxed)


def identify(
    snapshot: Snapshot, photo: bytes, spec: FeatureSpec, options: SearchOptions, *, max_pixels: int
) -> SearchResult:
    """Which covers of `snapshot` the photo shows.

    Raises `NotAnImageError`, `CorruptImageError`, `ImageTooLargeError`, `NoObjectFoundError`.
    """
    timer = StepTimer()
    prepared = prepare_photo(photo, spec, snapshot.model, max_pixels=max_pixels, timer=timer)
    picture, features = prepared.picture, prepared.features
    if len(snapshot) == 0:
        return SearchResult(
            Verdict.NOT_IN_CATALOGUE, "the catalogue is empty", (), (), snapshot.number, timer.milliseconds
        )
    candidates = search(snapshot, features, prepared.boxed, timer)
    verdict, reason, accepted = decide(candidates, [snapshot.cover_id(c.number) for c in candidates], options)
    rest = sorted((c for c in candidates if c not in accepted), key=lambda c: -c.score)
    return SearchResult(
        verdict=verdict,
        reason=reason,
        covers=tuple(_match(snapshot, c, picture, features) for c in accepted),
        candidates=tuple(_match(snapshot, c, picture, features) for c in rest[: options.top_n]),
        manifest=snapshot.number,
        timings_ms=timer.milliseconds,
    )


def _match(snapshot: Snapshot, candidate: Candidate, picture: Picture, features: Features) -> Match:
    across, down = picture.width / features.width, picture.height / features.height
    corners: list[Corner] = [
        (round(float(x) * across, 1), round(float(y) * down, 1)) for x, y in candidate.evidence.outline
    ]
    return Match(
        id=snapshot.cover_id(candidate.number),
        score=round(candidate.score, 4),
        inliers=candidate.evidence.inliers,
        cosine=round(candidate.evidence.cosine, 4),
        votes=round(candidate.votes, 3),
        outline=(corners[0], corners[1], corners[2], corners[3]),
    )
