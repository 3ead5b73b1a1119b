"""The user's own photos for the gate: a folder or prefix with `labels.csv`, which says what each of them shows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vinymatic.errors import ImageError, ListingError, ObjectNotFoundError
from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.extract import scale_into_box
from vinymatic.features.types import Features
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.gate_photos import Photo
from vinymatic.settings import ApiSettings
from vinymatic.storage.port import ObjectStore

LABELS = "labels.csv"
_COLUMNS = ("photo", "cover")


@dataclass(frozen=True)
class Label:
    """`photo`: its key beside `labels.csv`. `cover`: the id of the cover that it shows; empty for none of the catalogue."""

    photo: str
    cover: str
    line: int


def read_labels(store: ObjectStore) -> list[Label]:
    """The labels in `labels.csv` of `store`: UTF-8, columns `photo` and `cover`, others are passed over.

    Raises `ListingError` with the line's number, `StorageError`.
    """
    try:
        data, _ = store.get(LABELS)
    except ObjectNotFoundError:
        raise ListingError(f"{store.url} has no {LABELS}") from None
    try:
        text = data.decode("utf-8-sig")
        rows = csv.DictReader(text.splitlines(), strict=True)
        missing = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
        if missing:
            raise ListingError(f"{LABELS}: its first line names no column {missing[0]!r}")
        labels = []
        for row in rows:
            photo, cover = row["photo"], row["cover"]
            if not photo or cover is None:
                raise ListingError(f"{LABELS}, line {rows.line_num}: a photo and a cover (or nothing) are needed")
            labels.append(Label(photo, cover, rows.line_num))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ListingError(f"{LABELS} cannot be read: {error}") from error
    if not labels:
        raise ListingError(f"{LABELS} names no photo")
    return labels


def labelled_photos(store: ObjectStore, labels: Sequence[Label], whole: Snapshot) -> Iterator[Photo]:
    """Each photo as the API takes it, read when it is asked for. A cover that `whole` lacks counts as none.

    Raises `ListingError` for a photo that is not there or cannot be used: a label that is passed over in silence would flatter.
    """
    settings = ApiSettings(sift_dimensions=whole.manifest.dimensions)
    spec = FeatureSpec(settings.sift_dimensions, settings.num_features, settings.nor_x, settings.nor_y)
    for label in labels:
        try:
            data, _ = store.get(label.photo)
            picture = decode(data, max_pixels=settings.max_pixels, reduce_to=max(spec.nor_x, spec.nor_y))
            raw = extract(picture, spec)
        except (ObjectNotFoundError, ImageError) as error:
            raise ListingError(f"{LABELS}, line {label.line}: {label.photo}: {error}") from error
        features = Features(raw.points, whole.model.reduce(raw.descriptors), raw.width, raw.height)
        cover = label.cover if label.cover in whole else None
        yield Photo(label.photo, cover, features, scale_into_box(picture.grey, spec.nor_x, spec.nor_y))
