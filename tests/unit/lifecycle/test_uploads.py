"""Uploads that stall: the time counts from before the first file, for the upload itself may be what takes so long."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import StallingStore, open_writer, segments
from vinymatic.index.layout import CODEBOOKS, SEGMENTS
from vinymatic.lifecycle import uploads
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.training import train
from vinymatic.lifecycle.uploads import GOOD_FOR_SECONDS, UploadAge
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


class Clock:
    """Both clocks of a machine."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.wall = self.steady = 1_000.0
        monkeypatch.setattr(uploads, "time", SimpleNamespace(time=lambda: self.wall, monotonic=lambda: self.steady))

    def pass_time(self) -> None:
        self.wall += GOOD_FOR_SECONDS + 1
        self.steady += GOOD_FOR_SECONDS + 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


@pytest.mark.parametrize("name", ["wall", "steady"])
def test_either_clock_tells_that_an_upload_is_too_old(clock: Clock, name: str) -> None:
    age = UploadAge()
    setattr(clock, name, getattr(clock, name) + GOOD_FOR_SECONDS)
    assert not age.too_old
    setattr(clock, name, getattr(clock, name) + 1)
    assert age.too_old


def test_a_segment_whose_upload_stalls_is_uploaded_anew(index_store: ObjectStore, tmp_path: Path, clock: Clock) -> None:
    writer = open_writer(index_store, tmp_path)
    writer._store = StallingStore(index_store, "put", SEGMENTS, clock.pass_time)
    writer.commit(Batch([random_cover("a")]))
    newest = read_newest(index_store)
    assert newest is not None
    assert len(newest.segments) == 1
    assert len(segments(index_store) - {newest.segments[0].id}) == 1  # the one that may be collected


def test_a_codebook_whose_upload_stalls_is_uploaded_anew(
    index_store: ObjectStore, tmp_path: Path, clock: Clock
) -> None:
    open_writer(index_store, tmp_path).commit(Batch([random_cover("a")]))
    store = StallingStore(index_store, "put", CODEBOOKS, clock.pass_time)
    train(store, tmp_path / "train")
    keys = [call.key for call in store.calls if call.verb == "put" and call.key.startswith(CODEBOOKS)]
    # Under another name: a collection may be deleting the first.
    assert len(set(keys)) == len(keys) == 2
