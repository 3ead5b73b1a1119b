"""Listings of a bucket that somebody else made: S3 Inventory's CSV, and plain lists of keys. Pure but for opening the file.

S3 Inventory writes no header; which columns there are stands in its manifest.json, as `fileSchema`.
"""

from __future__ import annotations

import csv
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_plus

from vinymatic.errors import ListingError

# What `columns` may be left out for.
COLUMNS = ("bucket", "key", "versionid", "size", "etag")
_SYNONYMS = {"version": "versionid"}
_GZIP = b"\x1f\x8b"


@dataclass(frozen=True)
class Listed:
    """An object as a listing tells of it. `size` (bytes) and `etag` are None where it does not."""

    id: str
    size: int | None = None
    etag: str | None = None


def parse_columns(text: str) -> tuple[str, ...]:
    """`Bucket, Key, Size, ETag` → names in small letters. Raises `ListingError` without bucket and key."""
    names = tuple(name.strip().lower() for name in text.split(","))
    names = tuple(_SYNONYMS.get(name, name) for name in names)
    if not {"bucket", "key"} <= set(names):
        raise ListingError(
            f"the columns {text!r} have no Bucket and Key; see fileSchema in the inventory's manifest.json"
        )
    return names


def read_inventory(lines: Iterable[str], *, bucket: str, columns: Sequence[str] | None = None) -> Iterator[Listed]:
    """The newest version of each object in an inventory's CSV: keys URL-encoded, delete markers and older versions left out.

    `lines` keep their ends (a file opened with `newline=""`). Without `columns`: those of a first line that names them, else `COLUMNS`.
    Raises `ListingError` with the line's number when the file does not parse or lists another bucket than `bucket`.
    """
    rows = csv.reader(lines, strict=True)
    names = columns
    try:
        for row in rows:
            if not row:
                continue
            if names is None:
                if _is_header(row):
                    names = parse_columns(",".join(row))
                    continue
                names = COLUMNS
            try:
                found = _listed(dict(zip(names, row, strict=False)), bucket)
            except ValueError as error:
                raise ListingError(f"line {rows.line_num} of the inventory: {error}") from None
            if found is not None:
                yield found
    except csv.Error as error:
        raise ListingError(f"line {rows.line_num} of the inventory: {error}") from None


def read_keys(lines: Iterable[str]) -> Iterator[Listed]:
    """One key a line, as it is: nothing is decoded, no blank is cut off. Empty lines are skipped."""
    for line in lines:
        key = line.removesuffix("\n").removesuffix("\r")
        if key:
            yield Listed(key)


def each_once(listed: Iterable[Listed], prefix: str = "") -> list[Listed]:
    """Those whose key starts with `prefix`, each key once, in order.

    A key that comes twice (versions, in an inventory without IsLatest) loses its ETag and size: nobody knows which is the newest.
    """
    found: dict[str, Listed] = {}
    for item in listed:
        if item.id.startswith(prefix):
            found[item.id] = item if found.get(item.id, item) == item else Listed(item.id)
    return list(found.values())


@contextmanager
def opened(path: Path) -> Iterator[Iterable[str]]:
    """The lines of a text file in UTF-8, packed by gzip or not, with their ends.

    Raises `ListingError` when it is neither or is cut off, also while it is read within the block; `OSError`.
    """
    with path.open("rb") as raw:
        packed = raw.read(len(_GZIP)) == _GZIP
    # Lines end at a line feed alone: a carriage return may be part of a key.
    how = {"encoding": "utf-8-sig", "newline": "\n"}
    try:
        with gzip.open(path, "rt", **how) if packed else path.open("r", **how) as text:  # type: ignore[call-overload]
            yield text
    except UnicodeDecodeError:
        raise ListingError(f"{path} is not UTF-8") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ListingError(f"{path} is cut off or damaged: {error}") from None


def _is_header(row: Sequence[str]) -> bool:
    return {"bucket", "key"} <= {name.strip().lower() for name in row}


def _listed(row: dict[str, str], bucket: str) -> Listed | None:
    """Raises ValueError with the reason."""
    if "key" not in row:
        raise ValueError("it has no key")
    if row["bucket"] != bucket:
        raise ValueError(f"it lists the bucket {row['bucket']!r}; S3_BUCKET is {bucket!r}")
    if row.get("isdeletemarker", "").lower() == "true" or row.get("islatest", "").lower() == "false":
        return None
    try:
        key = unquote_plus(row["key"], errors="strict")
    except UnicodeDecodeError:
        raise ValueError(f"the URL-encoded key {row['key']!r} is not UTF-8") from None
    if not key:
        raise ValueError("its key is empty")
    size, etag = row.get("size", ""), row.get("etag", "").strip('"')
    if size and not (size.isascii() and size.isdigit()):
        raise ValueError(f"its size is {size!r}; say which columns there are")
    return Listed(key, int(size) if size else None, etag or None)
