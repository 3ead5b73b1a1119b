"""Documents that end with a checksum of their own."""

from __future__ import annotations

import json
from functools import partial

import pytest

from tests.unit.lifecycle.torn import damaged, refuses
from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.sealed import Sealed

pytestmark = pytest.mark.unit


class Note(Sealed):
    called = "note"
    sealed_from = 2

    format: str = "vinymatic-note"
    version: int = 2
    text: str
    number: int


WHOLE = Note(text="ü 💿", number=7)


def test_a_document_comes_back_as_it_was() -> None:
    assert Note.from_json(WHOLE.to_json()) == WHOLE


def test_no_damage_makes_another_document_of_it() -> None:
    refused = 0
    for how, data in damaged(WHOLE.to_json(), seed=1):
        refuses(partial(Note.from_json, data), how)
        refused += 1
    assert refused > 200


def test_only_a_version_from_before_the_checksum_opens_without_one() -> None:
    bare = json.loads(WHOLE.model_dump_json())
    assert Note.from_json(json.dumps(bare | {"version": 1}).encode()) == WHOLE.model_copy(update={"version": 1})
    with pytest.raises(CorruptFileError, match="not a whole note: its checksum is missing"):
        Note.from_json(json.dumps(bare).encode())


def test_an_older_version_with_a_checksum_is_held_to_it() -> None:
    data = WHOLE.model_copy(update={"version": 1}).to_json()
    assert Note.from_json(data).version == 1
    with pytest.raises(CorruptFileError, match="not those of its checksum"):
        Note.from_json(data.replace(b'"number":7', b'"number":8'))


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b'{"format": "vinymatic-pin", "version": 1}', CorruptFileError, "not a note: its format is 'vinymatic-pin'"),
        (b'{"format": "vinymatic-note", "version": 3, "text": []}', UnsupportedFormatError, "this one reads up to 2"),
        (b'{"format": "vinymatic-note", "version": 1}', CorruptFileError, "not a note: Field required"),
        (b"[]", CorruptFileError, "not a note"),
    ],
)
def test_what_is_wrong_is_said(data: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Note.from_json(data)
