"""The life of a codebook, step by step: what each step does, and when it is refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.index.manifests import file_entry, manifest, segment_entry
from vinymatic.errors import EpochError
from vinymatic.index.manifest import CodebookEntry, Fresh, Manifest
from vinymatic.lifecycle.epochs import (
    promoted,
    rolled_back,
    with_candidate,
    with_codes,
    without_candidate,
    without_previous,
)

pytestmark = pytest.mark.unit


def book(epoch: int) -> CodebookEntry:
    return CodebookEntry(epoch=epoch, file=file_entry(f"book-{epoch}"), lists=64, trained_covers=3, error=1.0)


def began(newest: Manifest) -> Manifest:
    """With a candidate that nothing is encoded under yet."""
    return with_candidate(newest, book(99), images=12, covers=6, trained_at="2026-01-01T00:00:00+00:00")


def encoded(newest: Manifest, *letters: str) -> Manifest:
    """With the candidate's encodings of these segments; of all, without letters."""
    epoch = newest.candidate_epoch
    assert epoch is not None
    names = [letter * 26 for letter in letters] or [segment.id for segment in newest.segments]
    return (
        with_codes(newest, newest.codebooks[epoch], {name: file_entry(f"{name}-{epoch}") for name in names}) or newest
    )


START = manifest(segment_entry("A"), segment_entry("B"), fresh=Fresh(features=5, error=2.0))


def test_a_candidate_gets_the_next_number_and_the_count_starts_again() -> None:
    after = began(START)
    assert (after.active_epoch, after.candidate_epoch, after.last_epoch) == (0, 1, 1)
    assert after.codebooks[1] == book(1).model_copy(update={"file": book(99).file})
    assert (after.images_since_training, after.covers_at_training) == (0, 6)
    assert after.written_epochs == (0, 1)
    assert len(after.lacking(1)) == 2


def test_a_second_candidate_is_refused() -> None:
    with pytest.raises(EpochError, match="epoch 1 is the candidate already"):
        began(began(START))


def test_encodings_are_noted_once_and_those_of_segments_that_are_gone_are_passed_over() -> None:
    after = encoded(began(START), "A", "Z")
    assert [segment.id[0] for segment in after.lacking(1)] == ["B"]
    again = with_codes(after, after.codebooks[1], {"A" * 26: file_entry("another")})
    assert again is None
    assert after.segments[0].codes[1].key == f"{'A' * 26}-1"


def test_encodings_of_a_discarded_candidate_are_refused() -> None:
    candidate = began(START)
    gone = without_candidate(candidate, 1)
    assert gone is not None
    with pytest.raises(EpochError, match="epoch 1 was discarded"):
        with_codes(gone, candidate.codebooks[1], {"A" * 26: file_entry("x")})


def test_a_candidate_that_a_segment_lacks_is_not_promoted() -> None:
    with pytest.raises(EpochError, match="1 of 2 segments have no encoding of epoch 1"):
        promoted(encoded(began(START), "A"), 1)


def test_promotion_keeps_the_epoch_before_and_drops_the_one_before_that() -> None:
    second = promoted(encoded(began(START)), 1)
    assert second is not None
    assert (second.active_epoch, second.previous_epoch, second.candidate_epoch) == (1, 0, None)
    assert second.fresh == Fresh()
    third = promoted(encoded(began(second)), 2)
    assert third is not None
    assert (third.active_epoch, third.previous_epoch, set(third.codebooks)) == (2, 1, {1, 2})
    assert [set(segment.codes) for segment in third.segments] == [{1, 2}] * 2


def test_what_is_as_wanted_already_stays() -> None:
    active = promoted(encoded(began(START)), 1)
    assert active is not None
    assert promoted(active, 1) is None
    assert rolled_back(active, 1) is None
    assert without_candidate(active, 1) is None
    assert without_previous(active, 1) is None


@pytest.mark.parametrize(("step", "text"), [(promoted, "not the candidate"), (rolled_back, "not the previous one")])
def test_an_epoch_that_is_neither_is_refused(step: Callable[[Manifest, int], Manifest | None], text: str) -> None:
    with pytest.raises(EpochError, match=text):
        step(START, 7)


def test_a_rollback_can_be_taken_back() -> None:
    active = promoted(encoded(began(START)), 1)
    assert active is not None
    back = rolled_back(active, 0)
    assert back is not None
    assert (back.active_epoch, back.previous_epoch) == (0, 1)
    again = rolled_back(back, 1)
    assert again is not None
    assert (again.active_epoch, again.previous_epoch) == (1, 0)


def test_a_retired_epoch_leaves_no_trace_but_its_number() -> None:
    active = promoted(encoded(began(START)), 1)
    assert active is not None
    back = rolled_back(active, 0)
    assert back is not None
    alone = without_previous(back, 1)
    assert alone is not None
    assert (set(alone.codebooks), alone.next_epoch) == ({0}, 2)
    assert [set(segment.codes) for segment in alone.segments] == [{0}] * 2
    with pytest.raises(EpochError, match="there is none"):
        rolled_back(alone, 1)


STEPS = ["begin", "encode one", "encode all", "promote", "roll back", "discard", "retire"]


@given(st.lists(st.sampled_from(STEPS), max_size=30))
def test_whatever_is_done_the_active_epoch_is_whole_and_no_number_means_two_codebooks(steps: list[str]) -> None:
    now, given_numbers = START, {0}
    for step in steps:
        candidate, previous = now.candidate_epoch, now.previous_epoch
        try:
            if step == "begin":
                after: Manifest | None = began(now)
                assert after is not None
                assert after.candidate_epoch not in given_numbers
                given_numbers.add(after.candidate_epoch or -1)
            elif step.startswith("encode"):
                after = encoded(now, *("A" if step == "encode one" else "")) if candidate is not None else None
            elif step == "promote":
                after = promoted(now, -1 if candidate is None else candidate)
            elif step == "roll back":
                after = rolled_back(now, -1 if previous is None else previous)
            elif step == "discard":
                after = without_candidate(now, -1 if candidate is None else candidate)
            else:
                after = without_previous(now, -1 if previous is None else previous)
        except EpochError:
            continue
        now = now if after is None else Manifest.from_json(after.to_json())
        assert now.lacking(now.active_epoch) == ()
        assert now.previous_epoch is None or now.lacking(now.previous_epoch) == ()
        assert set(now.codebooks) == set(now.written_epochs)
