"""VinylBackups and VinylRestores of an index that is not there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.support.operator.objects import Objects
from vinymatic_operator.kube.cache import Cache
from vinymatic_operator.kube.resources import BACKUPS, INDEXES, RESTORES, Resource
from vinymatic_operator.observe.objects import read_backup
from vinymatic_operator.resources.base import Json
from vinymatic_operator.ticking.orphans import tell_orphans, wanted_indexes

pytestmark = pytest.mark.unit

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def filled(*found: tuple[Resource, str, str]) -> tuple[Objects, Cache]:
    objects, cache = Objects(lambda: NOW), Cache()
    objects.watch = lambda resource, kind, body: cache.put(resource, body)
    for resource, name, index in found:
        body: Json = {"metadata": {"name": name, "namespace": "shop"}, "spec": {"index": index}}
        objects.put(resource, body)
    return objects, cache


@pytest.mark.parametrize("resource", [BACKUPS, RESTORES], ids=["backup", "restore"])
def test_one_is_told_that_its_index_is_missing_once(resource: Resource) -> None:
    objects, cache = filled((resource, "first", "nobody"))
    assert wanted_indexes(cache) == {("shop", "nobody")}
    assert tell_orphans(objects, cache, ("shop", "nobody"), NOW)
    assert "there is no VinylIndex nobody in namespace shop" in str(objects.get(resource, "shop", "first")["status"])
    assert wanted_indexes(cache) == frozenset(), "it is not looked at again and again"
    assert not tell_orphans(objects, cache, ("shop", "nobody"), NOW)


def test_it_is_not_finished_and_so_is_carried_out_once_the_index_is_there() -> None:
    objects, cache = filled((BACKUPS, "first", "nobody"))
    tell_orphans(objects, cache, ("shop", "nobody"), NOW)
    assert not read_backup(objects.get(BACKUPS, "shop", "first")).finished


@pytest.mark.parametrize("resource", [BACKUPS, RESTORES], ids=["backup", "restore"])
def test_what_is_told_of_a_copy_of_the_one_before_is_not_told_to_a_new_one_of_its_name(resource: Resource) -> None:
    objects, cache = filled((resource, "first", "nobody"), (resource, "second", "nobody"))
    objects.watch = lambda resource, kind, body: None
    for name in ("first", "second"):
        objects.remove(resource, "shop", name)
    again: Json = {"metadata": {"name": "first", "namespace": "shop"}, "spec": {"index": "records"}}
    objects.put(resource, again)
    tell_orphans(objects, cache, ("shop", "nobody"), NOW)
    assert cache.keys(resource) == {("shop", "first")}
    assert cache.get(resource, "shop", "first") == objects.get(resource, "shop", "first")
    assert "status" not in objects.get(resource, "shop", "first")


def test_indexes_that_are_there_are_looked_at_whether_or_not_anything_names_them() -> None:
    _, cache = filled((INDEXES, "records", "itself"), (BACKUPS, "first", "records"))
    assert wanted_indexes(cache) == {("shop", "records")}
