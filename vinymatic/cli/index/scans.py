"""Scans on disk → covers in the index: find them, prepare them on all cores, commit them in batches."""

from __future__ import annotations

import hashlib
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from vinymatic.errors import CorruptImageError, ImageError, ImageTooLargeError, InvalidKeyError, VinymaticError
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.index.layout import REJECTS, reject_key
from vinymatic.index.segment import PreparedCover
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.rejects import clear_reject, make_reject, record_reject
from vinymatic.lifecycle.writer import Batch, Writer
from vinymatic.storage.port import ObjectStore
from vinymatic.threads import limit_native_threads, usable_cores

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
# Covers of one commit: a segment each, and readers are faster with few.
BATCH = 512


@dataclass(frozen=True)
class Scan:
    """A file and the id that it gets."""

    id: str
    path: Path


@dataclass(frozen=True)
class Unchanged:
    id: str


@dataclass(frozen=True)
class Refused:
    """`etag` is empty where the file was not read."""

    id: str
    etag: str
    error: VinymaticError

    def __str__(self) -> str:
        # A name that is not UTF-8 cannot be printed as it is.
        return f"{self.id.encode('utf-8', 'backslashreplace').decode()}: {self.error.message} ({self.error.code})"


Outcome = PreparedCover | Unchanged | Refused


@dataclass
class Summary:
    added: int = 0
    replaced: int = 0
    unchanged: int = 0
    refused: list[Refused] = field(default_factory=list)

    @property
    def in_index(self) -> int:
        return self.added + self.replaced + self.unchanged


@dataclass(frozen=True)
class Limits:
    max_pixels: int
    max_bytes: int


def find_scans(folder: Path) -> list[Scan]:
    """The images in `folder`, hidden ones left out, sorted; ids are relative POSIX paths."""
    found = []
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(root, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith("."):
                found.append(Scan(path.relative_to(folder).as_posix(), path))
    return sorted(found, key=lambda scan: scan.id)


def index_scans(
    writer: Writer,
    store: ObjectStore,
    scans: Sequence[Scan],
    spec: FeatureSpec,
    limits: Limits,
    *,
    advance: Callable[[], object],
) -> Summary:
    """Indexes the scans and records the bad ones as rejects. `advance` is called after each.

    Raises `StorageError`, `ContentionError`; what was committed before stays, and the same call finishes the rest.
    """
    # Looked up before the threads start: the writer belongs to this one.
    known = {scan.id: entry.etag for scan in scans if (entry := writer.entry(scan.id)) is not None}
    rejected = {info.key for info in store.list(REJECTS)}
    summary = Summary()
    waiting: list[PreparedCover] = []

    def commit() -> None:
        if waiting:
            report = writer.commit(Batch(upserts=tuple(waiting)))
            summary.added += report.added
            summary.replaced += report.replaced
            summary.unchanged += report.unchanged
            for cover in waiting:
                accepted(cover.id)
            waiting.clear()

    def accepted(scan_id: str) -> None:
        if reject_key(scan_id) in rejected:
            clear_reject(store, scan_id)

    for outcome in _outcomes(scans, known, spec, writer.model, limits):
        match outcome:
            case Unchanged():
                summary.unchanged += 1
                accepted(outcome.id)
            case Refused():
                summary.refused.append(outcome)
                record_reject(store, make_reject(outcome.id, outcome.etag, outcome.error))
            case _:
                waiting.append(outcome)
                if len(waiting) == BATCH:
                    commit()
        advance()
    commit()
    return summary


def _outcomes(
    scans: Iterable[Scan], known: Mapping[str, str], spec: FeatureSpec, model: FeatureModel, limits: Limits
) -> Iterator[Outcome]:
    """In the order of the scans; only a few wait in memory at a time."""
    cores = usable_cores()
    with ThreadPoolExecutor(cores, "scan", initializer=limit_native_threads) as pool:
        running: deque[Future[Outcome]] = deque()
        try:
            for scan in scans:
                running.append(pool.submit(read_scan, scan, known.get(scan.id), spec, model, limits))
                if len(running) > 4 * cores:
                    yield running.popleft().result()
            while running:
                yield running.popleft().result()
        finally:
            # After an error or Ctrl-C what has not begun need not begin.
            for future in running:
                future.cancel()


def read_scan(scan: Scan, known: str | None, spec: FeatureSpec, model: FeatureModel, limits: Limits) -> Outcome:
    """`known`: the ETag that the index holds for this id. An ETag is the MD5 of the bytes, as S3 gives it for a simple upload."""
    etag = ""
    try:
        _check_id(scan.id)
        size = scan.path.stat().st_size
        if size > limits.max_bytes:
            raise ImageTooLargeError(f"{size} bytes; at most {limits.max_bytes} are allowed")
        data = scan.path.read_bytes()
        etag = hashlib.md5(data, usedforsecurity=False).hexdigest()
        if etag == known:
            return Unchanged(scan.id)
        return prepare(data, id=scan.id, etag=etag, spec=spec, model=model, max_pixels=limits.max_pixels)
    except OSError as error:
        return Refused(scan.id, etag, CorruptImageError(f"cannot be read: {error.strerror}"))
    except (ImageError, InvalidKeyError) as error:
        return Refused(scan.id, etag, error)


def _check_id(scan_id: str) -> None:
    try:
        scan_id.encode("utf-8")
    except UnicodeEncodeError:
        raise InvalidKeyError("the file's name is not UTF-8, so it can be no ID") from None
