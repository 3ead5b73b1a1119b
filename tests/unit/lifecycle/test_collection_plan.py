"""What the collection may delete: pure decisions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vinymatic.lifecycle.collection import CollectionPolicy, Observed, plan_collection
from vinymatic.storage.port import ObjectInfo

pytestmark = pytest.mark.unit

NOW = datetime(2026, 5, 1, tzinfo=UTC)
POLICY = CollectionPolicy(keep=2, grace=timedelta(hours=24))


def ago(hours: float) -> datetime:
    return NOW - timedelta(hours=hours)


def test_the_newest_stay_and_so_does_what_was_superseded_within_the_grace() -> None:
    manifests = {1: ago(90), 2: ago(80), 3: ago(70), 4: ago(23), 5: ago(3), 6: ago(2)}
    plan = plan_collection(Observed(0, manifests), POLICY, NOW)
    # 3 was the newest until 23 hours ago.
    assert (plan.boundary, plan.manifests) == (2, (1, 2))


def test_an_idle_index_keeps_its_newest_however_old() -> None:
    plan = plan_collection(Observed(0, {1: ago(9_000), 2: ago(8_000), 3: ago(7_000)}), POLICY, NOW)
    assert (plan.boundary, plan.manifests) == (1, (1,))


def test_keeping_none_keeps_one() -> None:
    plan = plan_collection(Observed(0, {1: ago(99), 2: ago(98)}), CollectionPolicy(keep=0), NOW)
    assert plan.manifests == (1,)


def test_a_pin_keeps_its_manifest_and_does_not_hold_the_boundary_back() -> None:
    manifests = {n: ago(200 - n) for n in range(1, 8)}
    plan = plan_collection(Observed(0, manifests, frozenset({2})), POLICY, NOW)
    assert (plan.boundary, plan.manifests) == (5, (1, 3, 4, 5))


def test_under_the_boundary_age_does_not_count() -> None:
    plan = plan_collection(Observed(5, {3: ago(0), 6: ago(50), 7: ago(49)}), POLICY, NOW)
    assert (plan.boundary, plan.manifests) == (5, (3,))


def test_a_young_manifest_under_the_boundary_does_not_stop_it() -> None:
    manifests = {3: ago(0), 6: ago(60), 7: ago(50), 8: ago(49)}
    assert plan_collection(Observed(5, manifests), POLICY, NOW).boundary == 6


def test_files_go_when_no_manifest_names_them_and_they_are_older_than_the_grace() -> None:
    files = tuple(ObjectInfo(key, 10, "", at) for key, at in [("a", ago(25)), ("b", ago(25)), ("c", ago(23))])
    plan = plan_collection(Observed(0, {1: ago(1)}, named=frozenset("a"), files=files), POLICY, NOW)
    assert [info.key for info in plan.files] == ["b"]
    assert plan.size == 10


@given(
    st.lists(st.integers(0, 100), min_size=1, max_size=12),
    st.integers(0, 12),
    st.frozensets(st.integers(1, 12)),
    st.integers(1, 5),
)
def test_a_plan_never_goes_back_and_never_takes_the_newest_or_a_pin(
    ages: list[int], boundary: int, pins: frozenset[int], keep: int
) -> None:
    numbers = range(boundary + 1, boundary + 1 + len(ages))
    manifests = {n: ago(age) for n, age in zip(numbers, sorted(ages, reverse=True), strict=True)}
    plan = plan_collection(Observed(boundary, manifests, pins), CollectionPolicy(keep), NOW)
    assert boundary <= plan.boundary < max(numbers)
    assert not set(plan.manifests) & (set(list(numbers)[-keep:]) | pins)
    assert all(n <= plan.boundary for n in plan.manifests)
    again = plan_collection(Observed(plan.boundary, manifests, pins), CollectionPolicy(keep), NOW)
    assert (again.boundary, again.manifests) == (plan.boundary, plan.manifests)
