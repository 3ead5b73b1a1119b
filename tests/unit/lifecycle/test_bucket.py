"""Objects of a bucket: which are covers, and what is read of them."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.support.index import SPEC, cover
from vinymatic.features.model import FeatureModel
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.bucket import list_bucket, only_covers, read_object
from vinymatic.lifecycle.bulk import Limits, Missing, Refused, Unchanged
from vinymatic.lifecycle.inventory import Listed
from vinymatic.lifecycle.patience import Patience
from vinymatic.storage.local import LocalStore

pytestmark = pytest.mark.unit

SCAN = cover(3).jpeg()


@pytest.fixture
def bucket(tmp_path: Path) -> FaultyStore:
    """Counts its calls; without faults unless a test says so."""
    return FaultyStore(LocalStore(tmp_path / "bucket", url="file:///bucket"), 1)


def read(bucket: FaultyStore, item: Listed, known: str | None = None, *, max_bytes: int = 10_000_000) -> object:
    function = partial(read_object, store=bucket, spec=SPEC, model=FeatureModel(), limits=Limits(50_000_000, max_bytes))
    before = len(bucket.calls)
    outcome = function(item, known)
    bucket.calls[:] = bucket.calls[before:]
    return outcome


def verbs(bucket: FaultyStore) -> list[str]:
    return [call.verb for call in bucket.calls]


def test_a_new_object_is_downloaded_and_described(bucket: FaultyStore) -> None:
    info = bucket.put("a.jpg", SCAN)
    found = read(bucket, Listed("a.jpg", info.size, info.etag))
    assert isinstance(found, PreparedCover)
    assert (found.id, found.etag, found.size) == ("a.jpg", info.etag, len(SCAN))
    assert verbs(bucket) == ["get"]


def test_what_is_indexed_with_the_listed_etag_costs_no_request(bucket: FaultyStore) -> None:
    info = bucket.put("a.jpg", SCAN)
    assert read(bucket, Listed("a.jpg", info.size, info.etag), info.etag) == Unchanged("a.jpg")
    assert verbs(bucket) == []


def test_what_is_indexed_and_listed_without_an_etag_is_asked_for_it_and_not_downloaded(bucket: FaultyStore) -> None:
    info = bucket.put("a.jpg", SCAN)
    assert read(bucket, Listed("a.jpg"), info.etag) == Unchanged("a.jpg")
    assert verbs(bucket) == ["head"]


def test_the_etag_of_the_bytes_read_counts_and_not_the_one_listed(bucket: FaultyStore) -> None:
    info = bucket.put("a.jpg", SCAN)
    found = read(bucket, Listed("a.jpg", 1, "stale"), "older")
    assert isinstance(found, PreparedCover)
    assert found.etag == info.etag
    assert read(bucket, Listed("a.jpg", 1, "stale"), info.etag) == Unchanged("a.jpg")


def test_an_object_above_the_limit_is_refused_unread(bucket: FaultyStore) -> None:
    info = bucket.put("a.jpg", SCAN)
    listed = read(bucket, Listed("a.jpg", info.size, info.etag), max_bytes=1000)
    assert verbs(bucket) == []
    told_late = read(bucket, Listed("a.jpg"), max_bytes=1000)
    for found in (listed, told_late):
        assert isinstance(found, Refused)
        assert found.error.code == "image_too_large"


def test_what_is_no_image_is_refused_with_its_etag(bucket: FaultyStore) -> None:
    info = bucket.put("a.txt", b"text")
    found = read(bucket, Listed("a.txt"))
    assert isinstance(found, Refused)
    assert (found.etag, found.error.code) == (info.etag, "not_an_image")


@pytest.mark.parametrize("known", [None, "e"])
def test_an_object_that_is_gone_is_missing(bucket: FaultyStore, known: str | None) -> None:
    assert read(bucket, Listed("gone.jpg"), known) == Missing("gone.jpg")


def test_a_key_that_no_bucket_can_hold_is_refused(bucket: FaultyStore) -> None:
    found = read(bucket, Listed("x" * 5000))
    assert isinstance(found, Refused)
    assert found.error.code == "invalid_key"


def test_our_own_keys_and_folder_markers_are_no_covers() -> None:
    items = [Listed("index/a"), Listed("c/", 0), Listed("c/", 7), Listed("empty.jpg", 0), Listed("c/d.jpg")]
    assert only_covers(items, lambda key: key.startswith("index/")) == items[2:]


def test_a_listing_that_breaks_off_goes_on_and_misses_nothing(tmp_path: Path) -> None:
    inner = LocalStore(tmp_path / "bucket", url="file:///bucket")
    keys = [f"c/{number:04}" for number in range(1_203)]
    for key in [*keys, "d/other"]:
        path = tmp_path / "bucket" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    flaky = FaultyStore(inner, script={2: Fault.UNAVAILABLE, 4: Fault.UNAVAILABLE})
    patience = Patience([0, 0], lambda _: None)
    assert [item.id for item in list_bucket(flaky, "c/", patience)] == keys
    assert sum(call.fault is not None for call in flaky.calls) == 2
