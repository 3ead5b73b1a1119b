"""Between listing a manifest and reading it one may stall for longer than the grace, and find another under its number."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import StallingStore, open_writer
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.boundary import advance_boundary
from vinymatic.lifecycle.commit import following, read_manifest, read_newest
from vinymatic.lifecycle.log import ManifestLog
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def by_the_log(store: ObjectStore) -> Manifest:
    arrival = ManifestLog(store).look()
    assert arrival is not None
    return arrival.manifest


def by_one_look(store: ObjectStore) -> Manifest:
    newest = read_newest(store)
    assert newest is not None
    return newest


@pytest.mark.parametrize("look", [by_one_look, by_the_log])
def test_what_a_stalled_writer_created_under_a_collected_number_is_never_taken(
    index_store: ObjectStore, tmp_path: Path, look: Callable[[ObjectStore], Manifest]
) -> None:
    writer = open_writer(index_store, tmp_path)
    writer.commit(Batch([random_cover("a")]))
    listed = read_manifest(index_store, 2)

    def a_day_later() -> None:
        writer.commit(Batch([random_cover("b")]))
        advance_boundary(index_store, 2)
        index_store.delete(manifest_key(2))
        # From manifest 1, by one that stalled; it will look at the boundary and know that this counts for nothing.
        stale = following(read_manifest(index_store, 1), read_manifest(index_store, 1), "stalled")
        index_store.create(manifest_key(2), stale.to_json())

    taken = look(StallingStore(index_store, "get", manifest_key(listed.number), a_day_later))
    assert (taken.number, taken.covers) == (3, 2)
