"""The commit of a repair: what others committed between the plan and the commit stays."""

from __future__ import annotations

import pytest

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.errors import EpochError
from vinymatic.index.manifest import CodebookEntry, Fresh, Manifest, SegmentEntry
from vinymatic.lifecycle.epochs import without_lost
from vinymatic.lifecycle.mending import Change, Replacement, mended

pytestmark = pytest.mark.unit

A, B = "A" * 26, "B" * 26
SEEN = manifest(segment_entry("A", tombstones=(0,)), segment_entry("B"))
MADE = segment_entry("D", covers=2, added_in=1)
# The covers at places 1 and 2 of segment A, made again.
FETCHED = Change(0, replaced={A: (Replacement(MADE, (1, 2)),)})


def with_segments(newest: Manifest, *segments: SegmentEntry, number: int = 8) -> Manifest:
    return newest.model_copy(update={"segments": segments, "number": number})


def ids(found: Manifest | None) -> list[str]:
    assert found is not None
    return [segment.id[0] for segment in found.segments]


def test_covers_made_again_stand_where_their_segment_stood() -> None:
    after = mended(SEEN, SEEN, FETCHED)
    assert after is not None
    assert after.segments == (MADE.model_copy(update={"added_in": 8}), SEEN.segments[1])


def test_what_died_meanwhile_is_dead_in_the_new_segment_too() -> None:
    newest = with_segments(SEEN, segment_entry("A", tombstones=(0, 2)), segment_entry("B"))
    after = mended(newest, SEEN, FETCHED)
    assert after is not None
    assert after.segments[0].tombstones == (1,)
    assert after.segments[0].added_in == 9


def test_a_new_segment_whose_covers_all_died_is_left_out() -> None:
    change = Change(
        0, replaced={A: (Replacement(segment_entry("D", 1), (1,)), Replacement(segment_entry("E", 1), (2,)))}
    )
    newest = with_segments(SEEN, segment_entry("A", tombstones=(0, 1)), segment_entry("B"))
    assert ids(mended(newest, SEEN, change)) == ["E", "B"]


def test_a_segment_that_went_meanwhile_is_not_brought_back() -> None:
    assert mended(with_segments(SEEN, segment_entry("B")), SEEN, FETCHED) is None
    drop = Change(0, replaced={A: ()})
    assert mended(with_segments(SEEN, segment_entry("B")), SEEN, drop) is None
    assert ids(mended(SEEN, SEEN, drop)) == ["B"]


def test_a_cover_that_came_back_to_life_meanwhile_asks_for_another_plan() -> None:
    newest = with_segments(SEEN, segment_entry("A"), segment_entry("B"))
    assert mended(newest, SEEN, FETCHED) is None


@pytest.mark.parametrize("change", [FETCHED, Change(0, replaced={A: ()}), Change(0, codes={(A, 0): file_entry("x")})])
@pytest.mark.parametrize("field", ["covers_file", "points_file"])
def test_a_segment_whose_files_are_others_now_asks_for_another_plan(change: Change, field: str) -> None:
    restored = SEEN.segments[0].model_copy(update={field: file_entry("restored")})
    assert mended(with_segments(SEEN, restored, segment_entry("B")), SEEN, change) is None


def test_segments_that_came_meanwhile_stay() -> None:
    newest = with_segments(SEEN, *SEEN.segments, segment_entry("C"))
    assert ids(mended(newest, SEEN, FETCHED)) == ["D", "B", "C"]


def test_an_encoding_is_noted_unless_others_made_it_meanwhile() -> None:
    change = Change(0, codes={(B, 0): file_entry("mine")})
    after = mended(SEEN, SEEN, change)
    assert after is not None
    assert after.segments[1].codes == {0: file_entry("mine")}
    others = with_segments(SEEN, SEEN.segments[0], segment_entry("B", codes={0: file_entry("theirs")}))
    assert mended(others, SEEN, change) is None


def test_a_buried_cover_is_tombstoned_and_an_empty_segment_goes() -> None:
    after = mended(SEEN, SEEN, Change(0, buried={A: {2}}))
    assert after is not None
    assert after.segments[0].tombstones == (0, 2)
    assert ids(mended(SEEN, SEEN, Change(0, buried={A: {1, 2}}))) == ["B"]
    both = Change(0, replaced=FETCHED.replaced, buried={A: {1}})
    after = mended(SEEN, SEEN, both)
    assert after is not None
    assert after.segments[0].tombstones == (0,)


# Epoch 1 is active, 0 the previous.
BOOKS = {e: CodebookEntry(epoch=e, file=file_entry(f"book-{e}"), lists=64, trained_covers=0) for e in (0, 1)}
CODED = manifest(
    segment_entry("A", codes={0: file_entry("a0"), 1: file_entry("a1")}),
    segment_entry("B", codes={1: file_entry("b1")}),
    active_epoch=1,
    previous_epoch=0,
    codebooks=BOOKS,
    fresh=Fresh(features=3, error=2.0),
    last_epoch=1,
)


def test_an_epoch_takes_over_with_the_encodings_that_it_lacked() -> None:
    after = mended(CODED, CODED, Change(0, {1}, codes={(B, 0): file_entry("b0")}))
    assert after is not None
    assert (after.active_epoch, after.previous_epoch, set(after.codebooks), after.last_epoch) == (0, None, {0}, 1)
    assert [segment.codes for segment in after.segments] == [{0: file_entry("a0")}, {0: file_entry("b0")}]
    assert after.fresh == Fresh()


def test_no_epoch_takes_over_while_a_segment_lacks_it() -> None:
    change = Change(0, {1}, codes={(B, 0): file_entry("b0")})
    late = segment_entry("C", codes={1: file_entry("c1")})
    assert mended(with_segments(CODED, *CODED.segments, late), CODED, change) is None
    with pytest.raises(EpochError):
        without_lost(CODED, {1}, 0)


def test_an_epoch_leaves_and_the_active_one_keeps_its_count() -> None:
    after = mended(CODED, CODED, Change(1, {0}))
    assert after is not None
    assert (after.active_epoch, after.previous_epoch, set(after.codebooks)) == (1, None, {1})
    assert after.fresh == CODED.fresh


@pytest.mark.parametrize(
    "changes",
    [
        {"candidate_epoch": 0, "previous_epoch": None},
        {"active_epoch": 0, "previous_epoch": 1},
        {"codebooks": {**BOOKS, 0: BOOKS[0].model_copy(update={"file": file_entry("restored")})}},
    ],
)
def test_other_epochs_than_those_planned_for_ask_for_another_plan(changes: dict[str, object]) -> None:
    assert mended(CODED.model_copy(update=changes), CODED, Change(1, {0})) is None


def test_nothing_to_change_is_no_commit() -> None:
    assert mended(SEEN, SEEN, Change(0)) is None
