"""Covers and codebooks as small as they may be, so that a run makes thousands of commits a minute."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from unittest.mock import patch

import faiss
import numpy as np
from numpy.typing import NDArray

from tests.support.covers import random_cover
from vinymatic.features.model import FeatureModel, train_feature_model
from vinymatic.index.codebook import Codebook, train_codebook
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle import first, training

DIMENSIONS = 16
LISTS = 4
_FEATURES = 3


@lru_cache(maxsize=4096)
def tiny_cover(cover_id: str, etag: str) -> PreparedCover:
    return random_cover(cover_id, etag, features=_FEATURES, dimensions=DIMENSIONS)


@lru_cache(maxsize=1)
def _sample() -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 120, (400, 128)).astype(np.uint8)


@lru_cache(maxsize=1)
def _model() -> FeatureModel:
    return train_feature_model(_sample(), DIMENSIONS)


@lru_cache(maxsize=1)
def _first_codebook() -> Codebook:
    return train_codebook(_model().reduce(_sample()), LISTS, 0)


def _train(sample: NDArray[np.uint8], lists: int, epoch: int, *, seed: int = 1) -> Codebook:
    """As a training: the same for the same sample, another for another; its centroids are no good, and need not be."""
    book = Codebook.from_bytes(_first_codebook().to_bytes(), epoch, DIMENSIONS)
    quantizer = book.faiss_index.pq
    generator = np.random.default_rng([epoch, zlib.crc32(np.ascontiguousarray(sample).tobytes())])
    size = faiss.vector_to_array(quantizer.centroids).size
    faiss.copy_array_to_vector(generator.uniform(0, 120, size).astype(np.float32), quantizer.centroids)
    return book


@contextmanager
def tiny_codebooks() -> Iterator[None]:
    """Training, and the first codebook, at this size."""
    with (
        patch.object(first, "first_feature_model", lambda dimensions: _model()),
        patch.object(first, "first_codebook", lambda model: _first_codebook()),
        patch.object(training, "bootstrap_sample", _sample),
        patch.object(training, "lists_for", lambda features: LISTS),
        patch.object(training, "train_codebook", _train),
    ):
        yield


def one_core() -> None:
    """For the thread that calls: Faiss would start helpers for every handful of vectors, each time anew."""
    faiss.omp_set_num_threads(1)
