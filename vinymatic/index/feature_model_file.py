"""The feature model's file: a PCA as two arrays. An index of 128 dimensions has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from vinymatic.errors import CorruptFileError
from vinymatic.features.extract import RAW_DIMENSIONS
from vinymatic.features.model import FeatureModel
from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.index.tensors import dump_arrays, expect_array, map_arrays

KIND = "vinymatic-feature-model"
VERSION = 1


def dump_feature_model(model: FeatureModel) -> bytes:
    if model.mean is None or model.basis is None:
        raise ValueError("the identity needs no file")
    arrays = {"mean": model.mean, "basis": model.basis}
    return dump_arrays(arrays, kind=KIND, version=VERSION, notes={"kept": repr(model.kept)})


def feature_model_of(manifest: Manifest, resolve: Callable[[FileEntry], Path]) -> FeatureModel:
    """The model of the index that `manifest` describes. Raises `CorruptFileError`, and what `resolve` raises."""
    if manifest.feature_model is None:
        return FeatureModel()
    return open_feature_model(resolve(manifest.feature_model), manifest.dimensions)


def open_feature_model(path: Path, dimensions: int) -> FeatureModel:
    """Raises `CorruptFileError` when the file is no model for `dimensions`."""
    arrays, metadata = map_arrays(path, kind=KIND, newest=VERSION)
    mean = expect_array(path, arrays, "mean", np.float32, (RAW_DIMENSIONS,))
    basis = expect_array(path, arrays, "basis", np.float32, (RAW_DIMENSIONS, dimensions))
    try:
        kept = float(metadata["kept"])
    except (KeyError, ValueError) as error:
        raise CorruptFileError(f"{path.name}: not a feature model: {error}") from error
    if not 0 < kept <= 1:
        raise CorruptFileError(f"{path.name}: not a feature model: it keeps {kept} of the variance")
    return FeatureModel(dimensions, mean, basis, kept)
