"""Encoding under the candidate, in parts: each segment by one, all of them by all."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import DyingStore, Killed, open_writer
from vinymatic.errors import EpochError, IndexMismatchError
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.compaction import compact
from vinymatic.lifecycle.compaction_plan import CompactionPolicy
from vinymatic.lifecycle.encode import encode, part_of
from vinymatic.lifecycle.promotion import discard_candidate, promote
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

SEGMENTS = 8


@pytest.fixture
def begun(index_store: ObjectStore, tmp_path: Path, quick_training: None) -> ObjectStore:
    """Eight segments of one cover each, and a candidate that none of them is encoded under."""
    writer = open_writer(index_store, tmp_path)
    for number in range(SEGMENTS):
        writer.commit(Batch([random_cover(f"cover {number}")]))
    report = train(index_store, tmp_path / "train", encode=False)
    assert (report.epoch, report.trained, report.encoded, report.commits) == (1, True, 0, 0)
    assert len(require_newest(index_store).lacking(1)) == SEGMENTS
    return index_store


def test_without_parts_all_is_encoded_and_a_second_run_finds_nothing(begun: ObjectStore, tmp_path: Path) -> None:
    first, second = (encode(begun, tmp_path / "encode") for _ in range(2))
    assert (first.epoch, first.encoded, first.commits, first.lacking) == (1, SEGMENTS, 1, 0)
    assert (second.encoded, second.commits, second.number) == (0, 0, first.number)
    assert promote(begun, ungated=True).manifest.active_epoch == 1


def test_each_part_encodes_its_own_share_alone(begun: ObjectStore, tmp_path: Path) -> None:
    ids = [segment.id for segment in require_newest(begun).segments]
    encode(begun, tmp_path / "encode", part=1, parts=3)
    encoded = {segment.id for segment in require_newest(begun).segments if 1 in segment.codes}
    assert encoded == {name for name in ids if part_of(name, 3) == 1}
    for part, left in ((0, sum(part_of(name, 3) == 2 for name in ids)), (2, 0)):
        assert encode(begun, tmp_path / "encode", part=part, parts=3).lacking == left


def test_parts_that_run_at_once_encode_everything_between_them(begun: ObjectStore, tmp_path: Path) -> None:
    parts, failed = 4, list[Exception]()
    start = threading.Barrier(parts)

    def run(part: int) -> None:
        start.wait()
        try:
            encode(begun, tmp_path / f"encode-{part}", part=part, parts=parts, chunk_features=1)
        except Exception as error:  # noqa: BLE001 - the test says which
            failed.append(error)

    threads = [threading.Thread(target=run, args=(part,)) for part in range(parts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    newest = require_newest(begun)
    assert newest.lacking(1) == ()
    assert newest.number == 1 + SEGMENTS + 1 + SEGMENTS  # the first one, the covers, the candidate, a commit each


def test_killed_after_one_more_storage_call_each_time_a_part_goes_on_where_it_stopped(
    begun: ObjectStore, tmp_path: Path
) -> None:
    deaths = 0
    while True:
        try:
            encode(DyingStore(begun, deaths), tmp_path / "encode", chunk_features=24)
            break
        except Killed:
            deaths += 1
    assert deaths > SEGMENTS
    assert require_newest(begun).lacking(1) == ()


def test_what_was_merged_while_a_part_ended_is_said_to_be_left(begun: ObjectStore, tmp_path: Path) -> None:
    compact(begun, tmp_path / "compact", policy=CompactionPolicy(fan_in=2))
    (merged,) = require_newest(begun).segments
    other = 1 - part_of(merged.id, 2)
    report = encode(begun, tmp_path / "encode", part=other, parts=2)
    assert (report.encoded, report.lacking) == (0, 1)
    assert encode(begun, tmp_path / "encode").lacking == 0


def test_without_a_candidate_there_is_nothing_to_encode(begun: ObjectStore, tmp_path: Path) -> None:
    def meanwhile(step: str, done: int, total: int) -> None:
        discard_candidate(begun)

    with pytest.raises(EpochError, match="epoch 1 was discarded meanwhile"):
        encode(begun, tmp_path / "encode", progress=meanwhile)
    with pytest.raises(EpochError, match="there is no candidate to encode"):
        encode(begun, tmp_path / "encode")


def test_other_dimensions_and_a_part_that_is_none_are_refused(begun: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(IndexMismatchError, match=r"SIFT_DIMENSIONS=128.*64"):
        encode(begun, tmp_path / "encode", dimensions=64)
    with pytest.raises(ValueError, match="no part 2 of 2"):
        encode(begun, tmp_path / "encode", part=2, parts=2)


def test_a_segment_is_in_the_same_part_on_every_machine_and_parts_are_about_even() -> None:
    assert [part_of("01JDV4K1Q5M2S6R3W8X9Y0Z1A2", parts) for parts in (1, 7)] == [0, 2]
    sizes = Counter(part_of(f"{number:026d}", 4) for number in range(1_000))
    assert sorted(sizes) == [0, 1, 2, 3]
    assert min(sizes.values()) > 200
