"""Many scans at once → covers in the index: read and described on all cores, committed in batches by one writer.

Where the scans come from (a folder, a bucket) is the caller's: it says what there is and how one of them is read.
"""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol, TypeVar

from vinymatic.errors import VinymaticError
from vinymatic.index.layout import REJECTS, reject_key
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.patience import Patience
from vinymatic.lifecycle.rejects import clear_reject, make_reject, record_reject
from vinymatic.lifecycle.writer import Batch, CommitReport, Writer
from vinymatic.storage.port import ObjectStore
from vinymatic.threads import limit_native_threads, usable_cores

# Covers of one commit: a segment each, and readers are faster with few.
BATCH = 512


class Item(Protocol):
    """Something that may become a cover; each id once in a run."""

    @property
    def id(self) -> str: ...


@dataclass(frozen=True)
class Unchanged:
    """The index holds it already, with this ETag."""

    id: str


@dataclass(frozen=True)
class Missing:
    """It was listed, and is gone."""

    id: str


@dataclass(frozen=True)
class Refused:
    """`etag` is empty where the bytes were not read."""

    id: str
    etag: str
    error: VinymaticError

    def __str__(self) -> str:
        # A name that is not UTF-8 cannot be printed as it is.
        return f"{self.id.encode('utf-8', 'backslashreplace').decode()}: {self.error.message} ({self.error.code})"


Outcome = PreparedCover | Unchanged | Missing | Refused
ItemType = TypeVar("ItemType", bound=Item)
# (item, the ETag that the index holds for its id or None) → what it came to. Called from several threads.
Read = Callable[[ItemType, str | None], Outcome]


@dataclass
class Summary:
    """Grows while the run goes on, so that a run that stops half-way can tell what stays."""

    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    missing: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def in_index(self) -> int:
        return self.added + self.replaced + self.unchanged

    def count(self, report: CommitReport) -> None:
        self.added += report.added
        self.replaced += report.replaced
        self.unchanged += report.unchanged


@dataclass(frozen=True)
class Limits:
    max_pixels: int
    max_bytes: int


def index_items(
    writer: Writer,
    store: ObjectStore,
    items: Sequence[ItemType],
    read: Read[ItemType],
    *,
    summary: Summary,
    batch: int = BATCH,
    patience: Patience | None = None,
    advance: Callable[[], object],
) -> None:
    """Indexes the items and records the bad ones as rejects. `advance` is called after each; `summary` grows.

    What another writer commits between the reading of an item and its commit stays, and the item is read once more.

    Raises `StorageError`, `ContentionError` when `patience` has ended; what was committed before stays, and the same call
    finishes the rest.
    """
    patience = patience or Patience()
    # Looked up before the threads start: the writer belongs to this one.
    known = {item.id: entry.etag for item in items if (entry := writer.entry(item.id)) is not None}
    rejected = patience.call(lambda: {info.key for info in store.list(REJECTS)})
    waiting: list[PreparedCover] = []
    stale: set[str] = set()

    def commit() -> None:
        if waiting:
            batch = Batch(tuple(waiting), seen={cover.id: known.get(cover.id) for cover in waiting})
            report = patience.call(lambda: writer.commit(batch))
            summary.count(report)
            stale.update(report.stale)
            done = [cover.id for cover in waiting if cover.id not in stale]
            waiting.clear()
            for cover_id in done:
                accepted(cover_id)

    def accepted(cover_id: str) -> None:
        if reject_key(cover_id) in rejected:
            patience.call(lambda: clear_reject(store, cover_id))

    def refuse(refused: Refused) -> None:
        reject = make_reject(refused.id, refused.etag, refused.error)
        patience.call(lambda: record_reject(store, reject))

    try:
        with contextlib.closing(outcomes(items, known, read, patience)) as found:
            for outcome in found:
                match outcome:
                    case Unchanged():
                        summary.unchanged += 1
                        accepted(outcome.id)
                    case Missing():
                        summary.missing += 1
                    case Refused():
                        summary.refused.append(outcome)
                        refuse(outcome)
                    case _:
                        waiting.append(outcome)
                        if len(waiting) >= batch:
                            commit()
                advance()
        commit()
    except VinymaticError:
        # The bucket may be away while the index is not: what is described already need not be described again.
        patience.end()
        with contextlib.suppress(VinymaticError):
            commit()
        raise
    if stale:
        again = [item for item in items if item.id in stale]
        index_items(writer, store, again, read, summary=summary, batch=batch, patience=patience, advance=lambda: None)


def outcomes(
    items: Iterable[ItemType], known: Mapping[str, str], read: Read[ItemType], patience: Patience
) -> Generator[Outcome, None, None]:
    """What the items come to, in their order, read on all cores; only a few wait in memory at a time. To be closed."""
    cores = usable_cores()
    with ThreadPoolExecutor(cores, "scan", initializer=limit_native_threads) as pool:
        running: deque[Future[Outcome]] = deque()
        try:
            for item in items:
                running.append(pool.submit(patience.call, partial(read, item, known.get(item.id))))
                if len(running) > 4 * cores:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        except BaseException:
            patience.end()  # after an error or Ctrl-C nobody should wait for threads that wait for a server
            raise
        finally:
            # What has not begun need not begin.
            for future in running:
                future.cancel()
