"""Listings that somebody else made: any key comes through, and what is not understood is refused with its line."""

from __future__ import annotations

import csv
import gzip
import io
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vinymatic.errors import ListingError
from vinymatic.lifecycle.inventory import Listed, each_once, opened, parse_columns, read_inventory, read_keys

pytestmark = pytest.mark.unit

# Whatever S3 takes as a key: 1 to 1024 bytes of UTF-8.
KEYS = st.text(st.characters(codec="utf-8"), min_size=1).filter(lambda key: len(key.encode()) <= 1024)


def inventory(*rows: tuple[object, ...]) -> io.StringIO:
    text = io.StringIO(newline="")
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return io.StringIO(text.getvalue(), newline="\n")


def test_an_inventory_of_the_usual_columns_gives_key_size_and_etag() -> None:
    lines = inventory(("b", "a%2Fb+c.jpg", "", 12, "abc"), ("b", "d.jpg", "v1", 3, '"q"'))
    assert list(read_inventory(lines, bucket="b")) == [Listed("a/b c.jpg", 12, "abc"), Listed("d.jpg", 3, "q")]


def test_bucket_and_key_alone_are_enough() -> None:
    assert list(read_inventory(["b,k.jpg\n"], bucket="b")) == [Listed("k.jpg")]


@given(st.lists(KEYS, min_size=1, max_size=5))
@example(["a,b", 'q"q', "n\nl", "c\rr", "50%20 off +1", "🎷 größe", " ", "\0"])
def test_any_key_comes_through_an_inventory(keys: list[str]) -> None:
    for encode in (quote_plus, quote):
        lines = inventory(*(("b", encode(key), "", 1, "e") for key in keys))
        assert [item.id for item in read_inventory(lines, bucket="b")] == keys


@given(KEYS.filter(lambda key: "\n" not in key and not key.endswith("\r")))
def test_any_key_without_a_line_feed_comes_through_a_plain_list(key: str) -> None:
    for end in ("", "\n", "\r\n"):
        assert list(read_keys([key + end, "\n"])) == [Listed(key)]


def test_the_columns_of_the_manifest_say_where_key_and_etag_are() -> None:
    columns = parse_columns("Bucket, Key, VersionId, IsLatest, IsDeleteMarker, ETag, Size")
    lines = inventory(
        ("b", "new.jpg", "2", "true", "false", "e", "5"),
        ("b", "new.jpg", "1", "false", "false", "old", "4"),
        ("b", "deleted.jpg", "3", "true", "true", "", ""),
    )
    assert list(read_inventory(lines, bucket="b", columns=columns)) == [Listed("new.jpg", 5, "e")]


def test_a_first_line_that_names_the_columns_is_no_object() -> None:
    lines = inventory(("Bucket", "Key", "ETag"), ("b", "k", "e"))
    assert list(read_inventory(lines, bucket="b")) == [Listed("k", None, "e")]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("b,ok.jpg\nother,k.jpg\n", "line 2 of the inventory: it lists the bucket 'other'; S3_BUCKET is 'b'"),
        ("b,%FF.jpg\n", "not UTF-8"),
        ("b,\n", "its key is empty"),
        ("b\n", "it has no key"),
        ("b,k,v,big\n", "its size is 'big'"),
        ('b,"k\n', "line 1"),
        ('b,"k"x\n', "line 1"),
    ],
)
def test_a_line_that_is_not_understood_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ListingError, match=reason):
        list(read_inventory(io.StringIO(text), bucket="b"))


def test_columns_without_a_key_are_refused() -> None:
    with pytest.raises(ListingError, match="no Bucket and Key"):
        parse_columns("Size, ETag")


def test_a_key_that_comes_twice_is_kept_once_and_loses_what_only_one_version_has() -> None:
    items = [Listed("a", 1, "x"), Listed("b", 2, "y"), Listed("a", 3, "z"), Listed("b", 2, "y"), Listed("a", 1, "x")]
    assert each_once(items) == [Listed("a"), Listed("b", 2, "y")]


def test_only_keys_under_the_prefix_are_kept() -> None:
    assert each_once([Listed("x/a"), Listed("y/x/a"), Listed("x")], "x/") == [Listed("x/a")]


@pytest.mark.parametrize("packed", [False, True])
def test_a_listing_is_read_packed_or_not_and_ends_lines_at_line_feeds_alone(tmp_path: Path, packed: bool) -> None:
    text = "\ufeffgrö\rße.jpg\nb\u2028c.jpg\n".encode()
    path = tmp_path / "listing"  # what it is called does not matter
    path.write_bytes(gzip.compress(text) if packed else text)
    with opened(path) as lines:
        assert [item.id for item in read_keys(lines)] == ["grö\rße.jpg", "b\u2028c.jpg"]


def test_a_packed_listing_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "listing.gz"
    path.write_bytes(gzip.compress(b"key\n" * 10_000)[:-9])
    with pytest.raises(ListingError, match="cut off or damaged"), opened(path) as lines:
        list(read_keys(lines))


def test_a_listing_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "listing"
    path.write_bytes(b"a.jpg\n\xff\n")
    with pytest.raises(ListingError, match="not UTF-8"), opened(path) as lines:
        list(read_keys(lines))
