"""Many scans at once: what is done stays when a run ends early, and another run does the rest."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.support.faults import Fault, FaultyStore
from tests.support.index import open_writer
from vinymatic.errors import CorruptImageError, StorageDeniedError, StorageUnavailableError
from vinymatic.lifecycle.bulk import Missing, Outcome, Refused, Summary, Unchanged, index_items
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.rejects import find_reject
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@dataclass(frozen=True)
class Thing:
    id: str


THINGS = [Thing(f"{number:02}") for number in range(20)]


def hasty(pauses: int = 3) -> Patience:
    return Patience([0] * pauses, lambda _: None)


def describe(thing: Thing, known: str | None) -> Outcome:
    return Unchanged(thing.id) if known == "1" else random_cover(thing.id)


def test_items_become_covers_in_batches(index_store: ObjectStore, tmp_path: Path) -> None:
    writer, summary, told = open_writer(index_store, tmp_path / "w"), Summary(), list[None]()
    index_items(writer, index_store, THINGS, describe, summary=summary, batch=8, advance=lambda: told.append(None))
    assert (summary.added, summary.in_index, len(told)) == (20, 20, 20)
    assert [segment.covers for segment in writer.manifest.segments] == [8, 8, 4]


def test_passing_failures_of_reading_and_of_committing_are_waited_out(index_folder: Path, tmp_path: Path) -> None:
    from vinymatic.storage.open import open_store

    # Seeded: of the calls of one thread. Every kind of call of the index may be met.
    store = FaultyStore(open_store(index_folder.as_uri()), 5, rates={Fault.UNAVAILABLE: 0.1, Fault.LOST_ANSWER: 0.1})
    writer, summary = open_writer(store.inner, tmp_path / "w"), Summary()
    writer._store = store  # the faults begin with the run
    failed: set[str] = set()
    lock = threading.Lock()

    def flaky(thing: Thing, known: str | None) -> Outcome:
        with lock:
            first = thing.id not in failed
            failed.add(thing.id)
        if first:
            raise StorageUnavailableError("503")
        return describe(thing, known)

    index_items(writer, store, THINGS, flaky, summary=summary, batch=4, patience=hasty(50), advance=lambda: None)
    assert any(call.fault for call in store.calls)
    assert sorted(open_writer(store.inner, tmp_path / "w").ids()) == [thing.id for thing in THINGS]
    assert summary.in_index == 20


def test_a_run_that_ends_early_keeps_what_is_described_and_the_next_does_the_rest(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    def until_the_outage(thing: Thing, known: str | None) -> Outcome:
        if thing.id >= "11":
            raise StorageUnavailableError("the bucket is away")
        return describe(thing, known)

    writer, summary = open_writer(index_store, tmp_path / "w"), Summary()
    with pytest.raises(StorageUnavailableError, match="away"):
        index_items(
            writer, index_store, THINGS, until_the_outage, summary=summary, batch=8, patience=hasty(), advance=int
        )
    # Eight by the batch that was full, three by the last commit before the end.
    assert (summary.added, sorted(writer.ids())) == (11, [thing.id for thing in THINGS[:11]])
    again = Summary()
    index_items(writer, index_store, THINGS, describe, summary=again, advance=int)
    assert (again.unchanged, again.added) == (11, 9)


def test_an_outage_of_the_index_itself_is_told_as_what_it_is(index_store: ObjectStore, tmp_path: Path) -> None:
    store = FaultyStore(index_store, 1, rates={Fault.UNAVAILABLE: 1.0}, only=lambda verb, _: verb == "put")
    writer, summary = open_writer(index_store, tmp_path / "w"), Summary()
    writer._store = store
    with pytest.raises(StorageUnavailableError):
        index_items(writer, store, THINGS, describe, summary=summary, patience=hasty(), advance=int)
    assert summary.in_index == 0


def test_a_failure_that_does_not_pass_ends_the_run_at_once(index_store: ObjectStore, tmp_path: Path) -> None:
    calls: list[str] = []

    def denied(thing: Thing, known: str | None) -> Outcome:
        calls.append(thing.id)
        raise StorageDeniedError("403")

    writer = open_writer(index_store, tmp_path / "w")
    many = [Thing(str(number)) for number in range(2_000)]
    with pytest.raises(StorageDeniedError):
        index_items(writer, index_store, many, denied, summary=Summary(), patience=hasty(), advance=int)
    assert len(calls) < len(many)


def test_a_bad_item_is_recorded_and_a_good_one_clears_its_record(index_store: ObjectStore, tmp_path: Path) -> None:
    def bad(thing: Thing, known: str | None) -> Outcome:
        return Refused(thing.id, "9", CorruptImageError("cut off")) if thing.id == "03" else describe(thing, known)

    writer, summary = open_writer(index_store, tmp_path / "w"), Summary()
    index_items(writer, index_store, THINGS, bad, summary=summary, advance=int)
    assert [str(refused) for refused in summary.refused] == ["03: cut off (corrupt_image)"]
    reject = find_reject(index_store, "03")
    assert reject is not None
    assert (reject.etag, reject.code) == ("9", "corrupt_image")
    index_items(writer, index_store, THINGS, describe, summary=Summary(), advance=int)
    assert find_reject(index_store, "03") is None


def test_what_another_commits_meanwhile_stays_and_the_item_is_read_once_more(
    index_store: ObjectStore, tmp_path: Path
) -> None:
    writer, other = open_writer(index_store, tmp_path / "w"), open_writer(index_store, tmp_path / "other")
    bucket = {thing.id: "1" for thing in THINGS[:3]}
    index_items(writer, index_store, THINGS[:1], describe, summary=Summary(), advance=int)
    reads: list[tuple[str, str | None]] = []

    def replaced_while_read(thing: Thing, known: str | None) -> Outcome:
        reads.append((thing.id, known))
        etag = bucket[thing.id]
        if thing.id == "01" and etag == "1":
            bucket["01"] = "2"
            other.commit(Batch([random_cover("01", "2")]))
        return Unchanged(thing.id) if known == etag else random_cover(thing.id, etag)

    summary, told = Summary(), list[None]()
    index_items(
        writer, index_store, THINGS[:3], replaced_while_read, summary=summary, advance=lambda: told.append(None)
    )
    assert {i: entry.etag for i in writer.ids() if (entry := writer.entry(i))} == bucket
    assert sorted(reads, key=str) == [("00", "1"), ("01", "2"), ("01", None), ("02", None)]
    assert (summary.added, summary.unchanged, len(told)) == (1, 2, 3)


def test_an_item_that_is_gone_is_counted_and_its_cover_stays(index_store: ObjectStore, tmp_path: Path) -> None:
    writer, summary = open_writer(index_store, tmp_path / "w"), Summary()
    index_items(writer, index_store, THINGS[:1], describe, summary=Summary(), advance=int)
    index_items(
        writer, index_store, THINGS[:2], lambda thing, _: Missing(thing.id), summary=summary, batch=1, advance=int
    )
    assert (summary.missing, summary.in_index) == (2, 0)
    assert writer.ids() == ["00"]
