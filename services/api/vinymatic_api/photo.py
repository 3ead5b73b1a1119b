"""Body → the photo in it. Pure."""

from __future__ import annotations

from python_multipart import FormParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, parse_options_header

from vinymatic.errors import NotAnImageError
from vinymatic.features.decode import image_format
from vinymatic_api.problems import MalformedBodyError

MOST_FIELDS = 32
_MULTIPART = b"multipart/form-data"


def photo_in(body: bytes, content_type: str) -> bytes:
    """The one file of a multipart form, or the body itself.

    The first bytes decide, not the header: an image stays an image whatever Content-Type a client has put on it.
    Raises `MalformedBodyError`: a form that cannot be parsed, holds no file, or several.
    """
    kind, options = parse_options_header(content_type)
    if kind != _MULTIPART or _is_image(body):
        return body
    boundary = options.get(b"boundary")
    if not boundary:
        raise MalformedBodyError("the multipart form has no boundary in its Content-Type")
    files = _files_of(body, boundary)
    if len(files) != 1:
        found = "no file" if not files else "more than one file"
        raise MalformedBodyError(f"the multipart form holds {found}; send one photo, as one file field")
    if not files[0]:
        raise MalformedBodyError("the file in the multipart form is empty")
    return files[0]


def _files_of(body: bytes, boundary: bytes) -> list[bytes]:
    """The form's files, at most two."""
    files: list[bytes] = []
    fields = 0

    def count() -> None:
        # Millions of tiny parts would keep a thread busy for seconds.
        nonlocal fields
        fields += 1
        if fields > MOST_FIELDS:
            raise MalformedBodyError(f"the multipart form has more than {MOST_FIELDS} fields")

    def on_field(_: Field) -> None:
        count()

    def on_file(file: File) -> None:
        count()
        if len(files) < 2:
            file.file_object.seek(0)
            files.append(file.file_object.read())
        file.close()

    try:
        # In memory: the body is bounded and there already, and a photo has no business on this machine's disk.
        parser = FormParser(
            _MULTIPART.decode(), on_field, on_file, boundary=boundary, config={"MAX_MEMORY_FILE_SIZE": len(body)}
        )
        parser.write(body)
        parser.finalize()
    except FormParserError as error:
        raise MalformedBodyError(f"the multipart form is damaged: {error}") from None
    return files


def _is_image(body: bytes) -> bool:
    try:
        image_format(body)
    except NotAnImageError:
        return False
    return True
