"""The manifest: one numbered commit that says what the index is. Pure data; nothing here reads or writes.

A manifest names every file by key, size and sha256. It is created once with `If-None-Match: *` and never changed.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from vinymatic.errors import CorruptFileError, UnsupportedFormatError

FORMAT = "vinymatic-manifest"
VERSION = 1


class _Record(BaseModel):
    # Fields of a newer minor version are kept out, not refused; a change that an old reader must not miss raises VERSION.
    model_config = ConfigDict(frozen=True, extra="ignore")


class FileEntry(_Record):
    """One immutable object: its key under the prefix, bytes, sha256 (hex)."""

    key: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class CodebookEntry(_Record):
    """`lists`: inverted lists; `trained_covers`: covers in the index when it was trained (0: made before the first cover)."""

    epoch: int = Field(ge=0)
    file: FileEntry
    lists: int = Field(ge=1)
    trained_covers: int = Field(ge=0)


class SegmentEntry(_Record):
    """`added_in`: the manifest that made it searchable. `tombstones`: dead covers by their place in the segment, sorted."""

    id: str = Field(pattern=r"^[0-9A-Z]{26}$")
    covers: int = Field(ge=1)
    features: int = Field(ge=0)
    added_in: int = Field(ge=1)
    covers_file: FileEntry
    points_file: FileEntry
    codes: dict[int, FileEntry]
    tombstones: tuple[int, ...] = ()

    @model_validator(mode="after")
    def _tombstones_fit(self) -> Self:
        dead = self.tombstones
        if any(a >= b for a, b in pairwise(dead)) or (dead and not 0 <= dead[0] <= dead[-1] < self.covers):
            raise ValueError(f"segment {self.id}: its tombstones do not fit its {self.covers} covers")
        return self

    @property
    def live(self) -> int:
        return self.covers - len(self.tombstones)

    @property
    def files(self) -> list[FileEntry]:
        return [self.covers_file, self.points_file, *self.codes.values()]


class Manifest(_Record):
    """`dimensions`: SIFT_DIMENSIONS of the index. `index_id`: given when it was made and kept by every commit and
    restore: whose backup this is.

    `images_ingested`: covers committed in all, replacements included."""

    format: str = FORMAT
    version: int = VERSION
    number: int = Field(ge=1)
    commit_id: str
    writer: str
    created_at: str
    index_id: str = ""
    dimensions: int
    feature_model: FileEntry | None = None
    active_epoch: int
    candidate_epoch: int | None = None
    codebooks: dict[int, CodebookEntry]
    segments: tuple[SegmentEntry, ...] = ()
    images_ingested: int = 0
    images_at_training: int = 0

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        needed = {self.active_epoch} if self.candidate_epoch is None else {self.active_epoch, self.candidate_epoch}
        if not needed <= self.codebooks.keys():
            raise ValueError(f"manifest {self.number}: epoch {min(needed - self.codebooks.keys())} has no codebook")
        if len({segment.id for segment in self.segments}) != len(self.segments):
            raise ValueError(f"manifest {self.number}: it names a segment twice")
        return self

    @property
    def covers(self) -> int:
        return sum(segment.live for segment in self.segments)

    @property
    def images_since_training(self) -> int:
        return self.images_ingested - self.images_at_training

    @property
    def active_codebook(self) -> CodebookEntry:
        return self.codebooks[self.active_epoch]

    def files(self) -> list[FileEntry]:
        """Every object that this manifest needs, once."""
        files = [book.file for book in self.codebooks.values()]
        if self.feature_model is not None:
            files.append(self.feature_model)
        for segment in self.segments:
            files.extend(segment.files)
        return files

    def to_json(self) -> bytes:
        return self.model_dump_json().encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Raises `CorruptFileError`, `UnsupportedFormatError`."""
        try:
            head = _Head.model_validate_json(data)
            if head.format != FORMAT:
                raise CorruptFileError(f"not a manifest: its format is {head.format!r}")
            if head.version > VERSION:
                raise UnsupportedFormatError(
                    f"manifest format version {head.version} was written by a newer Vinymatic; this one reads up to {VERSION}"
                )
            return cls.model_validate_json(data)
        except ValidationError as error:
            raise CorruptFileError(f"not a manifest: {error.errors()[0]['msg']}") from error


class _Head(_Record):
    format: str
    version: int
