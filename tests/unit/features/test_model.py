"""The feature model: fewer dimensions, the same distances in proportion."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from numpy.typing import NDArray

from vinymatic.features.model import PCA_STEP, FeatureModel, train_feature_model
from vinymatic.index.bootstrap import bootstrap_sample

pytestmark = pytest.mark.unit

DIMENSIONS = (16, 32, 64, 96)


@lru_cache
def sample() -> NDArray[np.uint8]:
    return bootstrap_sample()


@lru_cache
def model(dimensions: int) -> FeatureModel:
    return train_feature_model(sample()[::2], dimensions)


def squared_distances(descriptors: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Between each and the one a thousand places on: unrelated ones."""
    pairs = descriptors.astype(np.float64)
    return np.asarray(((pairs - np.roll(pairs, 1_000, axis=0)) ** 2).sum(axis=1))


def test_128_dimensions_pass_through_untouched() -> None:
    identity = train_feature_model(sample(), 128)
    assert identity == FeatureModel()
    assert identity.reduce(sample()) is sample()


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_reduced_descriptors_are_bytes_around_the_middle_and_hardly_clipped(dimensions: int) -> None:
    reduced = model(dimensions).reduce(sample())
    assert reduced.dtype == np.uint8
    assert reduced.shape == (len(sample()), dimensions)
    assert np.abs(reduced.mean(axis=0) - 128).max() < 4
    assert np.isin(reduced, (0, 255)).mean() < 0.001


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_distances_keep_their_proportion(dimensions: int) -> None:
    before = squared_distances(sample())
    after = squared_distances(model(dimensions).reduce(sample()))
    assert np.median(after / before) == pytest.approx(model(dimensions).kept * PCA_STEP**2, rel=0.1)
    assert np.corrcoef(before, after)[0, 1] > {16: 0.7, 32: 0.8, 64: 0.95, 96: 0.99}[dimensions]


def test_near_and_far_stay_apart() -> None:
    base = sample()[:500]
    rng = np.random.default_rng(1)
    near = np.clip(base + rng.integers(-8, 9, base.shape), 0, 255).astype(np.uint8)
    reduced = model(64).reduce(np.concatenate([base, near])).astype(np.float64)
    distances = ((reduced[:500, None] - reduced[None, 500:]) ** 2).sum(axis=2)
    assert (distances.argmin(axis=1) == np.arange(500)).mean() > 0.99


def test_more_dimensions_keep_more() -> None:
    kept = [model(dimensions).kept for dimensions in DIMENSIONS]
    assert kept == sorted(kept)
    assert kept[0] > 0
    assert kept[-1] < 1


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_components_are_orthonormal(dimensions: int) -> None:
    basis = model(dimensions).basis
    assert basis is not None
    assert basis.shape == (128, dimensions)
    assert np.allclose(basis.T @ basis, np.eye(dimensions), atol=1e-4)


@pytest.mark.parametrize("dimensions", DIMENSIONS)
def test_the_noise_distance_shrinks_as_the_distances_do(dimensions: int) -> None:
    ratio = np.median(squared_distances(model(dimensions).reduce(sample()))) / np.median(squared_distances(sample()))
    assert model(dimensions).noise_distance == pytest.approx(FeatureModel().noise_distance * ratio, rel=0.15)


def test_the_noise_distance_lies_below_that_of_unrelated_descriptors() -> None:
    assert FeatureModel().noise_distance < np.median(squared_distances(sample()))
