"""What lies around the manifests: pins and boundaries that cannot be read, or that point to nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.covers import random_cover
from tests.unit.lifecycle.stalls import StallingStore, open_writer, store_at
from vinymatic.errors import NoIndexError
from vinymatic.index.layout import BOUNDARIES, MANIFESTS, PINS, boundary_key, manifest_key
from vinymatic.lifecycle.boundary import advance_boundary, rewrite_boundary
from vinymatic.lifecycle.findings import Kind, Part
from vinymatic.lifecycle.pins import pin, unpin
from vinymatic.lifecycle.survey import survey
from vinymatic.lifecycle.writer import Batch
from vinymatic.storage.port import ObjectStore

pytestmark = pytest.mark.unit


@pytest.fixture
def three(index_store: ObjectStore, tmp_path: Path) -> ObjectStore:
    """Manifests 1 to 3."""
    writer = open_writer(index_store, tmp_path)
    for name in "ab":
        writer.commit(Batch([random_cover(name)]))
    return index_store


def found(store: ObjectStore) -> list[tuple[Kind, Part, str | None]]:
    return [(finding.kind, finding.part, finding.key) for finding in survey(store).findings]


def test_kept_is_what_is_above_the_boundary_or_pinned(three: ObjectStore) -> None:
    assert survey(three).kept == (3, 2, 1)
    pin(three, "x", 1)
    advance_boundary(three, 2)
    seen = survey(three)
    assert (seen.newest, seen.kept, seen.boundary, seen.findings) == (3, (3, 1), 2, ())
    assert seen.there == {1, 2, 3}


def test_nothing_is_there_to_survey(tmp_path: Path) -> None:
    with pytest.raises(NoIndexError):
        survey(store_at(tmp_path / "none"))


@pytest.mark.parametrize("key", ["x.json", "No Pin"])
def test_a_pin_that_cannot_be_read_is_found(three: ObjectStore, key: str) -> None:
    pin(three, "good", 1)
    three.put(PINS + key, b"{")
    assert found(three) == [(Kind.DAMAGED, Part.PIN, PINS + key)]


def test_a_pin_whose_manifest_is_gone_is_found(three: ObjectStore) -> None:
    pin(three, "x", 2)
    three.delete(manifest_key(2))
    (finding,) = survey(three).findings
    assert (finding.kind, finding.part, finding.key) == (Kind.MISSING, Part.MANIFEST, manifest_key(2))
    assert "the pin x keeps" in finding.message


def test_a_pin_taken_out_meanwhile_is_none(three: ObjectStore) -> None:
    pin(three, "x", 2)
    assert found(StallingStore(three, "get", PINS, lambda: unpin(three, "x"))) == []


def test_a_manifest_pinned_meanwhile_is_none_that_is_missing(three: ObjectStore) -> None:
    def others() -> None:
        open_writer(three, Path(three.url.removeprefix("file://")).parent, "other").commit(Batch([random_cover("c")]))
        pin(three, "late", 4)

    assert found(StallingStore(three, "list", MANIFESTS, others)) == []


def test_a_boundary_that_is_not_what_its_key_says_is_found_and_can_be_written_again(three: ObjectStore) -> None:
    advance_boundary(three, 1)
    for body in (b"", b"{}", three.get(boundary_key(1))[0].replace(b"1}", b"2}")):
        three.put(boundary_key(1), body)
        assert found(three) == [(Kind.DAMAGED, Part.BOUNDARY, boundary_key(1))]
    rewrite_boundary(three, 1)
    three.put(BOUNDARIES + "notes.txt", b"not ours")
    assert found(three) == []


def test_a_boundary_above_every_manifest_is_found(three: ObjectStore) -> None:
    advance_boundary(three, 3)
    seen = survey(three)
    assert [(f.kind, f.part, f.manifest) for f in seen.findings] == [(Kind.UNFIT, Part.BOUNDARY, 3)]
    assert seen.kept == ()
