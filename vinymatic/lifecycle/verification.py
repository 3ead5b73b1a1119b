"""Verification of an index: what its manifests name, and what lies around them. Changes nothing.

Not to be confused with `index/verify.py`, the geometric verification of a search.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vinymatic.errors import ObjectNotFoundError
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.lifecycle.findings import Finding, VerificationReport
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.survey import orphans, survey
from vinymatic.lifecycle.uploads import GRACE_SECONDS
from vinymatic.lifecycle.verifier import Verifier
from vinymatic.storage.port import ObjectStore

_GRACE = timedelta(seconds=GRACE_SECONDS)


def verify(
    store: ObjectStore,
    work: Path,
    *,
    number: int | None = None,
    every: bool = False,
    progress: Progress = no_progress,
) -> VerificationReport:
    """Looks at manifest `number`, at the newest, or at `every` one that is kept (above the boundary or pinned); and at pins and orphans.

    `work`: a folder for fetched files, of which one at a time lies there. `progress` is told of the step `verify` (segments).
    Raises `NoIndexError`, `ObjectNotFoundError` (no such manifest), `UnsupportedFormatError`, `StorageError`: a store that does not
    answer is never taken for a clean one.
    """
    seen = survey(store)
    if number is not None and number not in seen.there:
        raise ObjectNotFoundError(f"{store.url} has no manifest {number}")
    wanted = {seen.newest, *seen.kept} if every else {number or seen.newest}
    verifier = Verifier(store, work)
    findings = list(seen.findings)
    looked: dict[int, int] = {}
    sizes: dict[str, int] = {}
    named: set[str] | None = set()
    for kept in sorted({*seen.kept, *wanted}, reverse=True):
        manifest, found = verifier.read(kept)
        if manifest is not None and kept in wanted:
            found = verifier.check(manifest, progress)
        if found and seen.boundary < kept <= read_boundary(store) and kept != number:
            continue  # collected meanwhile
        findings += found
        if manifest is None:
            named = None
            continue
        if named is not None:
            named.update(file.key for file in manifest.files())
        if kept in wanted:
            looked[kept] = manifest.covers
            sizes.update((file.key, file.size) for file in manifest.files())
    young = None
    if named is not None:
        old, young = orphans(store, named, datetime.now(UTC), _GRACE)
        findings += old
    covers = next(iter(looked.values()), 0)
    return VerificationReport(
        store.url, tuple(looked), covers, len(sizes), sum(sizes.values()), young, tuple(_each_once(findings))
    )


def _each_once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Several manifests name one file: it is reported for the newest of them."""
    told = set()
    for finding in findings:
        what = (finding.kind, finding.key, finding.segment, finding.epoch, finding.place)
        if what not in told:
            told.add(what)
            yield finding
