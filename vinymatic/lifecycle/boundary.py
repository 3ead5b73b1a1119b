"""The collection's boundary: manifests at or under it may be deleted, so their numbers may be free and must not be used again.

Boundaries are created, never replaced: of two collectors the one that stalls cannot turn it back.
docs/adr/0003-compaction-and-collection.md.
"""

from __future__ import annotations

import json
import logging
from contextlib import suppress

from vinymatic.errors import ObjectExistsError
from vinymatic.index.layout import BOUNDARIES, boundary_key, boundary_number
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

FORMAT = "vinymatic-boundary"
VERSION = 1


def read_boundary(store: ObjectStore) -> int:
    """The highest boundary, the first of one LIST; 0 where nothing was ever collected."""
    for info in store.list(BOUNDARIES):
        try:
            return boundary_number(info.key)
        except ValueError:
            log.warning("ignoring %r: not a boundary's name", info.key)
    return 0


def advance_boundary(store: ObjectStore, number: int) -> None:
    """Makes `number` a boundary. When this returns, everyone who looks sees it."""
    with suppress(ObjectExistsError):  # another collector's, or our own whose answer was lost: the key says all
        store.create(boundary_key(number), _body(number))


def rewrite_boundary(store: ObjectStore, number: int) -> None:
    """Puts a damaged boundary's bytes right; its key says all that was in it."""
    store.put(boundary_key(number), _body(number))


def drop_lower_boundaries(store: ObjectStore, number: int) -> None:
    """Deletes the boundaries under `number`, which say nothing that it does not. 0: there are none."""
    if number == 0:
        return
    for info in list(store.list(BOUNDARIES, start_after=boundary_key(number))):
        store.delete(info.key)


def _body(number: int) -> bytes:
    return json.dumps({"format": FORMAT, "version": VERSION, "number": number}).encode()
