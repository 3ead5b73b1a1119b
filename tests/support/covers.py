"""Covers made in no time, of random features or of real ones: for tests where what a cover looks like does not matter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from vinymatic.features.types import Features
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.segment import PreparedCover


def random_cover(cover_id: str, etag: str = "1", *, features: int = 12, dimensions: int = 128) -> PreparedCover:
    """The same for the same id and ETag."""
    generator = np.random.default_rng([*cover_id.encode(), *etag.encode()])
    points = generator.uniform(1, 300, (features, 4)).astype(np.float32)
    descriptors = generator.integers(0, 120, (features, dimensions)).astype(np.uint8)
    thumbnail = generator.integers(0, 256, (64, 64)).astype(np.uint8)
    return PreparedCover(cover_id, etag, 1_000, 640, 640, Features(points, descriptors, 320, 320), thumbnail)


def lifelike_cover(n: int, cover_id: str | None = None, *, features: int = 80) -> PreparedCover:
    """Cover `n` with descriptors of real covers, which codebooks are made for; no two numbers share one. By default its id is `c{n}`."""
    cover = random_cover(f"c{n}", features=features)
    sample = bootstrap_sample()
    rows = np.arange(n * features, (n + 1) * features) * 31 % len(sample)
    own = Features(cover.features.points, sample[rows], cover.features.width, cover.features.height)
    return replace(cover, id=cover_id or cover.id, features=own)
