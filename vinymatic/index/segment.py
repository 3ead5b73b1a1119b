"""A segment: an immutable file set that holds the features of some covers. It is the truth; encodings are derived from it.

Two files: `features.covers` (ids and metadata, small) and `features.points` (keypoints, descriptors, thumbnails, large).
docs/index-format.md has the bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vinymatic.errors import CorruptFileError
from vinymatic.features.types import Features
from vinymatic.index.tensors import Array, dump_arrays, expect_array, map_arrays, read_rows
from vinymatic.index.texts import Texts, pack_texts

COVERS_KIND = "vinymatic-covers"
POINTS_KIND = "vinymatic-points"
VERSION = 1
THUMBNAIL_SIDE = 64

_STEPS_A_PIXEL = 16.0
_STEPS_A_DEGREE = 65_536 / 360.0


@dataclass(frozen=True)
class PreparedCover:
    """A cover ready to be indexed. `size`: bytes of the scan; `width`, `height`: its upright pixels.

    `thumbnail`: uint8 [64, 64], the whole cover squeezed to a square, grey.
    """

    id: str
    etag: str
    size: int
    width: int
    height: int
    features: Features
    thumbnail: NDArray[np.uint8]


@dataclass(frozen=True)
class SegmentFiles:
    """A segment's bytes, before they have a place. `features`: their number in all."""

    covers: bytes
    points: bytes
    features: int


def build_segment(covers: Sequence[PreparedCover]) -> SegmentFiles:
    """The two files of a segment that holds `covers` in this order."""
    counts = [len(cover.features) for cover in covers]
    table = dump_cover_table(
        [cover.id for cover in covers],
        [cover.etag for cover in covers],
        size=np.array([cover.size for cover in covers], np.uint64),
        shape=np.array([(cover.width, cover.height) for cover in covers], np.uint32),
        box=np.array([(cover.features.width, cover.features.height) for cover in covers], np.uint16),
        feature_ends=np.cumsum(counts, dtype=np.uint64),
    )
    points = {
        "points": pack_points(np.concatenate([cover.features.points for cover in covers])),
        "descriptors": np.concatenate([cover.features.descriptors for cover in covers]),
        "thumbnails": np.stack([cover.thumbnail for cover in covers]),
    }
    return SegmentFiles(
        covers=table,
        points=dump_arrays(points, kind=POINTS_KIND, version=VERSION),
        features=sum(counts),
    )


def dump_cover_table(ids: Sequence[str], etags: Sequence[str], **columns: Array) -> bytes:
    """The bytes of a `features.covers`. `columns`: `size`, `shape`, `box`, `feature_ends`; `added_in` where covers were moved together."""
    packed_ids, id_ends = pack_texts(ids)
    packed_etags, etag_ends = pack_texts(etags)
    texts: dict[str, Array] = {"ids": packed_ids, "id_ends": id_ends, "etags": packed_etags, "etag_ends": etag_ends}
    return dump_arrays(texts | columns, kind=COVERS_KIND, version=VERSION)


class CoverTable:
    """Ids and metadata of a segment's covers, by their place in the segment. Raises `CorruptFileError` when opened on nonsense."""

    def __init__(self, path: Path) -> None:
        arrays, _ = map_arrays(path, kind=COVERS_KIND, newest=VERSION)
        covers = arrays["size"].size if "size" in arrays else 0
        columns: dict[str, tuple[type[np.unsignedinteger[Any]], tuple[int | None, ...]]] = {
            "ids": (np.uint8, (None,)),
            "id_ends": (np.uint64, (covers,)),
            "etags": (np.uint8, (None,)),
            "etag_ends": (np.uint64, (covers,)),
            "size": (np.uint64, (covers,)),
            "shape": (np.uint32, (covers, 2)),
            "box": (np.uint16, (covers, 2)),
            "feature_ends": (np.uint64, (covers,)),
        }
        if "added_in" in arrays:
            columns["added_in"] = (np.uint64, (covers,))
        for name, (dtype, shape) in columns.items():
            expect_array(path, arrays, name, dtype, shape)
        # The manifest that made each cover searchable; None where one manifest brought them all: the segment's `added_in`.
        self.added_in: NDArray[np.uint64] | None = arrays.get("added_in")
        try:
            self.ids = Texts(arrays["ids"], arrays["id_ends"])
            self.etags = Texts(arrays["etags"], arrays["etag_ends"])
        except ValueError as error:
            raise CorruptFileError(f"{path.name}: not a cover table: {error}") from error
        self.size: NDArray[np.uint64] = arrays["size"]
        self.shape: NDArray[np.uint32] = arrays["shape"]
        self.box: NDArray[np.uint16] = arrays["box"]
        ends = np.array(arrays["feature_ends"], np.int64)
        if np.any(np.diff(ends, prepend=0) < 0):
            raise CorruptFileError(f"{path.name}: the columns of the cover table do not fit each other")
        # first[i] … first[i + 1] are the features of the cover at place i.
        self.first: NDArray[np.int64] = np.concatenate([np.zeros(1, np.int64), ends])

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def features(self) -> int:
        return int(self.first[-1])


class Segment:
    """An open segment: ids and etags in memory, the rest mapped."""

    def __init__(self, table: CoverTable, points_path: Path, dimensions: int) -> None:
        self.table = table
        arrays, _ = map_arrays(points_path, kind=POINTS_KIND, newest=VERSION)
        expected = {
            "points": (np.uint16, (table.features, 4)),
            "descriptors": (np.uint8, (table.features, dimensions)),
            "thumbnails": (np.uint8, (len(table), THUMBNAIL_SIDE, THUMBNAIL_SIDE)),
        }
        for name, (dtype, shape) in expected.items():
            expect_array(points_path, arrays, name, dtype, shape)
        self.packed_points: NDArray[np.uint16] = arrays["points"]
        self.descriptors: NDArray[np.uint8] = arrays["descriptors"]
        self.thumbnails: NDArray[np.uint8] = arrays["thumbnails"]

    def features_of(self, place: int) -> Features:
        """The features of the cover at `place`, read from the map."""
        rows = int(self.table.first[place]), int(self.table.first[place + 1])
        width, height = self.box_of(place)
        points = unpack_points(read_rows(self.packed_points, *rows))
        return Features(points, read_rows(self.descriptors, *rows), width, height)

    def thumbnail_of(self, place: int) -> NDArray[np.uint8]:
        return np.asarray(read_rows(self.thumbnails, place, place + 1)[0], np.uint8)

    def box_of(self, place: int) -> tuple[int, int]:
        """Width and height of the cover's box."""
        width, height = (int(side) for side in self.table.box[place])
        return width, height


def pack_points(points: NDArray[np.float32]) -> NDArray[np.uint16]:
    """float32 [n, 4] (x, y, scale in pixels, angle in degrees) → uint16 [n, 4]: sixteenths of a pixel, 65,536ths of a turn."""
    packed = np.empty(points.shape, np.uint16)
    packed[:, :3] = np.clip(np.rint(points[:, :3] * _STEPS_A_PIXEL), 0, 65_535)
    packed[:, 3] = np.rint(points[:, 3] * _STEPS_A_DEGREE).astype(np.int64) % 65_536
    return packed


def unpack_points(packed: NDArray[np.uint16]) -> NDArray[np.float32]:
    """The inverse of `pack_points`, to within half a step."""
    points = packed.astype(np.float32)
    points[:, :3] /= _STEPS_A_PIXEL
    points[:, 3] /= _STEPS_A_DEGREE
    return points
