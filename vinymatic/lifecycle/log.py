"""The manifest log as a reader follows it: what a look asks for, and what it costs.

On S3 a LIST costs twelve times a GET, and by far most looks find nothing. So a reader that has manifest N asks for the key of N + 1.
This is the conditional GET of a log: a manifest is created once and never changed, so asking for N "if it was modified" would be answered
304 for ever; the number is the condition, and 404 the answer that nothing is new.

Neither answer proves more than it says. N + 1 is there: a writer that stalled may have created a number that was collected long ago ("the
reused number", docs/adr/0003-compaction-and-collection.md), so a LIST says what the newest is, and nothing else is opened. N + 1 is not
there: a restore skips numbers, a collection deletes them, an index is deleted and made anew. So there is also a LIST at the first look,
after one that did not end well, and every `LIST_SECONDS`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vinymatic.errors import NoIndexError, ObjectNotFoundError, StorageUnavailableError
from vinymatic.index.layout import manifest_key
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle.commit import LOOKS, newest_manifest_at, parse_manifest
from vinymatic.storage.port import ObjectStore

# The longest that a newest manifest whose number is not the next stays unseen. A time and not a number of looks, so that it holds for
# any interval: at one of 1 second it adds 4 % to the price of the GETs; with an interval above it every look is a LIST, 288 a day at most.
LIST_SECONDS = 300.0


@dataclass(frozen=True)
class Place:
    """A manifest as a listing tells of it. By the ETag, an index that was made anew and has come to the same number is another."""

    number: int
    etag: str


@dataclass(frozen=True)
class Arrival:
    """A manifest to be loaded. `committed_at`: when it was created, by the store's clock."""

    place: Place
    manifest: Manifest
    committed_at: datetime


class _Read(NamedTuple):
    place: Place
    data: bytes
    modified: datetime


def number_to_ask_for(taken: Place | None, *, settled: bool, since_list: float) -> int | None:
    """The number whose manifest, by being there, says that something is new; None: only a LIST can say.

    `taken`: what is served. `settled`: whether the last look ended well. `since_list`: seconds since the last LIST.
    """
    if taken is None or not settled or since_list >= LIST_SECONDS:
        return None
    return taken.number + 1


class ManifestLog:
    """One reader's place in the log. One thread uses it. `clock` gives seconds, from any start."""

    def __init__(self, store: ObjectStore, *, clock: Callable[[], float] | None = None) -> None:
        self._store = store
        self._clock = clock or time.monotonic
        self._taken: Place | None = None
        self._settled = False
        self._listed_at = 0.0

    def look(self) -> Arrival | None:
        """The newest manifest when it is another than the one taken last, else None. Call `take` when it is loaded.

        Raises `NoIndexError` (nothing is committed), `CorruptFileError`, `UnsupportedFormatError`, `StorageError`.
        """
        settled, self._settled = self._settled, False
        now = self._clock()
        next_number = number_to_ask_for(self._taken, settled=settled, since_list=now - self._listed_at)
        read: _Read | None = None
        if next_number is not None:
            try:
                read = self._read(next_number)
            except ObjectNotFoundError:
                self._settled = True
                return None
        for _ in range(LOOKS):
            newest = self._newest()
            self._listed_at = now
            if newest == self._taken:
                self._settled = True
                return None
            if read is None or read.place != newest:
                read = self._read(newest.number)
            if read.place == newest:  # as in `read_newest`: a number alone may by now be another manifest's
                return Arrival(newest, parse_manifest(read.data, newest.number), read.modified)
        raise StorageUnavailableError(f"{self._store.url}: the newest manifest is another each time it is read")

    def take(self, arrival: Arrival) -> None:
        """What `look` gave is served now. Until this is called, each look gives it again."""
        self._taken = arrival.place
        self._settled = True

    def _newest(self) -> Place:
        found = newest_manifest_at(self._store)
        if found is None:
            raise NoIndexError(f"nothing is committed in {self._store.url} yet")
        return Place(*found)

    def _read(self, number: int) -> _Read:
        data, info = self._store.get(manifest_key(number))
        return _Read(Place(number, info.etag), data, info.modified)
