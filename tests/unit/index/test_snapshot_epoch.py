"""Which epoch a snapshot serves, and what it then reads and shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.index.shelf import Shelf
from tests.unit.index.small import real_cover
from vinymatic.index.manifest import SegmentEntry
from vinymatic.index.snapshot import Snapshot, open_snapshot, served_epoch

pytestmark = pytest.mark.unit


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Epochs 0, 1 and 2; a manifest names them as it likes."""
    return Shelf(tmp_path, epochs=(0, 1, 2))


@pytest.fixture
def segment(shelf: Shelf) -> SegmentEntry:
    return shelf.segment("A", [real_cover(n) for n in range(4)])


def opened(
    shelf: Shelf, *segments: SegmentEntry, epoch: int | None, previous: Snapshot | None = None, **changes: object
) -> Snapshot:
    return open_snapshot(shelf.manifest(*segments, **changes), shelf.resolve, previous, epoch=epoch)


def finds(snapshot: Snapshot) -> bool:
    """Whether each cover's features find their own cover."""
    descriptors = [real_cover(n).features.descriptors for n in range(4)]
    near = [snapshot.neighbours(each, 8, 1).covers[:, 0] for each in descriptors]
    return [int(owners[0]) for owners in near] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("wanted", "changes", "served"),
    [
        (None, {"active_epoch": 1}, 1),
        (1, {"active_epoch": 1}, 1),
        (0, {"active_epoch": 1, "previous_epoch": 0}, 0),
        (2, {"active_epoch": 1, "candidate_epoch": 2}, 2),
        (0, {"active_epoch": 1}, 1),
        (7, {"active_epoch": 1}, 1),
    ],
)
def test_a_manifest_is_served_under_the_epoch_asked_for_while_it_is_written(
    shelf: Shelf, segment: SegmentEntry, wanted: int | None, changes: dict[str, Any], served: int
) -> None:
    assert served_epoch(shelf.manifest(segment, **changes), wanted) == served
    snapshot = opened(shelf, segment, epoch=wanted, **changes)
    assert (snapshot.epoch, snapshot.codebook.epoch, snapshot.book) == (served, served, shelf.books[served])
    assert finds(snapshot)


def test_an_epoch_that_a_segment_lacks_is_not_served(shelf: Shelf, segment: SegmentEntry) -> None:
    codes = {epoch: file for epoch, file in segment.codes.items() if epoch != 2}
    lacking = shelf.segment("B", [real_cover(5)]).model_copy(update={"codes": codes})
    assert served_epoch(shelf.manifest(segment, lacking, candidate_epoch=2), 2) == 0


def test_only_the_files_of_the_epoch_served_are_read(shelf: Shelf, segment: SegmentEntry) -> None:
    snapshot = opened(shelf, segment, epoch=0, active_epoch=1, previous_epoch=0)
    expected = {shelf.books[0].file, segment.covers_file, segment.points_file, segment.codes[0]}
    assert set(shelf.resolved) == {file.key for file in expected}
    assert set(snapshot.manifest.files_of(0)) == expected


def test_a_promotion_costs_a_reader_of_the_older_epoch_nothing(shelf: Shelf, segment: SegmentEntry) -> None:
    before = opened(shelf, segment, epoch=0, candidate_epoch=1)
    shelf.resolved.clear()
    after = opened(shelf, segment, epoch=0, previous=before, active_epoch=1, previous_epoch=0)
    assert not shelf.resolved
    assert after.codebook is before.codebook
    assert after.partitions[0][1] is before.partitions[0][1]


@pytest.mark.parametrize(("first", "then"), [(0, 1), (1, 0)])
def test_with_another_epoch_no_partition_is_shared_though_the_active_one_stays(
    shelf: Shelf, segment: SegmentEntry, first: int, then: int
) -> None:
    before = opened(shelf, segment, epoch=first, active_epoch=1, previous_epoch=0)
    after = opened(shelf, segment, epoch=then, previous=before, active_epoch=1, previous_epoch=0)
    assert after.partitions[0][1] is not before.partitions[0][1]
    assert after.segments[0] is before.segments[0]
    assert finds(after)


def test_another_codebook_of_the_same_number_shares_no_partition(shelf: Shelf, segment: SegmentEntry) -> None:
    """As after a restore: by its number alone an epoch is not known."""
    before = opened(shelf, segment, epoch=None, active_epoch=1)
    other = shelf.books[1].model_copy(update={"file": shelf.books[1].file.model_copy(update={"key": "elsewhere"})})
    (shelf.resolve(other.file)).write_bytes(shelf.resolve(shelf.books[1].file).read_bytes())
    after = opened(shelf, segment, epoch=None, previous=before, active_epoch=1, codebooks={1: other})
    assert after.codebook is not before.codebook
    assert after.partitions[0][1] is not before.partitions[0][1]
