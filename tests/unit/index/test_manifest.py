"""The manifest: round trip, what an older reader makes of a newer one, and nonsense."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.index.manifest import CodebookEntry, Manifest

pytestmark = pytest.mark.unit

EXAMPLE = manifest(
    segment_entry("A", tombstones=(0, 2)), segment_entry("B", covers=5), feature_model=file_entry("model", "e")
)


def sealed(document: dict[str, object]) -> bytes:
    """With the checksum that belongs to it: what is wrong is what it says, not its bytes."""
    body = json.dumps({name: value for name, value in document.items() if name != "checksum"}).encode()[:-1]
    return body + b',"checksum":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'


def changed(**changes: object) -> bytes:
    return sealed(json.loads(EXAMPLE.to_json()) | changes)


def changed_segment(**changes: object) -> bytes:
    document = json.loads(EXAMPLE.to_json())
    document["segments"][1] |= changes
    return sealed(document)


def test_a_manifest_comes_back_as_it_was() -> None:
    assert Manifest.from_json(EXAMPLE.to_json()) == EXAMPLE


@given(
    number=st.integers(1, 10**15),
    writer=st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    dead=st.sets(st.integers(0, 8)),
    epochs=st.sets(st.integers(0, 30), min_size=1, max_size=3),
)
def test_any_manifest_comes_back_as_it_was(number: int, writer: str, dead: set[int], epochs: set[int]) -> None:
    books = {e: CodebookEntry(epoch=e, file=file_entry(f"{e}"), lists=9, trained_covers=e) for e in epochs}
    segment = segment_entry("Z", covers=9, tombstones=tuple(sorted(dead)), codes={e: file_entry("c") for e in epochs})
    whole = manifest(segment, number=number, writer=writer, codebooks=books, active_epoch=max(epochs))
    assert Manifest.from_json(whole.to_json()) == whole


def test_counts_leave_the_dead_out() -> None:
    assert [segment.live for segment in EXAMPLE.segments] == [1, 5]
    assert EXAMPLE.covers == 6
    assert EXAMPLE.images_since_training == 7


def test_every_file_is_named_once() -> None:
    keys = [file.key for file in EXAMPLE.files()]
    assert sorted(keys) == sorted(
        ["book-0", "model", *(f"{letter}/{name}" for letter in "AB" for name in ("covers", "points", "codes-0"))]
    )


def test_a_newer_format_version_is_refused_with_a_clear_line() -> None:
    with pytest.raises(
        UnsupportedFormatError, match="version 3 was written by a newer Vinymatic; this one reads up to 2"
    ):
        Manifest.from_json(changed(version=3))


def test_a_newer_version_is_recognised_whatever_else_it_holds() -> None:
    with pytest.raises(UnsupportedFormatError):
        Manifest.from_json(b'{"format": "vinymatic-manifest", "version": 99, "segments": "elsewhere"}')


def test_unknown_fields_of_a_later_release_are_ignored() -> None:
    assert Manifest.from_json(changed(colour="blue", pins=[1, 2])) == EXAMPLE
    assert Manifest.from_json(changed_segment(summary={"a": 1})) == EXAMPLE


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b"[" * 50_000,
        b'{"format": "vinymatic-manifest"}',
        b'{"format": "vinymatic-manifest", "version": 1}',
        changed(format="other"),
        changed(version="one"),
        changed(number=0),
        changed(segments=None),
        changed(active_epoch=5),
        changed(candidate_epoch=5),
        changed(previous_epoch=5),
        changed(codebooks={}),
        changed_segment(id="../../etc"),
        changed_segment(covers=0),
        changed_segment(tombstones=[5]),
        changed_segment(tombstones=[-1]),
        changed_segment(tombstones=[1, 1]),
        changed_segment(tombstones=[2, 1]),
        changed_segment(covers_file={"key": "k", "size": 1, "sha256": "xyz"}),
        changed_segment(points_file={"key": "k", "size": -1, "sha256": "a" * 64}),
        changed_segment(id=EXAMPLE.segments[0].id),
    ],
)
def test_nonsense_is_a_corrupt_file(data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        Manifest.from_json(data)


@given(st.binary(max_size=100))
def test_random_bytes_are_a_corrupt_file(data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        Manifest.from_json(data)


@given(st.integers(0, len(EXAMPLE.to_json()) - 1))
def test_a_truncated_manifest_is_a_corrupt_file(length: int) -> None:
    with pytest.raises(CorruptFileError):
        Manifest.from_json(EXAMPLE.to_json()[:length])


@given(st.integers(0, len(EXAMPLE.to_json()) - 1), st.integers(1, 255))
def test_one_changed_byte_anywhere_is_refused(place: int, mask: int) -> None:
    data = bytearray(EXAMPLE.to_json())
    data[place] ^= mask
    with pytest.raises((CorruptFileError, UnsupportedFormatError)):
        Manifest.from_json(bytes(data))


def test_a_manifest_of_the_first_version_opens_and_is_written_on_as_the_second() -> None:
    old = Manifest.from_json((Path(__file__).parent / "manifest-version-1.json").read_bytes())
    assert (old.version, old.number, old.covers) == (1, 7, 4)
    assert (old.active_epoch, old.written_epochs, old.next_epoch) == (4, (4,), 5)
    assert (old.images_since_training, old.trained_at, old.fresh.features) == (7, None, 0)
    assert old.active_codebook.error is None
    assert Manifest.from_json(old.to_json()) == old


def test_an_epoch_that_was_given_once_is_not_given_again() -> None:
    books = {e: CodebookEntry(epoch=e, file=file_entry(f"{e}"), lists=9, trained_covers=e) for e in (3, 4)}
    assert manifest(active_epoch=3, previous_epoch=4, codebooks=books).next_epoch == 5
    assert manifest(active_epoch=3, codebooks={3: books[3]}, last_epoch=4).next_epoch == 5


def test_a_manifest_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        EXAMPLE.number = 8
