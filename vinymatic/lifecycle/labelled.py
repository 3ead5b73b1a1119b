"""The user's own photos: a folder or prefix that holds `labels.csv` and the photos that it names.

    photo,cover
    phone/0001.jpg,shop/blue-train.jpg
    phone/0002.jpg,

`photo` is a key below the folder, `cover` an id of the catalogue; empty: the catalogue does not hold what the photo shows.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass

from vinymatic.errors import ImageError, InvalidKeyError, ListingError, ObjectNotFoundError
from vinymatic.features.model import FeatureModel
from vinymatic.features.spec import FeatureSpec
from vinymatic.index.query import PreparedPhoto, prepare_photo
from vinymatic.index.timing import StepTimer
from vinymatic.settings import ApiSettings
from vinymatic.storage.port import ObjectStore

LABELS = "labels.csv"


@dataclass(frozen=True)
class Label:
    """`cover` is None where the catalogue does not hold what the photo shows. `line`: of labels.csv, from 1."""

    line: int
    photo: str
    cover: str | None


@dataclass(frozen=True)
class PhotoLimits:
    """What the API takes: `spec` says how photos become features; `max_pixels` of one, `max_bytes` of its file."""

    spec: FeatureSpec
    max_pixels: int
    max_bytes: int


def photo_limits(dimensions: int, settings: ApiSettings | None = None) -> PhotoLimits:
    """How an API with `settings` reads photos; by default with its default ones."""
    settings = settings or ApiSettings()
    spec = FeatureSpec(dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    return PhotoLimits(spec, settings.max_pixels, settings.max_body_bytes)


def read_labels(store: ObjectStore) -> list[Label]:
    """The labels in `store`. Raises `ListingError`, with the line where it is of one; `StorageError`."""
    try:
        data, _ = store.get(LABELS)
    except ObjectNotFoundError as error:
        raise ListingError(f"{store.url} holds no {LABELS}") from error
    try:
        return parse_labels(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise ListingError(f"{LABELS} is not UTF-8") from None


def parse_labels(text: str) -> list[Label]:
    """Further columns may stand beside the two. Raises `ListingError` with the line: nothing is skipped but empty lines."""
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    labels: list[Label] = []
    lines: dict[str, int] = {}
    try:
        header = next(rows, [])
        if not {"photo", "cover"} <= set(header):
            raise ListingError(f"line 1 of {LABELS}: it must name the columns photo and cover, separated by a comma")
        for row in rows:
            line = rows.line_num
            if not row:
                continue
            if len(row) != len(header):
                raise _at(line, f"it has {len(row)} fields; the first line names {len(header)}")
            named = dict(zip(header, row, strict=True))
            photo = named["photo"]
            if not photo:
                raise _at(line, "it names no photo")
            if photo in lines:
                raise _at(line, f"{photo!r} stands on line {lines[photo]} already")
            lines[photo] = line
            labels.append(Label(line, photo, named["cover"] or None))
    except csv.Error as error:
        raise _at(rows.line_num, str(error)) from None
    return labels


def open_photo(store: ObjectStore, label: Label, model: FeatureModel, limits: PhotoLimits) -> PreparedPhoto:
    """The photo, read and described as the API does it. Raises `ListingError` with the line for one that it would not take."""
    try:
        data, _ = store.get(label.photo, limit=limits.max_bytes)
        return prepare_photo(data, limits.spec, model, max_pixels=limits.max_pixels, timer=StepTimer())
    except (ObjectNotFoundError, InvalidKeyError):
        raise _at(label.line, f"{store.url} holds no {label.photo!r}") from None
    except ImageError as error:
        raise _at(label.line, f"{label.photo!r}: {error.message}") from error


def _at(line: int, reason: str) -> ListingError:
    return ListingError(f"line {line} of {LABELS}: {reason}")
