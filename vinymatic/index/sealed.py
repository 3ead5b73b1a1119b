"""JSON documents that end with the sha256 of their own bytes: a damaged one is refused, never read as another that is valid too.

`{"format":…,"version":…,…,"checksum":"…"}`; the checksum is of all bytes before `,"checksum"`.
"""

from __future__ import annotations

import hashlib
import re
from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from vinymatic.errors import CorruptFileError, UnsupportedFormatError

_CHECKSUM = re.compile(rb',"checksum":"([0-9a-f]{64})"}\Z')


class Record(BaseModel):
    """A part of a document. Frozen."""

    # Fields of a newer minor version are kept out, not refused; a change that an old reader must not miss raises the version.
    model_config = ConfigDict(frozen=True, extra="ignore")


class Sealed(Record):
    """A whole document. A kind of them says what it is called in a sentence, and gives `format` and `version` their defaults.

    `sealed_from`: the first version that has a checksum; an older one opens without.
    """

    called: ClassVar[str]
    sealed_from: ClassVar[int]

    format: str
    version: int

    def to_json(self) -> bytes:
        body = self.model_dump_json().encode()[:-1]
        return body + b',"checksum":"' + hashlib.sha256(body).hexdigest().encode() + b'"}'

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raises `CorruptFileError`, `UnsupportedFormatError`."""
        known, newest = (cls.model_fields[name].default for name in ("format", "version"))
        try:
            head = _Head.model_validate_json(data)
            if head.format != known:
                raise CorruptFileError(f"not a {cls.called}: its format is {head.format!r}")
            if head.version > newest:
                raise UnsupportedFormatError(
                    f"{cls.called} format version {head.version} was written by a newer Vinymatic; this one reads up to {newest}"
                )
            found = _CHECKSUM.search(data)
            if found is None and head.version >= cls.sealed_from:
                raise CorruptFileError(f"not a whole {cls.called}: its checksum is missing")
            if found is not None and hashlib.sha256(data[: found.start()]).hexdigest().encode() != found[1]:
                raise CorruptFileError(f"not a whole {cls.called}: its bytes are not those of its checksum")
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise CorruptFileError(f"not a {cls.called}: {error.errors()[0]['msg']}") from error


class _Head(Record):
    format: str
    version: int
