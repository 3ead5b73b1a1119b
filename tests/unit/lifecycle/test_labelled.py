"""labels.csv: what is understood, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.support.index import photo_of
from vinymatic.errors import ListingError
from vinymatic.features import FeatureSpec, decode, extract
from vinymatic.features.model import FeatureModel
from vinymatic.lifecycle.labelled import Label, open_photo, parse_labels, photo_limits, read_labels
from vinymatic.settings import ApiSettings
from vinymatic.storage.open import open_store
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit

LIMITS = photo_limits(128)


@pytest.fixture
def folder(tmp_path: Path) -> ObjectStore:
    return open_store(tmp_path.as_uri())


def test_a_photo_and_its_cover_stand_on_a_line_and_no_cover_means_absent() -> None:
    text = 'photo,cover\n"a,b.jpg",shop/one.jpg\r\n\nphone/ü x.jpg,\n'
    assert parse_labels(text) == [Label(2, "a,b.jpg", "shop/one.jpg"), Label(4, "phone/ü x.jpg", None)]


def test_columns_may_come_in_any_order_with_others_between() -> None:
    assert parse_labels("cover,who,photo\nc,me,p\n") == [Label(2, "p", "c")]


def test_no_photos_at_all_are_no_error() -> None:
    assert parse_labels("photo,cover\n") == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1 of labels.csv: it must name the columns photo and cover"),
        ("a.jpg,b\n", "line 1 .*columns photo and cover"),
        ("photo;cover\na;b\n", "line 1 .*separated by a comma"),
        ("photo,cover\na\n", "line 2 .*it has 1 fields; the first line names 2"),
        ("photo,cover\na,b\nc,d,e\n", "line 3 .*it has 3 fields"),
        ("photo,cover\n,b\n", "line 2 .*it names no photo"),
        ("photo,cover\na,b\n\na,c\n", "line 4 .*'a' stands on line 2 already"),
        ('photo,cover\na,"b\n', "line 2 "),
        ('photo,cover\na,"b"c\n', "line 2 "),
    ],
)
def test_what_is_not_understood_is_refused_with_its_line(text: str, said: str) -> None:
    with pytest.raises(ListingError, match=said):
        parse_labels(text)


def test_a_spreadsheets_file_is_read_and_one_that_is_not_utf8_refused(folder: ObjectStore) -> None:
    folder.put("labels.csv", "photo,cover\r\nö,x\r\n".encode("utf-8-sig"))
    assert read_labels(folder) == [Label(2, "ö", "x")]
    folder.put("labels.csv", "photo,cover\nö,x\n".encode("latin-1"))
    with pytest.raises(ListingError, match="not UTF-8"):
        read_labels(folder)


def test_a_place_without_labels_is_said(folder: ObjectStore) -> None:
    with pytest.raises(ListingError, match=r"holds no labels\.csv"):
        read_labels(folder)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (None, "holds no 'a.jpg'"),
        (b"no image", "not a JPEG, PNG or WebP"),
        (photo_of(0)[:20_000], "damaged"),
        (photo_of(0), "allowed are 1000"),
    ],
    ids=["missing", "no image", "cut off", "too large"],
)
def test_a_photo_that_the_api_would_not_take_is_refused_with_its_line(
    folder: ObjectStore, data: bytes | None, said: str
) -> None:
    if data is not None:
        folder.put("a.jpg", data)
    limits = photo_limits(128, ApiSettings(max_body_bytes=1_000)) if said == "allowed are 1000" else LIMITS
    with pytest.raises(ListingError, match=rf"line 7 of labels\.csv: .*{said}"):
        open_photo(folder, Label(7, "a.jpg", None), FeatureModel(), limits)


@pytest.mark.parametrize("key", ["../outside.jpg", "/etc/hostname"])
def test_no_photo_lies_outside_the_place(tmp_path: Path, key: str) -> None:
    (tmp_path / "outside.jpg").write_bytes(photo_of(0))
    with pytest.raises(ListingError, match="line 2"):
        open_photo(open_store((tmp_path / "photos").as_uri()), Label(2, key, None), FeatureModel(), LIMITS)


def test_a_photo_is_described_as_the_api_describes_it(folder: ObjectStore) -> None:
    folder.put("a.jpg", photo_of(0))
    photo = open_photo(folder, Label(2, "a.jpg", None), FeatureModel(), LIMITS)
    raw = extract(decode(photo_of(0), max_pixels=10_000_000, reduce_to=(480, 480)), FeatureSpec(128, 500, 480, 480))
    np.testing.assert_array_equal(photo.features.descriptors, raw.descriptors)
    np.testing.assert_array_equal(photo.features.points, raw.points)
    assert max(photo.boxed.shape) == 480
