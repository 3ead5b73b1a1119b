"""The first codebook: an index answers from its first cover on, long before there is anything of its own to train on.

The package ships a sample of RootSIFT descriptors of generated sleeves and simulated photos of them (`python -m bench.make_bootstrap`
makes it). Epoch 0 is trained on it when an index is made, and so is the PCA of an index whose SIFT_DIMENSIONS is under 128. The first
training on the index's own covers is epoch 1.
"""

from __future__ import annotations

from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from vinymatic.features.model import FeatureModel, train_feature_model
from vinymatic.index.codebook import Codebook, train_codebook

FIRST_EPOCH = 0
FIRST_LISTS = 2_048
_SAMPLE = "bootstrap.npz"


def bootstrap_sample() -> NDArray[np.uint8]:
    """uint8 [n, 128]: the shipped sample."""
    with files("vinymatic.index").joinpath(_SAMPLE).open("rb") as file, np.load(file, allow_pickle=False) as archive:
        return np.asarray(archive["descriptors"], np.uint8)


def first_feature_model(dimensions: int) -> FeatureModel:
    """The model of a new index of these dimensions, always the same."""
    return train_feature_model(bootstrap_sample(), dimensions)


def first_codebook(model: FeatureModel) -> Codebook:
    """Epoch 0 of a new index, always the same for the same dimensions."""
    return train_codebook(model.reduce(bootstrap_sample()), FIRST_LISTS, FIRST_EPOCH)
