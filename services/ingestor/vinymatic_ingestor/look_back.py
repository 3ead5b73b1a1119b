"""One more question to the bucket after a commit, before its messages are acknowledged: is the object still what was committed?

The index cannot always tell a late look from a timely one: an object put and deleted, or deleted and put again byte for byte, while the
first look at it was on its way leaves no trace there. Whoever saw the end of it has acknowledged that; what an older look commits
afterwards would stay for ever.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from vinymatic.errors import ObjectNotFoundError, StorageError, StorageUnavailableError
from vinymatic.queueing.port import ChangeKind
from vinymatic.storage.port import ObjectStore
from vinymatic_ingestor.outcomes import Gone, Outcome, Ready

# They wait for the store, not for a core.
_SIDE_BY_SIDE = 16


class LookBack:
    def __init__(self, covers: ObjectStore) -> None:
        self._covers = covers
        self._pool = ThreadPoolExecutor(_SIDE_BY_SIDE, "look-back")

    def changed(self, outcomes: Mapping[str, Outcome]) -> tuple[str, ...]:
        """The keys under which the bucket holds something else than was committed, or does not say what."""
        committed: dict[str, str | None] = {}
        for key, outcome in outcomes.items():
            match outcome:
                case Ready(cover):
                    committed[key] = cover.etag
                case Gone(asked=ChangeKind.LOOK):
                    committed[key] = None
        away = threading.Event()

        def holds(key: str, etag: str | None) -> bool:
            if away.is_set():
                return False
            try:
                return self._covers.head(key).etag == etag
            except ObjectNotFoundError:
                return etag is None
            except StorageUnavailableError:
                away.set()  # waiting for every key of a large batch would take the loop for dead
                return False
            except StorageError:
                return False  # the look that follows meets the same failure, and knows what to do about it

        still = self._pool.map(holds, committed.keys(), committed.values())
        return tuple(key for key, same in zip(committed, still, strict=True) if not same)
