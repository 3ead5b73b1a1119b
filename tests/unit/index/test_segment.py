"""Segments: covers go in, the same covers come out, and files that do not fit are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from tests.support.index import prepared
from tests.unit.index.small import make_cover
from vinymatic.errors import CorruptFileError, UnsupportedFormatError
from vinymatic.features.types import Features
from vinymatic.index.segment import (
    COVERS_KIND,
    POINTS_KIND,
    VERSION,
    CoverTable,
    PreparedCover,
    Segment,
    build_segment,
    pack_points,
    unpack_points,
)
from vinymatic.index.tensors import Array, dump_arrays, map_arrays

pytestmark = pytest.mark.unit

in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)

IDS = ("demo/a b.jpg", "ü/è?#%2F.jpg", "💿/日本/ジャケット.webp", "..", " ", "x" * 1_024)


def write(folder: Path, covers: Sequence[PreparedCover]) -> tuple[Path, Path]:
    files = build_segment(covers)
    table, points = folder / "covers.safetensors", folder / "points.safetensors"
    # Unlinked first: what is still mapped from an example before must not see its file change.
    for path, data in ((table, files.covers), (points, files.points)):
        path.unlink(missing_ok=True)
        path.write_bytes(data)
    return table, points


def open_segment(folder: Path, covers: Sequence[PreparedCover], dimensions: int = 128) -> Segment:
    table, points = write(folder, covers)
    return Segment(CoverTable(table), points, dimensions)


def half_steps(stored: Features, given: Features) -> bool:
    """Whether the points are those given, within half of a step of their packing; angles on the circle."""
    apart = np.abs(stored.points - given.points)
    turn = np.minimum(apart[:, 3], 360 - apart[:, 3])
    return bool((apart[:, :3] <= 0.5 / 16 + 1e-4).all() and (turn <= 0.5 * 360 / 65_536 + 1e-4).all())


def test_covers_come_back_as_they_were_given(tmp_path: Path) -> None:
    covers = [prepared(1), prepared(2, etag="other"), prepared(3)]
    segment = open_segment(tmp_path, covers)
    table = segment.table
    assert len(table) == 3
    assert table.features == sum(len(cover.features) for cover in covers) == build_segment(covers).features
    for place, cover in enumerate(covers):
        stored = segment.features_of(place)
        assert (table.ids[place], table.etags[place], int(table.size[place])) == (cover.id, cover.etag, cover.size)
        assert table.shape[place].tolist() == [cover.width, cover.height]
        assert np.array_equal(stored.descriptors, cover.features.descriptors)
        assert (stored.width, stored.height) == (cover.features.width, cover.features.height)
        assert half_steps(stored, cover.features)
        assert np.array_equal(segment.thumbnails[place], cover.thumbnail)


@in_one_folder
@given(
    names=st.lists(
        st.tuples(
            st.sampled_from(IDS) | st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
            st.text(st.characters(exclude_categories=["Cs"]), max_size=10),
            st.integers(0, 20),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_any_ids_and_etags_come_back(tmp_path: Path, names: list[tuple[str, str, int]]) -> None:
    segment = open_segment(tmp_path, [make_cover(name, etag, count) for name, etag, count in names])
    assert list(zip(segment.table.ids, segment.table.etags, strict=True)) == [(name, etag) for name, etag, _ in names]
    assert [len(segment.features_of(place)) for place in range(len(names))] == [count for _, _, count in names]


def test_large_sizes_fit(tmp_path: Path) -> None:
    table = open_segment(tmp_path, [replace(make_cover(), size=5 * 2**40, width=2**31, height=65_535)]).table
    assert int(table.size[0]) == 5 * 2**40
    assert table.shape[0].tolist() == [2**31, 65_535]


@pytest.mark.parametrize("dimensions", [16, 24, 64])
def test_reduced_descriptors_come_back(tmp_path: Path, dimensions: int) -> None:
    cover = make_cover(dimensions=dimensions)
    stored = open_segment(tmp_path, [cover], dimensions).features_of(0)
    assert np.array_equal(stored.descriptors, cover.features.descriptors)


@given(
    hnp.arrays(
        np.float32,
        st.tuples(st.integers(0, 20), st.just(4)),
        elements=st.floats(0, 4_095, width=32),
    ).map(lambda points: np.column_stack([points[:, :3], points[:, 3] % 360]).astype(np.float32))
)
def test_points_are_kept_within_half_a_step(points: NDArray[np.float32]) -> None:
    packed = pack_points(points)
    assert packed.dtype == np.uint16
    empty = np.empty((len(points), 128), np.uint8)
    assert half_steps(Features(unpack_points(packed), empty, 1, 1), Features(points, empty, 1, 1))


@given(hnp.arrays(np.uint16, st.tuples(st.integers(0, 20), st.just(4))))
def test_packed_points_stay_what_they_are(packed: NDArray[np.uint16]) -> None:
    assert np.array_equal(pack_points(unpack_points(packed)), packed)


def test_points_out_of_range_are_kept_at_the_edge_and_full_turns_are_none() -> None:
    points = np.array([[-3.0, 9_999.0, 1.0, 360.0], [0.0, 0.0, 0.0, 359.999]], np.float32)
    unpacked = unpack_points(pack_points(points))
    assert unpacked[0].tolist() == [0.0, 65_535 / 16, 1.0, 0.0]
    assert unpacked[1, 3] == 0.0


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    for path in write(tmp_path, [make_cover()]):
        whole = path.read_bytes()
        for length in (0, 7, len(whole) // 2, len(whole) - 1):
            cut = tmp_path / f"cut-{length}-{path.name}"
            cut.write_bytes(whole[:length])
            with pytest.raises(CorruptFileError):
                CoverTable(cut) if path.name.startswith("covers") else Segment(
                    CoverTable(tmp_path / "covers.safetensors"), cut, 128
                )


def test_points_of_another_segment_are_refused(tmp_path: Path) -> None:
    table, _ = write(tmp_path, [make_cover("a"), make_cover("b")])
    (tmp_path / "other").mkdir()
    for covers in ([make_cover("a")], [make_cover("a"), make_cover("b", count=10)]):
        _, points = write(tmp_path / "other", covers)
        with pytest.raises(CorruptFileError):
            Segment(CoverTable(table), points, 128)


def test_descriptors_of_other_dimensions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CorruptFileError, match="descriptors"):
        open_segment(tmp_path, [make_cover()], dimensions=64)


def test_files_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    table, points = write(tmp_path, [make_cover()])
    with pytest.raises(CorruptFileError, match=f"not '{COVERS_KIND}'"):
        CoverTable(points)
    with pytest.raises(CorruptFileError, match=f"not '{POINTS_KIND}'"):
        Segment(CoverTable(table), table, 128)


def test_files_of_a_newer_version_are_refused_as_such(tmp_path: Path) -> None:
    table, points = write(tmp_path, [make_cover()])
    opened = CoverTable(table)
    for path, kind in ((table, COVERS_KIND), (points, POINTS_KIND)):
        newer = dump_arrays(map_arrays(path, kind=kind, newest=VERSION)[0], kind=kind, version=VERSION + 1)
        path.unlink()
        path.write_bytes(newer)
    with pytest.raises(UnsupportedFormatError):
        CoverTable(table)
    with pytest.raises(UnsupportedFormatError):
        Segment(opened, points, 128)


def test_an_array_of_a_later_release_is_not_looked_at(tmp_path: Path) -> None:
    for path, kind in zip(write(tmp_path, [make_cover()]), (COVERS_KIND, POINTS_KIND), strict=True):
        arrays = map_arrays(path, kind=kind, newest=VERSION)[0]
        data = dump_arrays(arrays | {"colour": np.zeros(3, np.float32)}, kind=kind, version=VERSION)
        path.unlink()
        path.write_bytes(data)
    segment = Segment(CoverTable(tmp_path / "covers.safetensors"), tmp_path / "points.safetensors", 128)
    assert list(segment.table.ids) == ["a"]


@pytest.mark.parametrize(
    ("name", "array"),
    [
        ("ids", np.frombuffer(b"\xff\xfe", np.uint8)),
        ("ids", np.frombuffer(b"abc", np.uint8)),
        ("id_ends", np.array([1], np.uint64)),
        ("id_ends", np.array([1, 3], np.uint64)),
        ("id_ends", np.array([2, 1], np.uint64)),
        ("id_ends", np.array([2**63, 2], np.uint64)),
        ("id_ends", np.array([[1, 2]], np.uint64)),
        ("etag_ends", np.array([1, 1], np.uint64)),
        ("size", np.array([1, 2, 3], np.uint64)),
        ("size", np.array(1, np.uint64)),
        ("shape", np.array([[1, 2]], np.uint32)),
        ("shape", np.array([1, 2], np.uint32)),
        ("box", np.array([[1, 2, 3], [1, 2, 3]], np.uint16)),
        ("box", np.array([[1, 2], [1, 2]], np.uint32)),
        ("feature_ends", np.array([9, 8], np.uint64)),
        ("feature_ends", np.array([2**63, 18], np.uint64)),
        *((name, None) for name in ("ids", "id_ends", "etags", "etag_ends", "size", "shape", "box", "feature_ends")),
    ],
)
def test_columns_that_do_not_fit_each_other_are_refused(tmp_path: Path, name: str, array: Array | None) -> None:
    table, _ = write(tmp_path, [make_cover("a", "x"), make_cover("b", "y")])
    arrays = {key: np.array(value) for key, value in map_arrays(table, kind=COVERS_KIND, newest=VERSION)[0].items()}
    del arrays[name]
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(dump_arrays(arrays | ({} if array is None else {name: array}), kind=COVERS_KIND, version=VERSION))
    with pytest.raises(CorruptFileError):
        CoverTable(bad)
