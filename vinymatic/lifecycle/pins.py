"""Pins: manifests that the collection keeps, each by a file under `pins/`, until somebody takes the pin out."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from vinymatic.errors import (
    CatalogueError,
    CorruptFileError,
    ObjectExistsError,
    ObjectNotFoundError,
)
from vinymatic.index.layout import PINS, manifest_key, pin_key, pin_name
from vinymatic.index.sealed import Sealed
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.storage.port import ObjectStore

FORMAT = "vinymatic-pin"
# 2: a checksum.
VERSION = 2


class Pin(Sealed):
    """`manifest`: the number that is kept. `created_at`: ISO 8601, by the clock of whoever pinned. `proven`: whoever pinned has looked
    whether it came in time.
    """

    called = "pin"
    sealed_from = 2

    format: str = FORMAT
    version: int = VERSION
    manifest: int = Field(ge=1)
    created_at: str
    proven: bool = True


def pin(store: ObjectStore, name: str, number: int) -> None:
    """Keeps manifest `number` and its files until `unpin(name)`. The same pin again changes nothing.

    Raises `ValueError` (the name), `ObjectNotFoundError` (no such manifest), `CatalogueError` (the name pins another manifest, or this
    one may be collected already), `StorageError`.
    """
    key = pin_key(name)
    made = Pin(manifest=number, created_at=datetime.now(UTC).isoformat(timespec="seconds"), proven=False)
    ours = True
    try:
        store.create(key, made.to_json())
    except ObjectExistsError:
        made, ours = read_pin(store, key), False
        if made.manifest != number:
            raise CatalogueError(f"the pin {name} is on manifest {made.manifest}") from None
    # Only now: a collector lists the pins after it has advanced the boundary, so one of us sees the other. A pin that nobody has proven
    # is of one who died here, or whose answer was lost: under the boundary, nobody knows whether a collector saw it.
    if not made.proven and number <= read_boundary(store):
        if ours:
            store.delete(key)
        raise CatalogueError(f"manifest {number} is collected, or about to be")
    try:
        store.head(manifest_key(number))
    except ObjectNotFoundError:
        if ours:
            store.delete(key)
        raise ObjectNotFoundError(f"{store.url} has no manifest {number}") from None
    if not made.proven:
        store.put(key, made.model_copy(update={"proven": True}).to_json())


def unpin(store: ObjectStore, name: str) -> None:
    """Raises `ValueError` (the name), `ObjectNotFoundError` (no such pin)."""
    store.head(pin_key(name))
    store.delete(pin_key(name))


def read_pins(store: ObjectStore) -> dict[str, Pin]:
    """All pins by name. Raises `CorruptFileError`, `UnsupportedFormatError`: what cannot be read might keep anything."""
    pins = {}
    for info in store.list(PINS):
        try:
            name = pin_name(info.key)
        except ValueError as error:
            raise CorruptFileError(str(error)) from error
        try:
            pins[name] = read_pin(store, info.key)
        except ObjectNotFoundError:
            continue  # taken out meanwhile
    return pins


def read_pin(store: ObjectStore, key: str) -> Pin:
    """Raises `ObjectNotFoundError`, `CorruptFileError`, `UnsupportedFormatError`."""
    data, _ = store.get(key)
    try:
        return Pin.from_json(data)
    except CatalogueError as error:
        raise type(error)(f"{key}: {error}") from error
