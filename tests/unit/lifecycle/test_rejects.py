"""Reject records: written, found, cleared, and refused when they are not what they should be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.errors import CorruptFileError, CorruptImageError, UnsupportedFormatError
from vinymatic.lifecycle import rejects
from vinymatic.lifecycle.rejects import (
    Reject,
    clear_reject,
    clear_rejects,
    dump_reject,
    find_reject,
    make_reject,
    message_reject_key,
    parse_reject,
    record_reject,
)
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

REJECT = Reject("a/../b 💿.jpg", "etag", "corrupt_image", "truncated", "2026-01-02T03:04:05.678+00:00")


@pytest.fixture
def store(tmp_path: Path) -> ObjectStore:
    return open_store((tmp_path / "index").as_uri())


text = st.text(alphabet=st.characters(exclude_categories=["Cs"]))


@given(st.builds(Reject, text, text, text, text, text))
def test_a_record_round_trips(reject: Reject) -> None:
    assert parse_reject(dump_reject(reject)) == reject


def test_a_record_says_what_the_error_said() -> None:
    reject = make_reject("a.jpg", "v1", CorruptImageError("ends early"))
    assert (reject.key, reject.etag, reject.code, reject.message) == ("a.jpg", "v1", "corrupt_image", "ends early")


def test_a_key_of_any_characters_is_recorded_found_and_cleared(store: ObjectStore) -> None:
    assert find_reject(store, REJECT.key) is None
    record_reject(store, REJECT)
    assert find_reject(store, REJECT.key) == REJECT
    clear_reject(store, REJECT.key)
    assert find_reject(store, REJECT.key) is None
    clear_reject(store, REJECT.key)


def test_a_newer_record_of_a_key_replaces_the_older(store: ObjectStore) -> None:
    record_reject(store, REJECT)
    record_reject(store, replace(REJECT, etag="v2"))
    found = find_reject(store, REJECT.key)
    assert found is not None
    assert found.etag == "v2"


@pytest.mark.parametrize("listing", [1_000, 2])
def test_clearing_many_keys_clears_these_and_no_others(
    store: ObjectStore, listing: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rejects, "_ONE_LISTING", listing)
    for number in range(4):
        record_reject(store, replace(REJECT, key=f"{number}.jpg"))
    clear_rejects(store, ["1.jpg", "3.jpg", "never-refused.jpg"])
    left = [number for number in range(4) if find_reject(store, f"{number}.jpg")]
    assert left == [0, 2]


def test_a_message_and_an_image_do_not_share_a_record(store: ObjectStore) -> None:
    record_reject(store, replace(REJECT, key=message_reject_key("1")))
    assert find_reject(store, "1") is None


@pytest.mark.parametrize(
    "change",
    [{"format": "other"}, {"version": "1"}, {"key": None}, {"etag": 1}],
    ids=["format", "version", "key", "etag"],
)
def test_a_record_of_another_shape_is_corrupt(change: dict[str, object]) -> None:
    with pytest.raises(CorruptFileError):
        parse_reject(json.dumps(json.loads(dump_reject(REJECT)) | change).encode())


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff"])
def test_what_is_no_json_is_corrupt(data: bytes) -> None:
    with pytest.raises(CorruptFileError):
        parse_reject(data)


def test_a_record_of_a_newer_version_is_refused_and_new_fields_are_not() -> None:
    content = json.loads(dump_reject(REJECT))
    assert parse_reject(json.dumps(content | {"hint": "x"}).encode()) == REJECT
    with pytest.raises(UnsupportedFormatError, match="newer Vinymatic"):
        parse_reject(json.dumps(content | {"version": 2}).encode())
