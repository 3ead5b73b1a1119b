"""Where everything lies under the index's prefix. Nothing else in the code spells a key."""

from __future__ import annotations

import hashlib
import re

MANIFESTS = "manifests/"
SEGMENTS = "segments/"
CODEBOOKS = "codebooks/"
REJECTS = "rejects/"
DRILLS = "drills/"
PINS = "pins/"
GATES = "gates/"
COLLECTION = "collection/"
BOUNDARIES = "collection/boundaries/"
# Written to learn what time it is at the store.
CLOCK = "collection/clock.json"
# Says that what lies here was put here by a drill, and for how long as it lies here.
DRILL_PLACE = "drill-place.json"
# All of them, in the order in which an index is erased: boundaries last, for they keep writers from beginning it anew under numbers in use.
FOLDERS = (MANIFESTS, SEGMENTS, CODEBOOKS, GATES, DRILLS, REJECTS, PINS, COLLECTION)

# Numbers are written as what is left to this bound, so that the newest manifest is the first of a listing.
_LAST_NUMBER = 10**16 - 1
# Spelled out: `int` would also take signs, spaces, underscores and other scripts' digits.
_MANIFEST_KEY = re.compile(re.escape(MANIFESTS) + r"([0-9]{16})\.json")
_BOUNDARY_KEY = re.compile(re.escape(BOUNDARIES) + r"([0-9]{16})\.json")
_PIN_KEY = re.compile(re.escape(PINS) + r"([a-z0-9][a-z0-9._-]{0,62})\.json")


def manifest_key(number: int) -> str:
    """Manifest `number` (from 1). Raises ValueError for a number that no manifest can have."""
    if not 1 <= number <= _LAST_NUMBER:
        raise ValueError(f"not a manifest's number: {number}")
    return f"{MANIFESTS}{_LAST_NUMBER - number:016d}.json"


def manifest_number(key: str) -> int:
    """The inverse of `manifest_key`. Raises ValueError for another key."""
    found = _MANIFEST_KEY.fullmatch(key)
    number = _LAST_NUMBER - int(found[1]) if found else 0
    if number < 1:
        raise ValueError(f"not a manifest's key: {key!r}")
    return number


def boundary_key(number: int) -> str:
    """The boundary at manifest `number`: the highest is the first of a listing, as with manifests."""
    return manifest_key(number).replace(MANIFESTS, BOUNDARIES, 1)


def boundary_number(key: str) -> int:
    """The inverse of `boundary_key`. Raises ValueError for another key."""
    if not _BOUNDARY_KEY.fullmatch(key):
        raise ValueError(f"not a boundary's key: {key!r}")
    return manifest_number(key.replace(BOUNDARIES, MANIFESTS, 1))


def pin_key(name: str) -> str:
    """Raises ValueError for a name that no pin can have: 1 to 63 of `a-z 0-9 . _ -`, the first a letter or digit."""
    key = f"{PINS}{name}.json"
    if not _PIN_KEY.fullmatch(key):
        raise ValueError(f"not a pin's name: {name!r} (small letters, digits, '.', '_' and '-', at most 63)")
    return key


def pin_name(key: str) -> str:
    """The inverse of `pin_key`. Raises ValueError for another key."""
    found = _PIN_KEY.fullmatch(key)
    if not found:
        raise ValueError(f"not a pin's key: {key!r}")
    return found[1]


def covers_key(segment: str) -> str:
    """Ids and metadata of a segment's covers: small, held in memory by every reader and writer."""
    return f"{SEGMENTS}{segment}/features.covers.safetensors"


def points_key(segment: str) -> str:
    """Keypoints, descriptors and thumbnails of a segment: large, mapped from local disk by readers."""
    return f"{SEGMENTS}{segment}/features.points.safetensors"


def codes_key(segment: str, epoch: int, digest: str) -> str:
    """A segment's encoding under one codebook. `digest`: no two uploads have the same, for the same reasons as with `codebook_key`."""
    return f"{SEGMENTS}{segment}/codes-{epoch}-{digest[:16]}.safetensors"


def codebook_key(epoch: int, digest: str) -> str:
    """Two trainers that chose the same epoch must not overwrite each other's file, nor one a file that a collection is about to delete:
    `digest` is of the bytes and of chance, of the bytes alone for the first codebook, which is committed where there is no collection yet.
    """
    return f"{CODEBOOKS}{epoch}/codebook-{digest[:16]}.faiss"


def feature_model_key(digest: str) -> str:
    """The PCA of an index whose SIFT_DIMENSIONS is under 128, named by its content."""
    return f"{CODEBOOKS}feature-model-{digest[:16]}.safetensors"


def drill_key(number: int) -> str:
    """The answers recorded when manifest `number` was backed up. Raises ValueError as `manifest_key` does."""
    return DRILLS + manifest_key(number).removeprefix(MANIFESTS)


def gate_key(epoch: int, digest: str) -> str:
    """What the gate found of the codebook whose file has this sha256."""
    return f"{GATES}{epoch}-{digest[:16]}.json"


def gate_page_key(epoch: int, digest: str) -> str:
    """The same as a page for people."""
    return f"{GATES}{epoch}-{digest[:16]}.html"


def reject_key(source_key: str) -> str:
    """Named by a hash: a user's key is never joined to a path."""
    return f"{REJECTS}{hashlib.sha256(source_key.encode('utf-8', 'surrogatepass')).hexdigest()}.json"
