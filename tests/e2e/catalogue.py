"""Covers and a phone's photo of each: real ones where the folder of real covers is there, generated ones otherwise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.tryout import photo_of_nothing_known
from vinymatic.synth.photos import Level, simulate
from vinymatic.synth.sleeves import sleeve

# `references/NNN.jpg`, and `photos/NNN-PHONE.jpg` of them. No licence comes with real covers, so they lie outside the repository.
DATA = Path(os.environ.get("VINYMATIC_REAL_COVERS") or Path(__file__).parents[3] / "shared" / "data")
_PHONES = ("canon", "e63")


@dataclass(frozen=True)
class Cover:
    """`id`: the scan's key in the bucket. `photo`: as a phone takes it."""

    id: str
    scan: bytes
    photo: bytes


def covers(count: int, *, after: int = 0, data: Path = DATA) -> list[Cover]:
    """`count` covers, leaving out the first `after`; the same each time."""
    made = _real(data) if (data / "references").is_dir() else _generated()
    return [next(made) for _ in range(after + count)][after:]


def is_real(data: Path = DATA) -> bool:
    return (data / "references").is_dir()


def unknown_photo() -> bytes:
    """A photo of a sleeve that is in no catalogue."""
    return photo_of_nothing_known()


def _real(data: Path) -> Iterator[Cover]:
    for scan in sorted((data / "references").glob("*.jpg")):
        phone = _PHONES[int(scan.stem) % len(_PHONES)]
        photo = data / "photos" / f"{scan.stem}-{phone}.jpg"
        yield Cover(f"covers/{scan.name}", scan.read_bytes(), photo.read_bytes())


def _generated() -> Iterator[Cover]:
    number = 0
    while True:
        made = sleeve(number)
        yield Cover(f"covers/{made.id}", made.jpeg(), simulate(made.image, number, Level.EASY).jpeg())
        number += 1
