"""What lies around the manifests: which of them are kept, by boundary and pins; and files that none of them names."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import BaseModel, ConfigDict, ValidationError

from vinymatic.errors import CorruptFileError, NoIndexError, ObjectNotFoundError
from vinymatic.index.layout import (
    BOUNDARIES,
    CODEBOOKS,
    PINS,
    SEGMENTS,
    boundary_key,
    boundary_number,
    manifest_key,
    pin_name,
)
from vinymatic.lifecycle.boundary import FORMAT, read_boundary
from vinymatic.lifecycle.commit import list_manifests
from vinymatic.lifecycle.findings import Finding, Kind, Part
from vinymatic.lifecycle.pins import read_pin
from vinymatic.storage.port import ObjectStore


@dataclass(frozen=True)
class Survey:
    """`newest`: the highest number. `kept`: manifests above the boundary or pinned, newest first. `there`: all that lie there."""

    newest: int
    kept: tuple[int, ...]
    there: frozenset[int]
    boundary: int
    findings: tuple[Finding, ...]


def survey(store: ObjectStore) -> Survey:
    """Raises `NoIndexError` where no manifest is, `UnsupportedFormatError`, `StorageError`."""
    # Pins before manifests: whoever pins has seen the manifest, so a pin seen here whose manifest is not listed then has lost it.
    pins, findings = _pins(store)
    boundary = read_boundary(store)
    numbers = list_manifests(store)
    if not numbers:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    newest = max(numbers)
    for name, number in sorted(pins.items()):
        if number not in numbers:
            what = f"the pin {name} keeps manifest {number}, which is not there"
            findings.append(Finding(Kind.MISSING, Part.MANIFEST, what, number, manifest_key(number)))
    if boundary:
        findings += _boundary_findings(store, boundary, newest)
    pinned = set(pins.values())
    kept = tuple(sorted((n for n in numbers if n > boundary or n in pinned), reverse=True))
    return Survey(newest, kept, frozenset(numbers), boundary, tuple(findings))


def orphans(store: ObjectStore, named: Collection[str], now: datetime, grace: timedelta) -> tuple[list[Finding], int]:
    """A note for each file that no manifest has named for longer than `grace`, and how many younger ones there are.

    `named`: the keys that the kept manifests name.
    """
    old, young = [], 0
    for prefix in (SEGMENTS, CODEBOOKS):
        for info in store.list(prefix):
            if info.key in named:
                continue
            if now - info.modified > grace:
                what = f"no manifest names it ({info.size} bytes); `vinymatic collect` takes it"
                old.append(Finding(Kind.ORPHAN, Part.UNKNOWN, what, key=info.key))
            else:
                young += 1
    return old, young


def _pins(store: ObjectStore) -> tuple[dict[str, int], list[Finding]]:
    pins, findings = {}, []
    for info in store.list(PINS):
        try:
            name = pin_name(info.key)
            pins[name] = read_pin(store, info.key).manifest
        except ObjectNotFoundError:
            continue  # taken out meanwhile
        except (ValueError, CorruptFileError):
            what = "it cannot be read as a pin, so nobody knows what it keeps and nothing can be collected"
            findings.append(Finding(Kind.DAMAGED, Part.PIN, what, key=info.key))
    return pins, findings


class _Boundary(BaseModel):
    model_config = ConfigDict(extra="ignore")

    format: str = ""
    number: int = 0


def _boundary_findings(store: ObjectStore, boundary: int, newest: int) -> list[Finding]:
    found = []
    if newest <= boundary:
        what = f"manifests up to {boundary} were collected, and the newest is {newest}: later ones are lost"
        found.append(Finding(Kind.UNFIT, Part.BOUNDARY, what, newest, boundary_key(boundary)))
    for info in store.list(BOUNDARIES):
        try:
            number = boundary_number(info.key)
        except ValueError:
            continue  # not ours
        try:
            body = _Boundary.model_validate_json(store.get(info.key)[0])
        except ObjectNotFoundError:
            continue  # a higher one has replaced it
        except ValidationError:
            body = _Boundary()
        if (body.format, body.number) != (FORMAT, number):
            found.append(Finding(Kind.DAMAGED, Part.BOUNDARY, "it is not what its key says", key=info.key))
    return found
