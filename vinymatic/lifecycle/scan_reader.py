"""Covers' scans for people to look at, where they can be had at once; what goes wrong with one is logged, and never raised."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future

from vinymatic.errors import ObjectNotFoundError, StorageUnavailableError, VinymaticError
from vinymatic.features import decode_colour
from vinymatic.features.types import ColourArray
from vinymatic.index.snapshot import CoverEntry
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

SECONDS = 3.0
LARGEST_BYTES = 32_000_000
# Reads under way in all; a store that hangs keeps each for minutes.
MOST_READS = 16


class ScanReader:
    """Reads scans from the store that `open_store` gives, when the first is asked for. Thread-safe.

    `side`: scans need not be decoded larger than this many pixels.
    """

    def __init__(
        self,
        open_store: Callable[[], ObjectStore],
        *,
        max_pixels: int,
        side: int,
        seconds: float = SECONDS,
        largest_bytes: int = LARGEST_BYTES,
    ) -> None:
        self._open_store = open_store
        self._max_pixels = max_pixels
        self._side = side
        self._seconds = seconds
        self._largest_bytes = largest_bytes
        self._slots = threading.BoundedSemaphore(MOST_READS)
        self._opening = threading.Lock()
        self._opened: ObjectStore | None = None

    def reading(self) -> Callable[[CoverEntry], ColourArray | None]:
        """Gives a cover's scan, or None where it cannot be read, is too large or no longer the one that was indexed.

        For one picture: all that it waits for its scans is `seconds`.
        """
        deadline = time.monotonic() + self._seconds
        return lambda entry: self._read(entry, deadline)

    def _read(self, entry: CoverEntry, deadline: float) -> ColourArray | None:
        try:
            data = self._fetched(entry, deadline)
            return decode_colour(data, max_pixels=self._max_pixels, reduce_to=(self._side, self._side))
        except VinymaticError as error:
            log.info("the scan of %r is not drawn: %s", entry.id, error)
            return None

    def _fetched(self, entry: CoverEntry, deadline: float) -> bytes:
        late = StorageUnavailableError(f"its picture has waited {self._seconds:g} s for scans")
        if time.monotonic() >= deadline:
            raise late
        if not self._slots.acquire(blocking=False):
            raise StorageUnavailableError(f"{MOST_READS} scans are being waited for already")
        answer: Future[bytes] = Future()
        # Not of a pool: its threads are waited for when the process ends, and one may hang.
        threading.Thread(target=self._work, args=(entry, answer), name="scan", daemon=True).start()
        try:
            return answer.result(max(0.0, deadline - time.monotonic()))
        except TimeoutError:
            raise late from None

    def _work(self, entry: CoverEntry, answer: Future[bytes]) -> None:
        try:
            data, info = self._store().get(entry.id, limit=self._largest_bytes)
            # Scans on disk are indexed under their MD5, which a copy in a bucket may or may not have as its ETag.
            if entry.etag not in (info.etag, hashlib.md5(data, usedforsecurity=False).hexdigest()):
                raise ObjectNotFoundError(f"{entry.id!r} is another version than the one that was indexed")
            answer.set_result(data)
        except VinymaticError as error:
            answer.set_exception(error)
        finally:
            self._slots.release()

    def _store(self) -> ObjectStore:
        with self._opening:
            if self._opened is None:
                self._opened = self._open_store()
            return self._opened
