"""Which photos the bench simulates, and how their answers are counted."""

from __future__ import annotations

from collections import Counter

import pytest

from bench.asking import Answer
from bench.synthetic import WALL, Seen, figures_of, is_absent, tasks_for

pytestmark = pytest.mark.unit


def seen(group: str, truths: tuple[tuple[str, ...], ...], accepted: tuple[str, ...], *, present: bool = True) -> Seen:
    flat = tuple(cover for ids in truths for cover in ids)
    first = accepted[0] if accepted else ""
    return Seen(group, present, truths, Answer("seed 1", group, flat, first, 0.9 if first else 0.0, accepted, 10.0))


def test_the_same_arguments_give_the_same_photos_and_every_photo_another_seed() -> None:
    tasks = tasks_for(300, photos=20, absent=30, nothing=10, together=3, walls=12, seed=2)
    assert tasks == tasks_for(300, photos=20, absent=30, nothing=10, together=3, walls=12, seed=2)
    assert tasks != tasks_for(300, photos=20, absent=30, nothing=10, together=3, walls=12, seed=3)
    assert len({task.seed for task in tasks}) == len(tasks)


def test_only_absent_covers_are_asked_as_absent_and_none_is_asked_twice_before_all_were() -> None:
    tasks = tasks_for(300, photos=200, absent=150, nothing=10, together=3, walls=12, seed=1)
    for task in tasks:
        assert all(is_absent(number) != task.present for number in task.covers)
        assert len(set(task.covers)) == len(task.covers)
    absent = Counter(number for task in tasks if not task.present for number in task.covers)
    assert set(absent.values()) == {1, 2}
    assert len(absent) == 100
    assert {len(task.covers) for task in tasks if task.wall} == set(range(WALL[0], WALL[1] + 1))


def test_a_cover_is_found_by_any_of_its_titles_and_what_is_none_of_them_is_wrong() -> None:
    one = seen("2 on a table", (("a", "a again"), ("b",)), ("a again", "c"))
    assert (one.found, one.wrong) == (1, 1)


def test_every_accepted_photo_without_its_cover_counts_as_a_false_accept() -> None:
    figures = figures_of(
        [
            seen("easy", (("a",),), ("a",)),
            seen("easy", (("b",),), ()),
            seen("cover absent", ((),), ("a",), present=False),
            seen("no cover", (), (), present=False),
        ]
    )
    assert (figures["negatives"], figures["false_accepts"]) == (2, 1)
    assert figures["groups"]["easy"]["found"] == 1
    assert figures["groups"]["cover absent"]["wrong"] == 1
    assert len(figures["taken_for_another"]) == 1
