"""What a user is told of one image."""

from __future__ import annotations

import pytest

from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.rejects import Reject
from vinymatic.lifecycle.status import IngestStatus, ingest_status

pytestmark = pytest.mark.unit

ENTRY = CoverEntry("a.jpg", "v1", 10, 600, 600, 300, 7, "0" * 26)


def reject(etag: str) -> Reject:
    return Reject("a.jpg", etag, "corrupt_image", "truncated", "2026-01-02T03:04:05+00:00")


def test_a_key_that_nobody_has_seen_is_unknown() -> None:
    assert ingest_status(None, None) == IngestStatus("unknown")


def test_an_indexed_key_names_its_manifest() -> None:
    assert ingest_status(ENTRY, None) == IngestStatus("indexed", 7, etag="v1")


def test_a_refused_key_says_why() -> None:
    assert ingest_status(None, reject("v1")) == IngestStatus("rejected", None, "corrupt_image", "truncated", "v1")


def test_a_refused_newer_version_is_rejected_while_the_older_is_still_searchable() -> None:
    assert ingest_status(ENTRY, reject("v2")) == IngestStatus("rejected", 7, "corrupt_image", "truncated", "v2")


def test_a_record_left_behind_by_the_version_that_is_indexed_does_not_count() -> None:
    assert ingest_status(ENTRY, reject("v1")).state == "indexed"
