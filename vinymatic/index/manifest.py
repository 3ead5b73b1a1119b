"""The manifest: one numbered commit that says what the index is. Pure data; nothing here reads or writes.

A manifest names every file by key, size and sha256, and ends with the sha256 of its own bytes. It is created once with
`If-None-Match: *` and never changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Self

from pydantic import Field, model_validator

from vinymatic.index.sealed import Record, Sealed

FORMAT = "vinymatic-manifest"
# 2: a checksum, and epochs that are prepared, measured, promoted and retired one by one.
VERSION = 2


class FileEntry(Record):
    """One immutable object: its key under the prefix, bytes, sha256 (hex)."""

    key: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class CodebookEntry(Record):
    """`lists`: inverted lists; `trained_covers`: covers in the index when it was trained (0: made before the first cover).

    `error`: mean squared distance, in the descriptors' own steps, between a descriptor and its code, over descriptors that the training
    did not see; None where nobody measured it.
    """

    epoch: int = Field(ge=0)
    file: FileEntry
    lists: int = Field(ge=1)
    trained_covers: int = Field(ge=0)
    error: float | None = Field(default=None, ge=0)


class Fresh(Record):
    """What was committed since the active epoch is active: so many features, and their mean squared `error` under its codebook."""

    features: int = Field(default=0, ge=0)
    error: float = Field(default=0.0, ge=0)

    def plus(self, features: int, error: float) -> Fresh:
        """With `features` more, whose mean squared error is `error`."""
        total = self.features + features
        if total == 0:
            return self
        return Fresh(features=total, error=(self.features * self.error + features * error) / total)


class SegmentEntry(Record):
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


class Manifest(Sealed):
    """`dimensions`: SIFT_DIMENSIONS of the index. `index_id`: given when it was made and kept by every commit and
    restore: whose backup this is.

    `candidate_epoch` is being prepared, `previous_epoch` was active before; every new segment is encoded under both and under the active
    one. `last_epoch`: the highest number ever given. `images_ingested`: covers committed in all, replacements included. `trained_at`,
    `images_at_training`, `covers_at_training`: of the last training, whatever became of it."""

    called = "manifest"
    sealed_from = 2

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
    previous_epoch: int | None = None
    last_epoch: int = -1
    codebooks: dict[int, CodebookEntry]
    segments: tuple[SegmentEntry, ...] = ()
    images_ingested: int = 0
    images_at_training: int = 0
    covers_at_training: int = 0
    trained_at: str | None = None
    fresh: Fresh = Fresh()

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        lacking = set(self.written_epochs) - self.codebooks.keys()
        if lacking:
            raise ValueError(f"manifest {self.number}: epoch {min(lacking)} has no codebook")
        if len({segment.id for segment in self.segments}) != len(self.segments):
            raise ValueError(f"manifest {self.number}: it names a segment twice")
        return self

    @property
    def covers(self) -> int:
        return sum(segment.live for segment in self.segments)

    @property
    def written_epochs(self) -> tuple[int, ...]:
        """The epochs under which every new segment is encoded: the active one first."""
        epochs = (self.active_epoch, self.candidate_epoch, self.previous_epoch)
        return tuple(dict.fromkeys(epoch for epoch in epochs if epoch is not None))

    @property
    def next_epoch(self) -> int:
        """A number that no codebook of this index has ever had."""
        return max(self.last_epoch, *self.codebooks) + 1

    def lacking(self, epoch: int) -> tuple[SegmentEntry, ...]:
        """The segments that have no encoding of this epoch."""
        return tuple(segment for segment in self.segments if epoch not in segment.codes)

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

    def with_keys(self, keys: Mapping[str, str]) -> Manifest:
        """The same with its files under other keys, by their key here; what is not in `keys` stays."""

        def renamed(file: FileEntry) -> FileEntry:
            return file.model_copy(update={"key": keys.get(file.key, file.key)})

        model = self.feature_model
        segments = tuple(
            segment.model_copy(
                update={
                    "covers_file": renamed(segment.covers_file),
                    "points_file": renamed(segment.points_file),
                    "codes": {epoch: renamed(file) for epoch, file in segment.codes.items()},
                }
            )
            for segment in self.segments
        )
        books = {e: book.model_copy(update={"file": renamed(book.file)}) for e, book in self.codebooks.items()}
        return self.model_copy(
            update={
                "segments": segments,
                "codebooks": books,
                "feature_model": None if model is None else renamed(model),
            }
        )

    def files_of(self, epoch: int) -> list[FileEntry]:
        """Those of them that a reader of `epoch` needs."""
        others = {book.file for number, book in self.codebooks.items() if number != epoch}
        for segment in self.segments:
            others.update(file for number, file in segment.codes.items() if number != epoch)
        return [file for file in self.files() if file not in others]
