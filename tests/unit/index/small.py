"""A small codebook on real descriptors, trained in a moment, for tests that need one and not its quality."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vinymatic.index.bootstrap import bootstrap_sample
from vinymatic.index.codebook import Codebook, train_codebook

LISTS = 32


@lru_cache
def descriptors(count: int = 1_200, start: int = 0) -> NDArray[np.uint8]:
    """uint8 [count, 128]: RootSIFT of generated sleeves."""
    return bootstrap_sample()[start : start + count]


@lru_cache
def codebook(epoch: int = 0, seed: int = 1) -> Codebook:
    return train_codebook(descriptors(), LISTS, epoch, seed=seed)
