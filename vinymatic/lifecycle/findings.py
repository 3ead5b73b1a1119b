"""What a look at an index finds: the words that `verify` reports in and `repair` plans by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """MISSING: named, and not there. DAMAGED: other bytes than were written. UNFIT: the right bytes, but they do not parse, or contradict
    the manifest. NOT_ENCODED: a segment lacks an encoding that readers need. REPEATED: an id is live twice.

    IN_PROGRESS (a candidate is not encoded everywhere yet) and ORPHAN (a file that no manifest names) are notes: nothing is wrong.
    """

    MISSING = "missing"
    DAMAGED = "damaged"
    UNFIT = "unfit"
    NOT_ENCODED = "not_encoded"
    REPEATED = "repeated"
    IN_PROGRESS = "in_progress"
    ORPHAN = "orphan"


class Part(StrEnum):
    """What kind of object it is about."""

    MANIFEST = "manifest"
    FEATURE_MODEL = "feature_model"
    CODEBOOK = "codebook"
    COVERS = "covers"
    POINTS = "points"
    CODES = "codes"
    PIN = "pin"
    BOUNDARY = "boundary"
    UNKNOWN = "unknown"


NOTES = frozenset({Kind.IN_PROGRESS, Kind.ORPHAN})
WRONG_FILE = frozenset({Kind.MISSING, Kind.DAMAGED, Kind.UNFIT})


@dataclass(frozen=True)
class Finding:
    """`manifest`: the newest one looked at that it concerns. `key`: the object. `place`: of a cover in its segment."""

    kind: Kind
    part: Part
    message: str
    manifest: int | None = None
    key: str | None = None
    segment: str | None = None
    epoch: int | None = None
    place: int | None = None

    @property
    def is_problem(self) -> bool:
        return self.kind not in NOTES

    def __str__(self) -> str:
        return self.message if self.key is None else f"{self.key}: {self.message}"


@dataclass(frozen=True)
class VerificationReport:
    """`manifests`: numbers looked at, newest first; `covers`: live ones of the first. `files`, `bytes`: what they name, each file once.

    `young_orphans`: files that no manifest names yet, within the collection's grace; None where a manifest cannot be read, for it may
    name them.
    """

    url: str
    manifests: tuple[int, ...]
    covers: int
    files: int
    bytes: int
    young_orphans: int | None
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        return problems_of(self.findings)

    @property
    def clean(self) -> bool:
        return not self.problems


def problems_of(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Without the notes."""
    return tuple(finding for finding in findings if finding.is_problem)
