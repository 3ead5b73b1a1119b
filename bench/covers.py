"""Covers without images, as many as wanted: features like those of real covers, for measurements in which recognition plays no part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.extract import ROOTSIFT_SCALE
from vinymatic.features.types import Features
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.segment import THUMBNAIL_SIDE, PreparedCover
from vinymatic.lifecycle.writer import Batch, Writer

FEATURES = 300
BATCH = 64
_BOX = 320
_NOISE = 4.0


class CoverMaker:
    """Descriptors are made of the shipped sample's: the upper half of the patch of one and the lower half of another, with noise.

    Each cell's histogram keeps its distribution, which is what codebooks are trained on; whole descriptors repeat nowhere, so that lists
    and searches are not those of a few thousand clusters.
    """

    def __init__(self, seed: int, features: int = FEATURES) -> None:
        self._generator = np.random.default_rng(seed)
        self._features = features
        self._sample = bootstrap_sample().astype(np.float32)
        self._made = 0
        self._name = f"{seed:03d}"

    def make(self, count: int) -> list[PreparedCover]:
        """`count` covers with ids that this maker has not given before."""
        return [self._one() for _ in range(count)]

    def _one(self) -> PreparedCover:
        generator, self._made = self._generator, self._made + 1
        points = generator.uniform(1, _BOX, (self._features, 4)).astype(np.float32)
        features = Features(points, self._descriptors(), _BOX, _BOX)
        thumbnail = generator.integers(0, 256, (THUMBNAIL_SIDE, THUMBNAIL_SIDE)).astype(np.uint8)
        return PreparedCover(f"bench/{self._name}-{self._made:07d}.jpg", "1", 50_000, 640, 640, features, thumbnail)

    def _descriptors(self) -> NDArray[np.uint8]:
        half = self._sample.shape[1] // 2
        upper, lower = (self._sample[self._generator.integers(len(self._sample), size=self._features)] for _ in "ul")
        both = np.concatenate([upper[:, :half], lower[:, half:]], axis=1)
        both += self._generator.normal(0.0, _NOISE, both.shape).astype(np.float32)
        np.maximum(both, 0.0, out=both)
        both *= ROOTSIFT_SCALE / np.maximum(1.0, np.linalg.norm(both, axis=1, keepdims=True))
        return np.asarray(np.clip(np.rint(both), 0, 255), np.uint8)


def fill(writer: Writer, covers: int, *, batch: int = BATCH, seed: int = 1) -> None:
    """Commits `covers` covers through an open writer, in batches as an ingestor makes them."""
    maker = CoverMaker(seed)
    for done in range(0, covers, batch):
        writer.commit(Batch(maker.make(min(batch, covers - done))))
