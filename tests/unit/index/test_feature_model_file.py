"""The feature model's file, and the model that a new index starts with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.unit.index.small import descriptors
from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.features.model import FeatureModel
from vinymatic.index.bootstrap import first_feature_model
from vinymatic.index.feature_model_file import KIND, VERSION, dump_feature_model, open_feature_model
from vinymatic.index.tensors import Array, dump_arrays

pytestmark = pytest.mark.unit


def write(folder: Path, data: bytes) -> Path:
    path = folder / "model.safetensors"
    path.write_bytes(data)
    return path


def good() -> dict[str, Array]:
    return {"mean": np.zeros(128, np.float32), "basis": np.eye(128, 64, dtype=np.float32)}


def test_a_model_comes_back_and_reduces_as_before(tmp_path: Path) -> None:
    model = first_feature_model(64)
    again = open_feature_model(write(tmp_path, dump_feature_model(model)), 64)
    assert (again.dimensions, again.kept, again.noise_distance) == (64, model.kept, model.noise_distance)
    assert np.array_equal(again.reduce(descriptors()), model.reduce(descriptors()))


def test_a_new_index_of_the_same_dimensions_has_the_same_model() -> None:
    assert dump_feature_model(first_feature_model(32)) == dump_feature_model(first_feature_model(32))
    assert first_feature_model(128) == FeatureModel()


def test_the_identity_needs_no_file() -> None:
    with pytest.raises(ValueError, match="the identity needs no file"):
        dump_feature_model(FeatureModel())


@pytest.mark.parametrize(
    ("arrays", "kept"),
    [
        ({"mean": np.zeros(64, np.float32)}, "0.5"),
        ({"mean": np.zeros(128, np.uint32)}, "0.5"),
        ({"basis": np.zeros((128, 32), np.float32)}, "0.5"),
        ({"basis": np.zeros((64, 128), np.float32)}, "0.5"),
        ({}, "much"),
        ({}, "nan"),
        ({}, "0"),
        ({}, "1.5"),
        ({}, None),
    ],
)
def test_a_file_that_is_no_model_for_the_dimensions_is_refused(
    tmp_path: Path, arrays: dict[str, Array], kept: str | None
) -> None:
    notes = {} if kept is None else {"kept": kept}
    path = write(tmp_path, dump_arrays(good() | arrays, kind=KIND, version=VERSION, notes=notes))
    with pytest.raises(CorruptFileError):
        open_feature_model(path, 64)


def test_a_missing_array_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays({"mean": good()["mean"]}, kind=KIND, version=VERSION, notes={"kept": "0.5"}))
    with pytest.raises(CorruptFileError, match="basis"):
        open_feature_model(path, 64)


def test_a_newer_model_is_refused_as_such(tmp_path: Path) -> None:
    path = write(tmp_path, dump_arrays(good(), kind=KIND, version=VERSION + 1, notes={"kept": "0.5"}))
    with pytest.raises(UnsupportedFormatError):
        open_feature_model(path, 64)
