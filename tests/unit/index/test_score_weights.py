"""The file of the score's weights: what is written is read, what is not understood is refused with its place, each step gets its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from typing import Any

import pytest

from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.results import Effort
from vinymatic.index.score import probability
from vinymatic.index.score_weights import (
    SHIPPED,
    FittedFeatures,
    Provenance,
    dump_weights,
    parse_weights,
)

pytestmark = pytest.mark.unit

SOURCE = Provenance(
    date="2026-11-23",
    command="vinymatic calibrate",
    data="photos",
    counts={"photos": 3},
    features=FittedFeatures(sift_dimensions=128, num_features=500, nor_x=480, nor_y=480),
)
OWN = {step: replace(SHIPPED.of(step), bias=float(-turn)) for turn, step in enumerate(Effort)}
Change = Callable[[dict[str, Any]], object]


def changed(change: Change) -> bytes:
    document = json.loads(dump_weights("mine", SOURCE, OWN))
    change(document)
    return json.dumps(document).encode()


def test_what_is_written_is_read_and_each_step_gets_its_own() -> None:
    weights = parse_weights(dump_weights("mine", SOURCE, OWN))
    assert weights.name == "mine"
    assert {step: weights.of(step) for step in Effort} == OWN
    values = (2.0, 1.0, 0.2, 0.0, 0.3, 0.4, 0.5)
    assert len({probability(values, weights.of(step)) for step in Effort}) == len(Effort)


def test_the_same_weights_are_the_same_bytes_and_other_weights_are_not() -> None:
    data = dump_weights("mine", SOURCE, OWN)
    assert parse_weights(data).sha256 == parse_weights(dump_weights("mine", SOURCE, OWN)).sha256
    other = OWN | {Effort.MAX: replace(OWN[Effort.MAX], hull=9.0)}
    assert parse_weights(data).sha256 != parse_weights(dump_weights("mine", SOURCE, other)).sha256


def test_one_set_may_stand_for_all_steps_beside_a_step_s_own() -> None:
    def all_and_fast(document: dict[str, Any]) -> None:
        sets = document["weights"]
        sets["all"] = sets.pop("standard")
        del sets["max"]

    weights = parse_weights(changed(all_and_fast))
    assert weights.of(Effort.FAST) == OWN[Effort.FAST]
    assert weights.of(Effort.STANDARD) == weights.of(Effort.MAX) == OWN[Effort.STANDARD]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda document: document["weights"]["fast"].update(inlier=1.0), "weights.fast.inlier"),
        (lambda document: document["weights"]["max"].pop("hull"), "weights.max.hull"),
        (lambda document: document["weights"]["max"].update(bias=float("nan")), "weights.max.bias"),
        (lambda document: document["weights"]["max"].update(bias=float("inf")), "weights.max.bias"),
        (lambda document: document["weights"]["max"].update(bias="1"), "weights.max.bias"),
        (lambda document: document["weights"].update(slow=document["weights"]["max"]), "slow"),
        (lambda document: document["weights"].pop("max"), "none for the step max"),
        (lambda document: document["provenance"].pop("command"), "provenance.command"),
        (lambda document: document.update(format="vinymatic-drill"), "format"),
        (lambda document: document.clear(), "format"),
    ],
)
def test_a_faulty_file_is_refused_with_its_fault(change: Change, said: str) -> None:
    with pytest.raises(CorruptFileError, match=said):
        parse_weights(changed(change))


@pytest.mark.parametrize("version", [0, 2])
def test_another_version_is_refused_as_such(version: int) -> None:
    with pytest.raises(UnsupportedFormatError, match=f"format version {version}"):
        parse_weights(changed(lambda document: document.update(version=version, weights={"tomorrow": 1})))


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_what_is_no_such_json_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptFileError, match="not a file of score weights"):
        parse_weights(data)


def test_a_nan_is_never_written() -> None:
    with pytest.raises(CorruptFileError, match=r"weights\.max\.hull"):
        dump_weights("mine", SOURCE, OWN | {Effort.MAX: replace(OWN[Effort.MAX], hull=float("nan"))})


def test_the_shipped_file_is_what_is_scored_with_and_says_where_it_came_from() -> None:
    path = files("vinymatic.index").joinpath("score_weights.json")
    assert parse_weights(path.read_bytes()) == SHIPPED
    assert "bench.fit_score" in json.loads(path.read_text())["provenance"]["command"]
