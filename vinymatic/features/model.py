"""The feature model: how a 128-dimensional RootSIFT becomes the index's SIFT_DIMENSIONS. The identity, or a trained PCA.

PCA-SIFT's saving (Ke & Sukthankar 2004) on RootSIFT: project on the leading components, store in bytes around 128 with one step for all
components, so that distances keep their meaning. Fixed for the life of an index: it is part of the truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.extract import RAW_DIMENSIONS, ROOTSIFT_SCALE
from vinymatic.features.types import DescriptorArray

# Half a RootSIFT step: the first components reach ±250, which must fit a byte around 128.
PCA_STEP = 0.5
_MIDDLE = 128.0
# Squared distance between unrelated features, in RootSIFT bytes: near the median distance to the tenth neighbour over a thousand covers.
_NOISE_DISTANCE = 60_000.0


@dataclass(frozen=True)
class FeatureModel:
    """`mean`: float32 [128], `basis`: float32 [128, dimensions] with orthonormal columns; both None for the identity.

    `kept`: share of the variance that the components keep, in (0, 1].
    """

    dimensions: int = RAW_DIMENSIONS
    mean: NDArray[np.float32] | None = None
    basis: NDArray[np.float32] | None = None
    kept: float = 1.0

    @property
    def noise_distance(self) -> float:
        """Squared distance, in stored steps, beyond which a neighbour is no evidence."""
        return _NOISE_DISTANCE if self.basis is None else _NOISE_DISTANCE * self.kept * PCA_STEP**2

    @property
    def square_length(self) -> float:
        """Squared length of a descriptor, in stored steps: RootSIFTs are unit vectors."""
        return ROOTSIFT_SCALE**2 if self.basis is None else (ROOTSIFT_SCALE * PCA_STEP) ** 2

    def reduce(self, descriptors: DescriptorArray) -> DescriptorArray:
        """uint8 [n, 128] → uint8 [n, dimensions]."""
        if self.mean is None or self.basis is None:
            return descriptors
        projected = (descriptors.astype(np.float32) - self.mean) @ self.basis
        return np.clip(np.rint(projected * PCA_STEP + _MIDDLE), 0, 255).astype(np.uint8)


def train_feature_model(sample: DescriptorArray, dimensions: int) -> FeatureModel:
    """The model for `dimensions` from a sample of RootSIFT descriptors, uint8 [n, 128]."""
    if dimensions == RAW_DIMENSIONS:
        return FeatureModel()
    vectors = sample.astype(np.float64)
    mean = vectors.mean(axis=0)
    variances, components = np.linalg.eigh(np.cov(vectors - mean, rowvar=False))
    basis = components[:, ::-1][:, :dimensions]
    kept = variances[::-1][:dimensions].sum() / variances.sum()
    return FeatureModel(dimensions, mean.astype(np.float32), np.ascontiguousarray(basis, np.float32), float(kept))
