"""A small codebook, trained in a moment on real descriptors, and small covers: for tests that need some and not their quality."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.types import Features
from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import Codebook, train_codebook
from vinymatic.index.segment import PreparedCover

LISTS = 32


@lru_cache
def descriptors(count: int = 1_200, start: int = 0) -> NDArray[np.uint8]:
    """uint8 [count, 128]: RootSIFT of generated sleeves."""
    return bootstrap_sample()[start : start + count]


@lru_cache
def codebook(epoch: int = 0, seed: int = 1) -> Codebook:
    return train_codebook(descriptors(), LISTS, epoch, seed=seed)


def make_cover(id: str = "a", etag: str = "e", count: int = 9, dimensions: int = 128) -> PreparedCover:  # noqa: A002
    """A cover of `count` random features."""
    rng = np.random.default_rng(count)
    points = rng.uniform(0, 320, (count, 4)).astype(np.float32)
    features = Features(points, rng.integers(0, 256, (count, dimensions), dtype=np.uint8), 320, 240)
    return PreparedCover(id, etag, 1_000, 640, 480, features, rng.integers(0, 256, (64, 64), dtype=np.uint8))


def real_cover(n: int, id: str = "", count: int = 20) -> PreparedCover:  # noqa: A002
    """Cover `n` of a catalogue in which every cover has real descriptors of its own, by default under the id `cover-n`."""
    whole = make_cover(id or f"cover-{n}", f"etag-{n}", count)
    return replace(whole, features=replace(whole.features, descriptors=descriptors(count, 2_000 + n * count)))
