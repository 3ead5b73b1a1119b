"""A store as it was at one manifest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vinymatic.errors import ObjectNotFoundError, StorageDeniedError
from vinymatic.index.layout import manifest_key
from vinymatic.lifecycle.as_of import AsOf
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def inner(tmp_path: Path) -> ObjectStore:
    store = open_store((tmp_path / "store").as_uri())
    for number in (1, 2, 3):
        store.put(manifest_key(number), b"{}")
    store.put("segments/a", b"x")
    return store


def test_newer_manifests_are_not_seen_and_all_else_is(inner: ObjectStore) -> None:
    seen = AsOf(inner, 2)
    assert [info.key for info in seen.list("manifests/")] == [manifest_key(2), manifest_key(1)]
    assert [info.key for info in seen.list("manifests/", limit=1)] == [manifest_key(2)]
    assert [info.key for info in seen.list()] == [manifest_key(2), manifest_key(1), "segments/a"]


def test_a_newer_manifest_is_not_found_whoever_asks(inner: ObjectStore, tmp_path: Path) -> None:
    seen = AsOf(inner, 2)
    asked: list[Callable[[], object]] = [
        lambda: seen.get(manifest_key(3)),
        lambda: seen.head(manifest_key(3)),
        lambda: seen.download(manifest_key(3), tmp_path / "copy"),
    ]
    for ask in asked:
        with pytest.raises(ObjectNotFoundError):
            ask()
    assert seen.local_path(manifest_key(3)) is None
    assert seen.get(manifest_key(2)) == inner.get(manifest_key(2))
    assert seen.local_path(manifest_key(2)) == inner.local_path(manifest_key(2))
    assert seen.head("segments/a") == inner.head("segments/a")


def test_no_write_reaches_the_store(inner: ObjectStore) -> None:
    seen: ObjectStore = AsOf(inner, 2)
    before = list(inner.list())
    attempts: list[Callable[[], object]] = [
        lambda: seen.put("segments/a", b"y"),
        lambda: seen.create("segments/b", b"y"),
        lambda: seen.delete("segments/a"),
        lambda: seen.upload("segments/b", Path(__file__)),
        lambda: seen.copy_from(inner, "segments/a", "segments/b"),
    ]
    for attempt in attempts:
        with pytest.raises(StorageDeniedError):
            attempt()
    assert list(inner.list()) == before
