"""What the watches brought: newer states stay, and what is gone goes."""

from __future__ import annotations

import pytest

from tests.support.operator.seen import body
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.resources import BACKUPS, JOBS
from vinymatic_operator.resources.base import Json

pytestmark = pytest.mark.unit

KEY = ("records", "x")


def at(version: str, name: str = "x", uid: str = "u", namespace: str = "records") -> Json:
    return {**body(name=name, uid=uid, resourceVersion=version, namespace=namespace), "spec": {"version": version}}


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [("5", "6", "6"), ("6", "5", "6"), ("9", "10", "10"), ("10", "9", "10"), ("5", "5", "5")],
)
def test_the_newer_state_stays_in_whichever_order_they_come(first: str, second: str, kept: str) -> None:
    cache = Cache()
    cache.put(JOBS, at(first))
    cache.put(JOBS, at(second))
    assert cache.get(JOBS, *KEY) == at(kept)


def test_an_object_that_was_made_anew_replaces_the_one_before() -> None:
    cache = Cache()
    cache.put(JOBS, at("5", uid="old"))
    cache.put(JOBS, at("6", uid="new"))
    assert cache.get(JOBS, *KEY) == at("6", uid="new")


def test_the_last_word_of_an_object_does_not_replace_the_one_that_was_made_since() -> None:
    cache = Cache()
    cache.put(JOBS, at("6", uid="new"))
    cache.put(JOBS, at("5", uid="old"))
    assert cache.get(JOBS, *KEY) == at("6", uid="new")


def test_versions_that_are_no_numbers_replace_each_other() -> None:
    cache = Cache()
    cache.put(JOBS, at("b"))
    cache.put(JOBS, at("a"))
    assert cache.get(JOBS, *KEY) == at("a")


def test_who_manages_which_field_is_not_kept() -> None:
    cache = Cache()
    cache.put(JOBS, body(name="x", managedFields=[{"manager": "kubectl"}]))
    assert cache.get(JOBS, *KEY) == body(name="x")


def test_a_list_drops_what_is_gone_and_not_what_came_meanwhile() -> None:
    cache = Cache()
    for name in ("stays", "gone"):
        cache.put(JOBS, at("5", name))
    before = cache.keys(JOBS)
    cache.put(JOBS, at("7", "came"))
    cache.put(JOBS, at("8", "stays"))
    cache.replace(JOBS, [at("6", "stays"), at("6", "new")], before)
    assert cache.keys(JOBS) == {("records", name) for name in ("stays", "came", "new")}
    assert cache.get(JOBS, "records", "stays") == at("8", "stays")


def test_kinds_and_namespaces_are_kept_apart() -> None:
    cache = Cache()
    cache.put(JOBS, at("5"))
    cache.put(JOBS, at("6", namespace="other"))
    cache.put(BACKUPS, at("7"))
    cache.drop(JOBS, *KEY)
    assert cache.get(JOBS, *KEY) is None
    assert cache.get(JOBS, "other", "x") is not None
    assert cache.get(BACKUPS, *KEY) is not None
    assert cache.select(JOBS, "other", lambda found: True) == [at("6", namespace="other")]
    assert cache.select(JOBS, "other", lambda found: False) == []


def test_what_is_not_there_can_be_dropped() -> None:
    Cache().drop(JOBS, *KEY)
    assert Cache().keys(JOBS) == frozenset()
