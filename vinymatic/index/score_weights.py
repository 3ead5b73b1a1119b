"""The score's weights as a file: JSON, small, with where they came from.

One set for each step of the cascade, since a signal's meaning changes with the number of the photo's features; or one set, `all`, for
those that have none of their own.

    {"format": "vinymatic-score-weights", "version": 1, "name": …, "provenance": {…}, "weights": {"fast": {"bias": …, "inliers": …, …}, …}}
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.results import Effort
from vinymatic.index.score import ScoreWeights

VERSION = 1
_SHIPPED = "score_weights.json"

Count = Annotated[int, Field(ge=0)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FittedFeatures(_Strict):
    """The settings of the API that the photos were read with: weights of others do not fit."""

    sift_dimensions: int
    num_features: int
    nor_x: int
    nor_y: int


class Provenance(_Strict):
    """Where weights came from. `counts`: photos and rows by their kind."""

    date: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    command: str
    data: str
    counts: dict[str, Count]
    features: FittedFeatures


class _Document(_Strict):
    format: Literal["vinymatic-score-weights"] = "vinymatic-score-weights"
    version: int = VERSION
    name: str = Field(min_length=1, max_length=100)
    provenance: Provenance
    weights: dict[Literal["all", "fast", "standard", "max"], ScoreWeights]


class _Head(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: Literal["vinymatic-score-weights"]
    version: int


@dataclass(frozen=True)
class StepWeights:
    """The weights for every step. Never changed once made.

    `sha256`: hex, of the file's bytes, which must be the same on all replicas; empty where they come from no file.
    """

    name: str
    sha256: str
    by_step: tuple[tuple[Effort, ScoreWeights], ...]

    @classmethod
    def same(cls, name: str, weights: ScoreWeights) -> StepWeights:
        """`weights` for every step."""
        return cls(name, "", tuple((step, weights) for step in Effort))

    def of(self, step: Effort) -> ScoreWeights:
        return next(weights for name, weights in self.by_step if name is step)


def parse_weights(data: bytes) -> StepWeights:
    """Raises `CorruptFileError`, with the field at fault; `UnsupportedFormatError`."""
    try:
        head = _Head.model_validate_json(data)
        if head.version != VERSION:
            raise UnsupportedFormatError(
                f"the score weights are of format version {head.version}; this Vinymatic reads version {VERSION}"
            )
        document = _Document.model_validate_json(data)
    except ValidationError as error:
        raise CorruptFileError(f"not a file of score weights: {_first_fault(error)}") from error
    given = document.weights
    lacking = [step.value for step in Effort if step.value not in given and "all" not in given]
    if lacking:
        raise CorruptFileError(
            f"not a whole file of score weights: none for the step {lacking[0]}, and none for all of them"
        )
    return StepWeights(
        document.name,
        hashlib.sha256(data).hexdigest(),
        tuple((step, given.get(step.value) or given["all"]) for step in Effort),
    )


def read_weights(path: Path) -> StepWeights:
    """Raises `CorruptFileError`, with the field at fault; `UnsupportedFormatError`; `OSError`."""
    return parse_weights(path.read_bytes())


def dump_weights(name: str, provenance: Provenance, by_step: Mapping[Effort, ScoreWeights]) -> bytes:
    """The file's bytes, always the same for the same weights. Raises `CorruptFileError` for those that could not be read again (NaN)."""
    document = _Document(name=name, provenance=provenance, weights={step.value: by_step[step] for step in Effort})
    data = document.model_dump_json(indent=2).encode() + b"\n"
    parse_weights(data)
    return data


def _first_fault(error: ValidationError) -> str:
    fault = error.errors()[0]
    place = ".".join(str(part) for part in fault["loc"])
    return f"{place}: {fault['msg']}" if place else fault["msg"]


# Read once, at the import: a damaged installation is noticed at the start, and no search waits for a file.
SHIPPED = parse_weights(files("vinymatic.index").joinpath(_SHIPPED).read_bytes())
