"""Pins: kept manifests, and a pin that comes too late."""

from __future__ import annotations

import pytest

from tests.support.faults import Fault, FaultyStore
from tests.unit.lifecycle.stalls import StallingStore
from vinymatic.errors import (
    CatalogueError,
    CorruptFileError,
    ObjectNotFoundError,
    StorageUnavailableError,
    UnsupportedFormatError,
)
from vinymatic.index.layout import BOUNDARIES, PINS, manifest_key
from vinymatic.lifecycle.boundary import advance_boundary, drop_lower_boundaries, read_boundary
from vinymatic.lifecycle.pins import pin, read_pins, unpin
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


def test_a_pin_is_there_until_it_is_taken_out(index_store: ObjectStore) -> None:
    pin(index_store, "release-1", 1)
    pin(index_store, "release-1", 1)  # again: nothing changes
    assert {name: found.manifest for name, found in read_pins(index_store).items()} == {"release-1": 1}
    unpin(index_store, "release-1")
    assert read_pins(index_store) == {}
    with pytest.raises(ObjectNotFoundError):
        unpin(index_store, "release-1")


def test_a_name_pins_one_manifest(index_store: ObjectStore) -> None:
    pin(index_store, "release", 1)
    with pytest.raises(CatalogueError, match="is on manifest 1"):
        pin(index_store, "release", 2)


def test_a_manifest_that_is_not_there_cannot_be_pinned(index_store: ObjectStore) -> None:
    with pytest.raises(ObjectNotFoundError):
        pin(index_store, "release", 7)
    assert read_pins(index_store) == {}


def test_a_pin_on_what_is_about_to_be_collected_is_taken_back(index_store: ObjectStore) -> None:
    # The collector advances its boundary in the moment between the pin's file and the look.
    store = StallingStore(index_store, "list", BOUNDARIES, lambda: advance_boundary(index_store, 1))
    with pytest.raises(CatalogueError, match="about to be"):
        pin(store, "release", 1)
    assert read_pins(index_store) == {}
    assert index_store.head(manifest_key(1))


@pytest.mark.parametrize("late", [True, False])
def test_a_pin_whose_answer_was_lost_is_tried_again_and_promises_only_what_is_sure(
    index_store: ObjectStore, late: bool
) -> None:
    store = FaultyStore(index_store, rates={Fault.LOST_ANSWER: 1.0}, only=lambda verb, key: verb == "create")
    with pytest.raises(StorageUnavailableError):
        pin(store, "release", 1)
    if not late:
        pin(index_store, "release", 1)
    # A collector that had listed the pins before the first try may delete the manifest at any moment.
    advance_boundary(index_store, 1)
    if late:
        with pytest.raises(CatalogueError, match="about to be"):
            pin(index_store, "release", 1)
    else:
        pin(index_store, "release", 1)
    assert read_pins(index_store)["release"].manifest == 1


def test_a_pin_read_wrongly_is_noticed_and_one_of_an_earlier_version_is_read(index_store: ObjectStore) -> None:
    pin(index_store, "release", 1)
    data, _ = index_store.get(PINS + "release.json")
    index_store.put(PINS + "release.json", data.replace(b'"manifest":1', b'"manifest":3'))
    with pytest.raises(CorruptFileError, match="checksum"):
        read_pins(index_store)
    index_store.put(PINS + "release.json", b'{"format":"vinymatic-pin","version":1,"manifest":1,"created_at":""}')
    assert read_pins(index_store)["release"].proven


def test_a_pin_s_name_never_leaves_its_folder(index_store: ObjectStore) -> None:
    with pytest.raises(ValueError, match="not a pin's name"):
        pin(index_store, "../manifests/x", 1)


@pytest.mark.parametrize(
    ("name", "data", "error"),
    [
        ("release.json", b"{", CorruptFileError),
        ("release.json", b'{"format": "x", "version": 1, "manifest": 1, "created_at": ""}', CorruptFileError),
        ("release.json", b'{"format": "vinymatic-pin", "version": 3}', UnsupportedFormatError),
        (
            "release.json",
            b'{"format": "vinymatic-pin", "version": 1, "manifest": 0, "created_at": ""}',
            CorruptFileError,
        ),
        ("Release", b"", CorruptFileError),
    ],
)
def test_a_pin_that_cannot_be_read_is_an_error(
    index_store: ObjectStore, name: str, data: bytes, error: type[Exception]
) -> None:
    index_store.put(PINS + name, data)
    with pytest.raises(error):
        read_pins(index_store)


def test_the_highest_boundary_counts_and_lower_ones_go(index_store: ObjectStore) -> None:
    assert read_boundary(index_store) == 0
    for number in (9, 12, 12, 10):
        advance_boundary(index_store, number)
    assert read_boundary(index_store) == 12
    drop_lower_boundaries(index_store, 10)
    assert len(list(index_store.list(BOUNDARIES))) == 2
    drop_lower_boundaries(index_store, 12)
    assert len(list(index_store.list(BOUNDARIES))) == 1
    assert read_boundary(index_store) == 12
