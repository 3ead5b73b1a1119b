"""Commits, compactions and collections in any order: what is left is what a dictionary would hold."""

from __future__ import annotations

import shutil
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import (
    DyingStore,
    Killed,
    StallingStore,
    assert_whole,
    make_older,
    open_writer,
    read_ids,
    store_at,
)
from vinymatic.errors import CatalogueError
from vinymatic.index.layout import MANIFESTS, manifest_number
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.lifecycle.collection import CollectionPolicy, collect
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.pins import pin, read_pins
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

COMPACTION = CompactionPolicy(fan_in=2)
COLLECTION = CollectionPolicy(keep=2, grace=timedelta(hours=24))

Changes = tuple[dict[str, str], set[str]]
Step = tuple[str, Changes | int | None]

batches = st.tuples(
    st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("123"), max_size=4),
    st.sets(st.sampled_from("abcdef"), max_size=3),
)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("commit"), batches),
        st.tuples(st.just("compact"), st.integers(0, 30)),
        st.tuples(st.just("compact during a commit"), batches),
        st.tuples(st.just("collect"), st.integers(0, 30)),
        st.tuples(st.just("a day passes"), st.none()),
        st.tuples(st.just("pin"), st.none()),
    ),
    max_size=12,
)


def assert_kept_open(store: ObjectStore) -> None:
    """Every manifest above the boundary and every pinned one is there with all its files."""
    boundary = read_boundary(store)
    there = {manifest_number(info.key) for info in store.list(MANIFESTS)}
    pinned = {found.manifest for found in read_pins(store).values()}
    assert pinned <= there
    for number in there:
        if number > boundary or number in pinned:
            assert_whole(store, number)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps)
def test_any_run_of_upkeep_leaves_what_a_dictionary_would(
    index_template: Path, tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    folder = tmp_path_factory.mktemp("upkeep")
    shutil.copytree(index_template, folder / "index")
    store = store_at(folder / "index")
    writer = open_writer(store, folder)
    expected: dict[str, str] = {}

    def apply(changes: Changes | int | None) -> None:
        assert isinstance(changes, tuple)
        upserts, deletes = changes
        gone = sorted(deletes - set(upserts))
        writer.commit(Batch([random_cover(i, etag) for i, etag in upserts.items()], gone))
        expected.update(upserts)
        for cover_id in gone:
            expected.pop(cover_id, None)

    for number, (step, given_) in enumerate(steps):
        if step == "commit":
            apply(given_)
        elif step == "compact during a commit":
            store_with_others = StallingStore(store, "create", MANIFESTS, partial(apply, given_))
            compact(store_with_others, folder / "work", policy=COMPACTION)
        elif step == "a day passes":
            make_older(folder / "index")
        elif step == "pin":
            newest = read_newest(store)
            assert newest is not None
            pin(store, f"pin-{number}", newest.number)
        else:
            assert isinstance(given_, int)
            dying = DyingStore(store, given_)
            try:
                if step == "compact":
                    compact(dying, folder / "work", policy=COMPACTION)
                else:
                    collect(dying, policy=COLLECTION)
            except Killed:
                pass
        assert_kept_open(store)
        assert read_ids(store, folder) == expected
    writer.refresh()
    assert {i: entry.etag for i in "abcdef" if (entry := writer.entry(i)) is not None} == expected


def test_a_pin_is_refused_rather_than_broken(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path)
    for n in range(4):
        writer.commit(Batch([random_cover(f"{n}")]))
    make_older(tmp_path / "index")

    def pin_late() -> None:
        with pytest.raises(CatalogueError, match="about to be"):
            pin(index_store, "late", 2)

    collect(StallingStore(index_store, "delete", MANIFESTS, pin_late), policy=COLLECTION)
    assert read_pins(index_store) == {}
    assert_kept_open(index_store)
