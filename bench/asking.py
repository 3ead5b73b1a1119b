"""Photos and what the library answers: the API's own code, in this process."""

from __future__ import annotations

import io
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.figures import Scored
from vinymatic.errors import NoObjectFoundError
from vinymatic.features import FeatureSpec
from vinymatic.index.query import Look, look
from vinymatic.index.results import Effort, SearchOptions
from vinymatic.index.snapshot import Snapshot
from vinymatic.settings import ApiSettings


@dataclass(frozen=True)
class Question:
    """`truths`: ids of the covers that the photo shows, whether or not they are in the catalogue. `group`: the phone or the level."""

    name: str
    photo: bytes
    truths: tuple[str, ...]
    group: str = ""


@dataclass(frozen=True)
class Answer:
    """`first`, `score`: of the best candidate, accepted or not; "" and 0 without one. `milliseconds`: bytes to answer."""

    name: str
    group: str
    truths: tuple[str, ...]
    first: str
    score: float
    accepted: tuple[str, ...]
    milliseconds: float
    steps: dict[str, float] = field(default_factory=dict)

    @property
    def top1(self) -> bool:
        return self.first in self.truths

    @property
    def right(self) -> bool:
        return bool(self.accepted) and all(cover in self.truths for cover in self.accepted)

    @property
    def wrong(self) -> bool:
        return any(cover not in self.truths for cover in self.accepted)

    @property
    def scored(self) -> Scored:
        return Scored(self.score, self.top1)


@dataclass(frozen=True)
class Asker:
    """Asks as the API with its default settings does."""

    settings: ApiSettings = field(default_factory=ApiSettings)

    @property
    def spec(self) -> FeatureSpec:
        settings = self.settings
        return FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)

    def look(self, snapshot: Snapshot, photo: bytes, effort: Effort = Effort.STANDARD, max_covers: int = 1) -> Look:
        options = SearchOptions(
            similarity_threshold=self.settings.similarity_threshold, max_covers=max_covers, effort=effort
        )
        return look(snapshot, photo, self.spec, options, max_pixels=self.settings.max_pixels)

    def ask(
        self, snapshot: Snapshot, question: Question, effort: Effort = Effort.STANDARD, max_covers: int = 1
    ) -> Answer:
        begin = time.perf_counter()
        try:
            result = self.look(snapshot, question.photo, effort, max_covers).result
        except NoObjectFoundError:
            spent = (time.perf_counter() - begin) * 1_000
            return Answer(question.name, question.group, question.truths, "", 0.0, (), spent)
        spent = (time.perf_counter() - begin) * 1_000
        best = max((*result.covers, *result.candidates), key=lambda match: match.score, default=None)
        return Answer(
            name=question.name,
            group=question.group,
            truths=question.truths,
            first=best.id if best else "",
            score=best.score if best else 0.0,
            accepted=tuple(match.id for match in result.covers),
            milliseconds=spent,
            steps=result.timings_ms,
        )


_REDUCED = {1: cv2.IMREAD_GRAYSCALE, 2: cv2.IMREAD_REDUCED_GRAYSCALE_2, 4: cv2.IMREAD_REDUCED_GRAYSCALE_4}


class Alone:
    """Decode and SIFT alone, by OpenCV: what any program that uses SIFT must pay for a picture. `side`: its longer one, in pixels."""

    def __init__(self, features: int = 500, side: int = 480) -> None:
        self._side = side
        self._sift = cv2.SIFT_create(nfeatures=features)  # type: ignore[attr-defined]

    def milliseconds(self, photo: bytes) -> float:
        begin = time.perf_counter()
        self.features(photo)
        return (time.perf_counter() - begin) * 1_000

    def features(self, photo: bytes) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Positions [n, 2] and descriptors [n, 128], plain SIFT's. Decoded at a half or a quarter where that still fills the box."""
        with Image.open(io.BytesIO(photo)) as header:
            longest = max(header.size)
        shrink = max(factor for factor in _REDUCED if longest / factor >= self._side or factor == 1)
        grey = np.asarray(cv2.imdecode(np.frombuffer(photo, np.uint8), _REDUCED[shrink]))
        scale = self._side / max(grey.shape)
        size = (round(grey.shape[1] * scale), round(grey.shape[0] * scale))
        keypoints, raw = self._sift.detectAndCompute(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), None)
        if raw is None:
            return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
        return np.array([keypoint.pt for keypoint in keypoints], np.float32), np.asarray(raw, np.float32)


def failures(answers: Sequence[Answer]) -> list[str]:
    """One line for each photo whose answer is not its cover."""
    lines = []
    for answer in answers:
        if not answer.right:
            accepted = ", ".join(answer.accepted) or "nothing"
            lines.append(f"{answer.name}: {accepted} accepted, best {answer.first or 'none'} {answer.score:.2f}")
    return lines
