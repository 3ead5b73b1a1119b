"""The place of a drill that restores: it is marked before anything is put there, and the mark is the last that goes.

So a place with a mark holds what a drill left that was killed, and the next drill takes it away; a place without one that holds anything is
somebody's, and is refused. Two guards keep a mark that was left behind from costing anybody an index: only the folders of an index are
emptied, and only when every manifest in them was written by a drill.

There is no lease: whether a drill still runs nobody can know, and one that is tried again at once must not wait. Two drills that are given
the same place disturb each other; the one whose mark is gone leaves the place to the other. It may fail for that, it cannot pass for it:
its manifest and every file are checked before they are asked.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from vinymatic.errors import CatalogueError, ContentionError, ObjectExistsError, ObjectNotFoundError
from vinymatic.index.layout import DRILL_PLACE
from vinymatic.index.sealed import Sealed
from vinymatic.lifecycle.backup import restore
from vinymatic.lifecycle.commit import list_manifests, read_manifest
from vinymatic.lifecycle.erasure import erase
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

FORMAT = "vinymatic-drill-place"
VERSION = 1
# Of the manifests that a drill commits.
_WRITER = "drill"


class _Mark(Sealed):
    """`id`: of one run. `began_at`: for whoever finds it."""

    called = "mark of a drill's place"
    sealed_from = 1

    format: str = FORMAT
    version: int = VERSION
    id: str
    began_at: str


def restore_into(place: ObjectStore, backup: ObjectStore, number: int) -> int:
    """The number of the manifest that the backup of `number` becomes in `place`. Raises what `restore` raises."""
    return restore(backup, place, number=number, writer=_WRITER).number


@contextmanager
def occupied(place: ObjectStore) -> Iterator[None]:
    """`place` is a drill's in the block, and holds nothing after it, however the block ends.

    Raises `CatalogueError` where it holds something that no drill left there, `ContentionError` where another drill begins at this moment,
    `CorruptFileError` (the mark, or a manifest beside it), `StorageError`.
    """
    _take_remains_away(place)
    for found in place.list(limit=1):
        raise CatalogueError(f"{place.url} is not empty (it holds {found.key}): a drill needs a place of its own")
    mark = _Mark(id=uuid.uuid4().hex, began_at=datetime.now(UTC).isoformat(timespec="seconds"))
    try:
        place.create(DRILL_PLACE, mark.to_json())
    except ObjectExistsError:
        raise ContentionError(f"another drill has just begun in {place.url}") from None
    try:
        yield
    finally:
        # None: another drill has just emptied it, and found before it could mark it what we put there meanwhile.
        if _mark_of(place) in (mark, None):
            _empty(place)
        else:
            log.warning("another drill has taken %s over, and will empty it", place.url)


def _take_remains_away(place: ObjectStore) -> None:
    mark = _mark_of(place)
    if mark is not None:
        log.info("taking away what the drill of %s has left in %s", mark.began_at, place.url)
        _empty(place)


def _mark_of(place: ObjectStore) -> _Mark | None:
    try:
        return _Mark.from_json(place.get(DRILL_PLACE)[0])
    except ObjectNotFoundError:
        return None


def _empty(place: ObjectStore) -> None:
    """Raises `CatalogueError` where it has become somebody's index."""
    for number in list_manifests(place):
        writer = read_manifest(place, number).writer
        if writer.partition(" ")[0] != _WRITER:
            raise CatalogueError(
                f"{place.url} was a drill's place and now holds manifest {number} by {writer!r}: it is left alone"
            )
    erase(place)
    place.delete(DRILL_PLACE)
