"""Export: every live cover once, and any key round-trips through Python's csv and json."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support.covers import random_cover
from tests.support.index import open_writer, read_snapshot
from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.export import COLUMNS, Format, live_covers, render
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

TEXTS = st.text(st.characters(codec="utf-8"))


def entry(cover_id: str, etag: str = "e") -> CoverEntry:
    return CoverEntry(cover_id, etag, 10, 640, 480, 300, 7, "S")


@given(st.lists(TEXTS, min_size=1, max_size=4), TEXTS)
@example(["a,b", 'q"q', "n\nl", "c\rr", "\r\n", "🎷", " =1+1", "\0", "\u2028\x85"], 'e"-2')
def test_any_key_round_trips_through_csv(ids: list[str], etag: str) -> None:
    covers = [entry(cover_id, etag) for cover_id in ids]
    text = b"".join(render(covers, Format.CSV)).decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [tuple(row.values()) for row in rows] == [tuple(map(str, astuple(cover))) for cover in covers]
    assert [tuple(row) for row in rows] == [COLUMNS] * len(covers)


@given(st.lists(TEXTS, min_size=1, max_size=4))
def test_any_key_round_trips_through_json_lines(ids: list[str]) -> None:
    covers = [entry(cover_id) for cover_id in ids]
    text = b"".join(render(covers, Format.JSONL)).decode("ascii")
    assert [CoverEntry(**json.loads(line)) for line in text.splitlines()] == covers


def test_an_empty_catalogue_is_a_header_alone() -> None:
    assert b"".join(render([], Format.CSV)).decode() == ",".join(COLUMNS) + "\r\n"
    assert list(render([], Format.JSONL)) == []


def test_lines_are_made_one_by_one() -> None:
    def endless() -> object:
        while True:
            yield entry("a")

    lines = render(endless(), Format.CSV)  # type: ignore[arg-type]
    assert [next(lines) for _ in range(3)][1:] == [b"a,e,10,640,480,300,7,S\r\n"] * 2


def test_deleted_and_replaced_covers_are_left_out(index_store: ObjectStore, tmp_path: Path) -> None:
    writer = open_writer(index_store, tmp_path / "work")
    writer.commit(Batch(upserts=[random_cover(name) for name in "abcd"]))
    writer.commit(Batch(upserts=[random_cover("b", "2"), random_cover("e")], deletes=["c"]))
    covers = list(live_covers(writer.manifest, FileCache(index_store, tmp_path / "work").resolve))
    assert [(cover.id, cover.etag) for cover in covers] == [("a", "1"), ("d", "1"), ("b", "2"), ("e", "1")]
    listed = read_snapshot(index_store, tmp_path / "cache").list_covers(limit=10)
    assert sorted(covers, key=lambda cover: cover.id) == list(listed)
