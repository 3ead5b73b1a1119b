from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic_api.photo import MOST_FIELDS, photo_in
from vinymatic_api.problems import MalformedBodyError

pytestmark = pytest.mark.unit

JPEG = b"\xff\xd8\xff\xe0 the rest of a photo"
BOUNDARY = "a-boundary"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


def form(*parts: tuple[str, str | None, bytes], end: bool = True) -> bytes:
    """Parts: name, file name (None: no file), content."""
    text = b""
    for name, file_name, content in parts:
        disposition = f'form-data; name="{name}"' + ("" if file_name is None else f'; filename="{file_name}"')
        text += f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n\r\n".encode() + content + b"\r\n"
    return text + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


@pytest.mark.parametrize("content_type", ["image/jpeg", "", "text/plain", "application/x-www-form-urlencoded", FORM])
def test_a_raw_image_is_taken_as_it_is_whatever_its_content_type(content_type: str) -> None:
    assert photo_in(JPEG, content_type) == JPEG


@pytest.mark.parametrize("name", ["file", "image", "photo", "irgendwas-ü"])
def test_the_one_file_of_a_form_is_the_photo_whatever_its_field_is_called(name: str) -> None:
    assert photo_in(form(("note", None, b"hello"), (name, "a.jpg", JPEG)), FORM) == JPEG


@given(content=st.binary(min_size=1, max_size=2_000).filter(lambda data: BOUNDARY.encode() not in data))
def test_a_file_comes_out_of_a_form_byte_for_byte(content: bytes) -> None:
    assert photo_in(form(("file", "a.jpg", content)), FORM) == content


def test_two_files_are_refused() -> None:
    body = form(("file", "a.jpg", JPEG), ("other", "b.jpg", JPEG))
    with pytest.raises(MalformedBodyError, match="more than one file"):
        photo_in(body, FORM)


def test_a_form_without_a_file_is_refused() -> None:
    with pytest.raises(MalformedBodyError, match="no file"):
        photo_in(form(("file", None, JPEG)), FORM)


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(MalformedBodyError, match="empty"):
        photo_in(form(("file", "a.jpg", b"")), FORM)


def test_a_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(MalformedBodyError, match="boundary"):
        photo_in(form(("file", "a.jpg", JPEG)), "multipart/form-data")


def test_a_form_that_breaks_off_is_refused() -> None:
    with pytest.raises(MalformedBodyError):
        photo_in(form(("file", "a.jpg", JPEG), end=False), FORM)


def test_thousands_of_fields_are_refused_at_the_first_too_many() -> None:
    with pytest.raises(MalformedBodyError, match=str(MOST_FIELDS)):
        photo_in(form(*[("x", None, b"")] * 5_000), FORM)


@given(body=st.binary(max_size=300), boundary=st.text(st.characters(max_codepoint=255), max_size=80))
def test_whatever_the_body_and_the_boundary_are_it_fails_in_no_other_way(body: bytes, boundary: str) -> None:
    with suppress(MalformedBodyError):
        assert isinstance(photo_in(body, f'multipart/form-data; boundary="{boundary}"'), bytes)
