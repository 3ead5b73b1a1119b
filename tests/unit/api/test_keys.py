from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic_api.keys import MOST_BYTES, checked, key_of
from vinymatic_api.problems import MalformedIdError, UnknownPathError

pytestmark = pytest.mark.unit

KEYS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=200)


@given(key=KEYS)
def test_any_key_survives_percent_encoding_whole(key: str) -> None:
    assert key_of(b"/v1/covers/" + quote(key, safe="").encode()) == key


@given(key=KEYS)
def test_any_key_survives_with_its_slashes_left_as_they_are(key: str) -> None:
    assert key_of(b"/v1/covers/" + quote(key, safe="/").encode()) == key


@pytest.mark.parametrize(
    ("raw", "key"),
    [
        (b"a%2Fb", "a/b"),
        (b"a%252Fb", "a%2Fb"),
        (b"/leading", "/leading"),
        (b"a//b/", "a//b/"),
        (b"../up/./x", "../up/./x"),
        (b"a+b", "a+b"),
        (b"100%", "100%"),
        (b"%F0%9F%8E%B5", "🎵"),
        (b"line%0Aend", "line\nend"),
    ],
)
def test_a_key_is_decoded_exactly_once_and_never_tidied(raw: bytes, key: str) -> None:
    assert key_of(b"/v1/covers/" + raw) == key


def test_a_key_that_is_not_utf8_is_malformed() -> None:
    with pytest.raises(MalformedIdError, match="UTF-8"):
        key_of(b"/v1/covers/%FF%FE")


def test_a_key_longer_than_s3_allows_is_malformed() -> None:
    assert checked(b"x" * MOST_BYTES)
    with pytest.raises(MalformedIdError, match="1024"):
        checked("é".encode() * 513)


@pytest.mark.parametrize("raw", [b"/v1/covers/", b"/v1/covers", b"/v1%2Fcovers%2Fx", b""])
def test_a_path_without_a_key_is_nowhere(raw: bytes) -> None:
    with pytest.raises(UnknownPathError):
        key_of(raw)
