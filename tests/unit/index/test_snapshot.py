"""Snapshots: what a reader sees of one manifest, and what it keeps of the one before."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.shelf import Shelf, without
from tests.unit.index.small import LISTS, make_cover, real_cover
from vinymatic.errors import CorruptFileError, CoverNotFoundError
from vinymatic.index.snapshot import Snapshot, split_partitions

pytestmark = pytest.mark.unit


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def found(snapshot: Snapshot, n: int, count: int = 20) -> str | None:
    """The id of the cover that most of cover n's descriptors find as their nearest; None when nothing is found."""
    near = snapshot.neighbours(real_cover(n, count=count).features.descriptors, 8, 1)
    owners = near.covers[:, 0]
    assert np.array_equal(owners < 0, np.isinf(near.distances[:, 0]))
    if (owners < 0).all():
        return None
    return snapshot.cover_id(int(np.bincount(owners[owners >= 0]).argmax()))


# Where partitions end.


@pytest.mark.parametrize(
    ("before", "segments", "sizes", "ends"),
    [
        ("", "", [], []),
        ("", "a", [5], [1]),
        ("", "abc", [5, 1, 1], [3]),
        ("a", "", [], []),
        ("ab", "ab", [50, 50], [2]),
        ("ab", "abc", [50, 50, 25], [2, 3]),
        ("ab", "abc", [50, 50, 26], [3]),
        ("ab", "abcd", [50, 50, 10, 15], [2, 4]),
        ("ab", "abcd", [50, 50, 10, 16], [4]),
        ("ab", "ac", [50, 1], [2]),
        ("ab", "bac", [50, 50, 1], [3]),
        ("ab", "a", [50], [1]),
        ("ab", "bc", [50, 1], [2]),
        ("abc", "ab", [50, 50], [2]),
    ],
)
def test_a_small_tail_gets_a_partition_of_its_own_and_all_else_is_merged(
    before: str, segments: str, sizes: list[int], ends: list[int]
) -> None:
    assert split_partitions(before, segments, sizes) == ends


@given(before=st.lists(st.sampled_from("abcd"), unique=True), segments=st.lists(st.sampled_from("abcd"), unique=True))
def test_partitions_always_cover_all_segments_once(before: list[str], segments: list[str]) -> None:
    ends = split_partitions(before, segments, [10] * len(segments))
    assert ends == sorted(set(ends))
    assert (ends[-1] if ends else 0) == len(segments)
    assert 0 not in ends


# What is in it.


def test_a_snapshot_tells_what_it_holds(shelf: Shelf) -> None:
    one = shelf.segment("A", [real_cover(0), real_cover(1)], added_in=2)
    two = shelf.segment("B", [real_cover(2, "ü/💿 #?.jpg")], added_in=5)
    snapshot = shelf.snapshot(one, two, number=5)
    assert (snapshot.number, snapshot.epoch, len(snapshot)) == (5, 0, 3)
    entry = snapshot.cover("ü/💿 #?.jpg")
    assert (entry.id, entry.etag, entry.size, entry.width, entry.height) == ("ü/💿 #?.jpg", "etag-2", 1_000, 640, 480)
    assert (entry.features, entry.manifest, entry.segment) == (20, 5, "B" * 26)
    assert snapshot.cover("cover-1").manifest == 2
    with pytest.raises(CoverNotFoundError, match="'cover-9' is not in the catalogue"):
        snapshot.cover("cover-9")


def test_numbers_lead_to_the_covers_across_segments(shelf: Shelf) -> None:
    covers = [real_cover(n, count=10 + n) for n in range(5)]
    snapshot = shelf.snapshot(
        shelf.segment("A", covers[:2]), shelf.segment("B", covers[2:3]), shelf.segment("C", covers[3:])
    )
    for number, cover in enumerate(covers):
        assert snapshot.cover_id(number) == cover.id
        assert np.array_equal(snapshot.features_of(number).descriptors, cover.features.descriptors)
        assert np.array_equal(snapshot.thumbnail_of(number), cover.thumbnail)
        near = snapshot.neighbours(cover.features.descriptors, LISTS, 1)
        assert (near.covers[:, 0] == number).mean() > 0.9


def test_features_are_found_in_every_partition(shelf: Shelf) -> None:
    base = shelf.snapshot(shelf.segment("A", [real_cover(n) for n in range(8)]))
    grown = shelf.snapshot(*base.manifest.segments, shelf.segment("B", [real_cover(8)]), previous=base)
    assert len(grown.partitions) == 2
    assert [found(grown, n) for n in range(9)] == [f"cover-{n}" for n in range(9)]
    assert found(base, 8) != "cover-8"


def test_an_empty_snapshot_finds_nothing_and_lists_nothing(shelf: Shelf) -> None:
    snapshot = shelf.snapshot()
    assert len(snapshot) == 0
    assert snapshot.list_covers() == []
    assert found(snapshot, 0) is None


# The dead.


def test_dead_covers_are_neither_counted_nor_listed_nor_found(shelf: Shelf) -> None:
    base = shelf.segment("A", [real_cover(n) for n in range(8)])
    tail = shelf.segment("B", [real_cover(8), real_cover(9)])
    whole = shelf.snapshot(base)
    snapshot = shelf.snapshot(without(base, 0, 5), without(tail, 1), previous=whole)
    assert len(snapshot.partitions) == 2
    assert len(snapshot) == 7
    assert [entry.id for entry in snapshot.list_covers()] == [f"cover-{n}" for n in (1, 2, 3, 4, 6, 7, 8)]
    for n in (0, 5, 9):
        assert found(snapshot, n) != f"cover-{n}"
        with pytest.raises(CoverNotFoundError):
            snapshot.cover(f"cover-{n}")
    for n in (1, 4, 6, 7, 8):
        assert found(snapshot, n) == f"cover-{n}"
    near = snapshot.neighbours(np.concatenate([real_cover(n).features.descriptors for n in range(10)]), 8, 200)
    assert not np.isin(near.covers, (0, 5, 9)).any()


def test_the_dead_are_left_out_of_merged_partitions_too(shelf: Shelf) -> None:
    parts = [
        shelf.segment("A", [real_cover(0), real_cover(1, count=7)]),
        shelf.segment("B", [real_cover(2), real_cover(3)]),
    ]
    snapshot = shelf.snapshot(without(parts[0], 1), without(parts[1], 0))
    assert len(snapshot.partitions) == 1
    assert (found(snapshot, 0), found(snapshot, 3)) == ("cover-0", "cover-3")
    assert found(snapshot, 2) != "cover-2"
    assert found(snapshot, 1, count=7) != "cover-1"


def test_a_replaced_cover_is_known_by_its_new_place(shelf: Shelf) -> None:
    old, new = (
        shelf.segment("A", [real_cover(0, "x"), real_cover(1)]),
        shelf.segment("B", [real_cover(2, "x")], added_in=6),
    )
    snapshot = shelf.snapshot(without(old, 0), new)
    assert len(snapshot) == 2
    assert snapshot.cover("x").manifest == 6
    assert found(snapshot, 2) == "x"


def test_a_catalogue_of_the_dead_alone_finds_nothing(shelf: Shelf) -> None:
    snapshot = shelf.snapshot(without(shelf.segment("A", [real_cover(0)]), 0))
    assert len(snapshot) == 0
    assert found(snapshot, 0) is None


# Lists.

NAMES = st.text("ab/💿", min_size=1, max_size=4)


@lru_cache
def listing(names: tuple[str, ...], dead: frozenset[int], folder: Path) -> Snapshot:
    shelf = Shelf(folder)
    return shelf.snapshot(without(shelf.segment("A", [make_cover(name) for name in names]), *dead))


@given(data=st.data())
def test_pages_are_those_of_a_sorted_list(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    names = ("a", "a/b", "aa", "ab", "b", "b/a", "b/b", "ba", "💿", "💿a", "a💿", "/", "//", "bbb")
    snapshot = listing(names, frozenset({2, 6}), tmp_path_factory.getbasetemp() / "listing")
    live = sorted(name for place, name in enumerate(names) if place not in (2, 6))
    prefix = data.draw(st.just("") | NAMES | st.sampled_from(names))
    after = data.draw(st.just("") | NAMES | st.sampled_from(names))
    limit = data.draw(st.integers(0, 20))
    expected = [name for name in live if name.startswith(prefix) and name > after][:limit]
    assert [entry.id for entry in snapshot.list_covers(after, limit, prefix)] == expected


def test_following_pages_give_every_cover_once(shelf: Shelf) -> None:
    names = [f"{n:02d}" for n in range(23)]
    snapshot = shelf.snapshot(shelf.segment("A", [make_cover(name) for name in reversed(names)]))
    seen: list[str] = []
    while page := snapshot.list_covers(seen[-1] if seen else "", limit=5):
        seen += [entry.id for entry in page]
    assert seen == names


# What stays.


def test_a_newer_snapshot_reads_only_what_is_new(shelf: Shelf) -> None:
    base = shelf.snapshot(shelf.segment("A", [real_cover(n) for n in range(8)]))
    shelf.resolved.clear()
    tail = shelf.segment("B", [real_cover(8)])
    grown = shelf.snapshot(*base.manifest.segments, tail, previous=base, number=8)
    assert sorted(shelf.resolved) == sorted(file.key for file in tail.files)
    assert grown.codebook is base.codebook
    assert grown.segments[0] is base.segments[0]
    assert grown.partitions[0][1] is base.partitions[0][1]


def test_a_deletion_alone_reads_nothing_and_keeps_the_partitions(shelf: Shelf) -> None:
    base = shelf.snapshot(shelf.segment("A", [real_cover(n) for n in range(8)]))
    shelf.resolved.clear()
    fewer = shelf.snapshot(without(base.manifest.segments[0], 3), previous=base)
    assert not shelf.resolved
    assert fewer.partitions[0][1] is base.partitions[0][1]
    assert found(base, 3) == "cover-3"
    assert found(fewer, 3) != "cover-3"


def test_the_previous_snapshot_answers_on_as_before(shelf: Shelf) -> None:
    base = shelf.snapshot(shelf.segment("A", [real_cover(n) for n in range(4)]))
    before = base.neighbours(real_cover(2).features.descriptors, 8, 5)
    for previous in (base, None):
        shelf.snapshot(without(base.manifest.segments[0], 2), shelf.segment("B", [real_cover(9)]), previous=previous)
    after = base.neighbours(real_cover(2).features.descriptors, 8, 5)
    assert np.array_equal(before.covers, after.covers)
    assert len(base) == 4


@pytest.mark.parametrize("way", ["grown", "dropped", "reordered", "compacted"])
def test_sharing_with_a_previous_snapshot_never_changes_an_answer(shelf: Shelf, way: str) -> None:
    parts = [shelf.segment(letter, [real_cover(3 * i + j) for j in range(3)]) for i, letter in enumerate("ABCD")]
    base = shelf.snapshot(*parts[:3])
    grown = shelf.snapshot(*parts[:3], without(shelf.segment("E", [real_cover(12), real_cover(13)]), 0), previous=base)
    segments = {
        "grown": [*grown.manifest.segments, parts[3]],
        "dropped": [parts[0], *grown.manifest.segments[2:]],
        "reordered": [parts[2], parts[0], parts[1], parts[3]],
        "compacted": [shelf.segment("F", [real_cover(n) for n in range(9)]), parts[3]],
    }[way]
    shared, alone = shelf.snapshot(*segments, previous=grown), shelf.snapshot(*segments)
    queries = np.concatenate([real_cover(n).features.descriptors for n in range(14)])
    mine, theirs = shared.neighbours(queries, 8, 10), alone.neighbours(queries, 8, 10)
    assert np.array_equal(mine.distances, theirs.distances)
    assert np.array_equal(mine.covers, theirs.covers)
    assert [entry.id for entry in shared.list_covers()] == [entry.id for entry in alone.list_covers()]


def test_a_new_epoch_shares_segments_and_no_partition(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, epochs=(0, 1))
    base = shelf.snapshot(shelf.segment("A", [real_cover(n) for n in range(4)]))
    other = shelf.snapshot(*base.manifest.segments, previous=base, active_epoch=1)
    assert (base.epoch, other.epoch) == (0, 1)
    assert other.segments[0] is base.segments[0]
    assert other.codebook is not base.codebook
    assert other.partitions[0][1] is not base.partitions[0][1]
    assert [found(other, n) for n in range(4)] == [f"cover-{n}" for n in range(4)]


# What is refused.


def test_a_segment_without_an_encoding_for_the_active_epoch_is_refused(shelf: Shelf) -> None:
    entry = shelf.segment("A", [real_cover(0)]).model_copy(update={"codes": {}})
    with pytest.raises(CorruptFileError, match=r"segment A+ has no encoding for epoch 0"):
        shelf.snapshot(entry)


@pytest.mark.parametrize("change", [{"covers": 3}, {"features": 41}])
def test_a_cover_table_that_the_manifest_does_not_describe_is_refused(shelf: Shelf, change: dict[str, int]) -> None:
    entry = shelf.segment("A", [real_cover(0), real_cover(1)]).model_copy(update=change)
    with pytest.raises(CorruptFileError, match="its cover table is not the one"):
        shelf.snapshot(entry)


def test_files_of_another_segment_are_refused(shelf: Shelf) -> None:
    one, two = shelf.segment("A", [real_cover(0)]), shelf.segment("B", [real_cover(1), real_cover(2)])
    for name in ("points_file", "codes"):
        with pytest.raises(CorruptFileError):
            shelf.snapshot(one.model_copy(update={name: getattr(two, name)}))


def test_a_codebook_of_other_dimensions_is_refused(shelf: Shelf) -> None:
    with pytest.raises(CorruptFileError, match="64 dimensions"):
        shelf.snapshot(shelf.segment("A", [real_cover(0)]), dimensions=64)
