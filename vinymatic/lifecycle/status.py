"""What became of one image, from what the index and the reject records say of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from vinymatic.index.snapshot import CoverEntry
from vinymatic.lifecycle.rejects import Reject

IngestState = Literal["indexed", "rejected", "unknown"]


@dataclass(frozen=True)
class IngestStatus:
    """`manifest`: the commit that made the key searchable; set beside "rejected" when an older version of the image still is.

    `code` and `message`: why it was refused. `etag`: of the version that `state` speaks of.
    """

    state: IngestState
    manifest: int | None = None
    code: str | None = None
    message: str | None = None
    etag: str | None = None


def ingest_status(entry: CoverEntry | None, reject: Reject | None) -> IngestStatus:
    """A reject record of another version than the indexed one is the newer word: indexing a key clears its record."""
    if reject is not None and (entry is None or entry.etag != reject.etag):
        manifest = None if entry is None else entry.manifest
        return IngestStatus("rejected", manifest, reject.code, reject.message, reject.etag or None)
    if entry is not None:
        return IngestStatus("indexed", entry.manifest, etag=entry.etag)
    return IngestStatus("unknown")
