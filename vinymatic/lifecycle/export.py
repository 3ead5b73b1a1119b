"""What a catalogue holds, cover by cover, as CSV or JSON lines: one segment in memory at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple, fields
from enum import StrEnum
from pathlib import Path

from vinymatic.index.manifest import FileEntry, Manifest
from vinymatic.index.segment import CoverTable
from vinymatic.index.snapshot import CoverEntry, cover_entry

COLUMNS = tuple(column.name for column in fields(CoverEntry))


class Format(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"


def live_covers(manifest: Manifest, resolve: Callable[[FileEntry], Path]) -> Iterator[CoverEntry]:
    """The manifest's covers, oldest segment first; each id once. `resolve` gives the path of a file.

    Raises `CorruptFileError`, `StorageError`.
    """
    for segment in manifest.segments:
        table, dead = CoverTable(resolve(segment.covers_file)), set(segment.tombstones)
        for place in range(len(table)):
            if place not in dead:
                yield cover_entry(table, place, segment)


def render(covers: Iterable[CoverEntry], form: Format) -> Iterator[bytes]:
    """The file's lines in UTF-8. CSV as RFC 4180 has it, with a header; JSON lines in plain ASCII, so that no reader splits one wrongly."""
    if form is Format.JSONL:
        for cover in covers:
            yield f"{json.dumps(asdict(cover))}\n".encode()
        return
    line = io.StringIO(newline="")
    # The writer quotes what is part of its line end: with a bare line feed a key's carriage return would end the line for a reader.
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for cover in covers:
        yield _taken(line)
        writer.writerow(astuple(cover))
    yield _taken(line)


def _taken(line: io.StringIO) -> bytes:
    text = line.getvalue()
    line.seek(0)
    line.truncate()
    return text.encode()
