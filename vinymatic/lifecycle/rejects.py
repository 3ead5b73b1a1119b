"""Reject records: why an image, or a message, was refused and will not be tried again. One small JSON object each, beside the index."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

from vinymatic.errors import CorruptFileError, ObjectNotFoundError, UnsupportedFormatError, VinymaticError
from vinymatic.index.layout import REJECTS, reject_key
from vinymatic.storage.port import ObjectStore

FORMAT = "vinymatic-reject"
VERSION = 1
# While there are no more records than one LIST brings, it tells which of a batch's keys have one; beyond, every key is deleted blindly.
_ONE_LISTING = 1_000


@dataclass(frozen=True)
class Reject:
    """`key`: the image's S3 key, or `message:<id>` of a message that names none. `etag`: of the bytes refused, empty where none were read.

    `code`: the error's stable word. `at`: ISO 8601, UTC.
    """

    key: str
    etag: str
    code: str
    message: str
    at: str


class _File(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore")

    format: str
    version: int
    key: str
    etag: str
    code: str
    message: str
    at: str


def make_reject(key: str, etag: str, error: VinymaticError) -> Reject:
    """The record that `key` is refused now because of `error`."""
    return Reject(key, etag, error.code, str(error), datetime.now(UTC).isoformat(timespec="milliseconds"))


def message_reject_key(message_id: str) -> str:
    """Under which a message is refused that names no image of ours."""
    return f"message:{message_id}"


def dump_reject(reject: Reject) -> bytes:
    # ASCII: a key may hold what no other program wants to meet in a file.
    return json.dumps({"format": FORMAT, "version": VERSION, **asdict(reject)}).encode()


def parse_reject(data: bytes) -> Reject:
    """Raises `CorruptFileError`, `UnsupportedFormatError`."""
    try:
        file = _File.model_validate_json(data)
    except ValidationError as error:
        raise CorruptFileError(f"not a reject record: {error.errors(include_url=False)[0]['msg']}") from None
    if file.format != FORMAT:
        raise CorruptFileError(f"not a reject record: its format is {file.format!r}")
    if file.version > VERSION:
        raise UnsupportedFormatError(
            f"reject record of format version {file.version} was written by a newer Vinymatic; this one reads up to {VERSION}"
        )
    return Reject(file.key, file.etag, file.code, file.message, file.at)


def record_reject(store: ObjectStore, reject: Reject) -> None:
    """Writes the record; replaces an older one of the same key. Raises `StorageError`."""
    store.put(reject_key(reject.key), dump_reject(reject))


def find_reject(store: ObjectStore, key: str) -> Reject | None:
    """The record of `key`; None where it was not refused. Raises `CorruptFileError`, `UnsupportedFormatError`, `StorageError`."""
    try:
        data, _ = store.get(reject_key(key))
    except ObjectNotFoundError:
        return None
    return parse_reject(data)


def clear_reject(store: ObjectStore, key: str) -> None:
    """Forgets that `key` was refused; no error where it was not. Raises `StorageError`."""
    store.delete(reject_key(key))


def clear_rejects(store: ObjectStore, keys: Collection[str]) -> None:
    """`clear_reject` for many keys, almost none of which has a record. Raises `StorageError`."""
    if not keys:
        return
    there = {info.key for info in store.list(REJECTS, limit=_ONE_LISTING)}
    for key in keys:
        if len(there) >= _ONE_LISTING or reject_key(key) in there:
            clear_reject(store, key)
