"""What the watches bring, and which index it wakes."""

from __future__ import annotations

import pytest

from vinymatic_operator.kube.cache import Cache, Key
from vinymatic_operator.kube.resources import BACKUPS, DEPLOYMENTS, INDEXES, JOBS
from vinymatic_operator.resources.base import Json
from vinymatic_operator.watching import Watching

pytestmark = pytest.mark.unit


class Watched:
    def __init__(self) -> None:
        self.cache, self.woken = Cache(), list[Key]()
        self.watching = Watching(self.cache, self.woken.append)


@pytest.fixture
def watched() -> Watched:
    return Watched()


def body(name: str, uid: str = "1", **more: Json) -> Json:
    metadata: Json = {"name": name, "namespace": "shop", "uid": uid, "resourceVersion": uid, **more.pop("metadata", {})}
    return {"metadata": metadata, **more}


def job(uid: str) -> Json:
    return body("train", uid, metadata={"labels": {"vinymatic.io/index": "records"}})


def test_the_end_of_an_object_does_not_take_the_one_that_was_made_since_under_its_name(watched: Watched) -> None:
    watched.watching.arrived(JOBS, "ADDED", job("1"))
    watched.cache.put(JOBS, job("2"))
    watched.watching.arrived(JOBS, "DELETED", job("1"))
    assert watched.cache.get(JOBS, "shop", "train") == job("2")
    watched.watching.arrived(JOBS, "DELETED", job("2"))
    assert watched.cache.get(JOBS, "shop", "train") is None


def test_the_index_that_something_belongs_to_is_woken(watched: Watched) -> None:
    watched.watching.arrived(INDEXES, None, body("records"))
    watched.watching.arrived(JOBS, "ADDED", job("1"))
    watched.watching.arrived(BACKUPS, "ADDED", body("first", spec={"index": "records"}))
    assert watched.woken == [("shop", "records")] * 3


def test_a_deployment_is_kept_only_where_an_index_names_it(watched: Watched) -> None:
    watched.watching.arrived(INDEXES, None, body("records", spec={"api": {"deployment": "api"}}))
    for name in ("api", "somebody-elses"):
        watched.watching.arrived(DEPLOYMENTS, "MODIFIED", body(name))
    assert watched.cache.keys(DEPLOYMENTS) == {("shop", "api")}
    assert watched.woken == [("shop", "records")] * 2
