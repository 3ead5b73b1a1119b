"""Covers whose scans are gone: found by comparing the catalogue with its source, and deleted only when each is looked up again."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial

from vinymatic.errors import InvalidKeyError, ObjectNotFoundError
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.port import ObjectStore

# Ids of one commit: a deletion writes no segment, so many fit.
_BATCH = 10_000


def plan_prune(catalogue: Iterable[str], source: Collection[str], *, prefix: str = "") -> list[str]:
    """The ids under `prefix` that the source did not list, sorted. Covers outside the prefix belong to another source and stay."""
    return sorted(cover_id for cover_id in catalogue if cover_id.startswith(prefix) and cover_id not in source)


def still_gone(store: ObjectStore, ids: Iterable[str], patience: Patience) -> list[str]:
    """Those of `ids` that the bucket does not hold now: an ingestor may have indexed a scan that was put there after the listing."""

    def gone(cover_id: str) -> bool:
        try:
            store.head(cover_id)
        except (ObjectNotFoundError, InvalidKeyError):  # what a bucket cannot hold, it does not hold
            return True
        return False

    return [cover_id for cover_id in ids if patience.call(partial(gone, cover_id))]


def delete_covers(writer: Writer, ids: Sequence[str], patience: Patience, advance: Callable[[int], object]) -> int:
    """Takes the covers out; how many were in. Raises `StorageError`, `ContentionError`; what was committed before stays.

    `writer` must know no newer manifest than when the ids were found to be gone: what others have committed under them since stays.
    """
    seen = {cover_id: None if (entry := writer.entry(cover_id)) is None else entry.etag for cover_id in ids}
    deleted = 0
    for start in range(0, len(ids), _BATCH):
        going = ids[start : start + _BATCH]
        batch = Batch(deletes=going, seen={cover_id: seen[cover_id] for cover_id in going})
        deleted += patience.call(partial(writer.commit, batch)).deleted
        advance(len(going))
    return deleted
