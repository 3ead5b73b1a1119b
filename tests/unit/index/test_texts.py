"""Packed texts: they read as a list of strings does, sorted and found as strings are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.index.texts import Texts, pack_texts

pytestmark = pytest.mark.unit

TEXTS = st.lists(st.text("aé💿￿\x00/", max_size=4))


@given(texts=TEXTS, wanted=st.text("aé💿￿\x00/", max_size=2))
def test_texts_read_sort_and_are_found_as_a_list_of_strings(texts: list[str], wanted: str) -> None:
    packed = Texts(*pack_texts(texts))
    assert list(packed) == texts == packed[:] == [packed[i] for i in range(len(packed))]
    assert [packed[int(i)] for i in packed.order] == sorted(texts)
    assert list(packed.places(wanted)) == [i for i, text in enumerate(texts) if text == wanted]
    assert packed.rank(wanted) == sum(text < wanted for text in texts)


def test_no_place_is_past_the_end_and_the_last_is_minus_one() -> None:
    packed = Texts(*pack_texts(["a", "bc"]))
    assert packed[-1] == "bc"
    for place in (2, -3):
        with pytest.raises(IndexError):
            packed[place]


def test_a_text_that_cannot_be_stored_is_not_found() -> None:
    assert list(Texts(*pack_texts(["a", "💿"])).places("\ud83d")) == []


@pytest.mark.parametrize(
    ("packed", "ends"),
    [(b"abc", [1, 2]), (b"abc", [2, 1, 3]), (b"abc", [2**63, 3]), ("é".encode(), [1, 2]), (b"\xff", [1]), (b"a", [])],
)
def test_bytes_that_are_no_texts_are_refused(packed: bytes, ends: list[int]) -> None:
    with pytest.raises(ValueError, match=r"text|utf-8"):
        Texts(np.frombuffer(packed, np.uint8), np.array(ends, np.uint64))
