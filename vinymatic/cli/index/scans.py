"""Scans on disk → covers in the index: find them, and read each."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from vinymatic.errors import CorruptImageError, ImageError, ImageTooLargeError, InvalidKeyError
from vinymatic.features import FeatureSpec
from vinymatic.features.model import FeatureModel
from vinymatic.lifecycle import bulk
from vinymatic.lifecycle.bulk import Limits, Outcome, Refused, Summary, Unchanged, index_items
from vinymatic.lifecycle.ingest import prepare
from vinymatic.lifecycle.writer import Writer
from vinymatic.storage.port import ObjectStore

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp"})
BATCH = bulk.BATCH


@dataclass(frozen=True)
class Scan:
    """A file and the id that it gets."""

    id: str
    path: Path


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
    summary: Summary,
    batch: int | None = None,
    advance: Callable[[], object],
) -> None:
    """`index_items` for scans on disk."""
    read = partial(read_scan, spec=spec, model=writer.model, limits=limits)
    index_items(writer, store, scans, read, summary=summary, batch=batch or BATCH, advance=advance)


def read_scan(scan: Scan, known: str | None, *, spec: FeatureSpec, model: FeatureModel, limits: Limits) -> Outcome:
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
