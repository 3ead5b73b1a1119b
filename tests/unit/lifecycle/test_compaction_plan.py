"""Which segments are merged: pure decisions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.index.manifest import FileEntry, SegmentEntry
from vinymatic.lifecycle.compaction_plan import CompactionPolicy, plan_compaction

pytestmark = pytest.mark.unit

POLICY = CompactionPolicy(fan_in=4, smallest=10, most_bytes=1_000)


def segment(number: int, size: int, *, dead: int = 0, covers: int = 100) -> SegmentEntry:
    file = FileEntry(key=f"f{number}", size=size, sha256="0" * 64)
    return SegmentEntry(
        id=f"{number:026d}",
        covers=covers,
        features=1,
        added_in=1,
        covers_file=file.model_copy(update={"size": 0}),
        points_file=file,
        codes={},
        tombstones=tuple(range(dead)),
    )


def groups(sizes: list[int], dead: dict[int, int] | None = None, policy: CompactionPolicy = POLICY) -> list[list[int]]:
    """The plan for segments of these bytes, as places."""
    segments = [segment(i, size, dead=(dead or {}).get(i, 0)) for i, size in enumerate(sizes)]
    return [[int(name) for name in group] for group in plan_compaction(segments, policy)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([], []),
        ([5, 5, 5], []),
        ([5, 5, 5, 5], [[0, 1, 2, 3]]),
        ([400, 5, 5, 5, 5], [[1, 2, 3, 4]]),
        ([400, 5, 5, 5], []),  # the large one is not copied for three small ones
        ([5, 5, 600, 5, 5], []),  # not neighbours
        ([30, 30, 5, 30, 30], [[0, 1, 2, 3, 4]]),  # the small one between goes along
        ([400, 400, 400, 400], [[0, 1]]),  # as many as the limit takes; the rest may still grow
        ([600, 600, 600, 600], []),  # nothing more to gain
    ],
)
def test_neighbours_of_like_size_are_merged(sizes: list[int], expected: list[list[int]]) -> None:
    assert groups(sizes) == expected


def test_a_segment_with_many_dead_covers_is_rewritten_alone() -> None:
    assert groups([400, 400, 5], {0: 25, 1: 24}) == [[0]]


def test_a_segment_in_a_merge_is_not_rewritten_as_well() -> None:
    assert groups([5, 5, 5, 5], {1: 50}) == [[0, 1, 2, 3]]


def test_size_is_that_of_the_living() -> None:
    assert groups([600, 600], {0: 90, 1: 90}) == [[0], [1]]
    assert groups([600] * 4, dict.fromkeys(range(4), 90)) == [[0, 1, 2, 3]]


@given(st.lists(st.tuples(st.integers(1, 1_200), st.integers(0, 99)), max_size=40), st.integers(2, 6))
def test_groups_are_bounded_neighbours_and_the_work_ends(parts: list[tuple[int, int]], fan_in: int) -> None:
    policy = CompactionPolicy(fan_in=fan_in, smallest=10, most_bytes=1_000)
    segments = [segment(i, size, dead=dead) for i, (size, dead) in enumerate(parts)]
    for made in range(1_000, 1_000 + 2 * len(parts) + 1):
        plan = plan_compaction(segments, policy)
        if not plan:
            break
        assert len({name for group in plan for name in group}) == sum(map(len, plan))
        names = [entry.id for entry in segments]
        for group in plan:
            first = names.index(group[0])
            assert names[first : first + len(group)] == list(group)
        first, count = names.index(plan[0][0]), len(plan[0])
        size = sum(-(-e.points_file.size * e.live // e.covers) for e in segments[first : first + count])
        assert count == 1 or size <= policy.most_bytes
        segments[first : first + count] = [segment(made, size)]
    else:
        raise AssertionError("the plan never comes to an end")
