"""Covers made of random features: for tests of the index's life, where what a cover looks like does not matter."""

from __future__ import annotations

import numpy as np

from vinymatic.features.types import Features
from vinymatic.index.segment import PreparedCover


def random_cover(cover_id: str, etag: str = "1", *, features: int = 12, dimensions: int = 128) -> PreparedCover:
    """The same for the same id and ETag."""
    generator = np.random.default_rng([*cover_id.encode(), *etag.encode()])
    points = generator.uniform(1, 300, (features, 4)).astype(np.float32)
    descriptors = generator.integers(0, 120, (features, dimensions)).astype(np.uint8)
    thumbnail = generator.integers(0, 256, (64, 64)).astype(np.uint8)
    return PreparedCover(cover_id, etag, 1_000, 640, 640, Features(points, descriptors, 320, 320), thumbnail)
