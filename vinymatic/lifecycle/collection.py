"""Garbage collection: deletes manifests that nobody needs, then files that no manifest names.

The boundary is advanced first, pins and a grace are kept, and a commit of its own fences off writers that stalled. It may die anywhere:
the next run goes on. docs/adr/0003-compaction-and-collection.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from vinymatic.errors import NoIndexError, ObjectNotFoundError
from vinymatic.index.layout import CLOCK, CODEBOOKS, SEGMENTS, manifest_key
from vinymatic.lifecycle.boundary import advance_boundary, drop_lower_boundaries, read_boundary
from vinymatic.lifecycle.commit import commit_change, list_manifests, read_manifest
from vinymatic.lifecycle.pins import read_pins
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.uploads import GRACE_SECONDS
from vinymatic.storage.port import ObjectInfo, ObjectStore


@dataclass(frozen=True)
class CollectionPolicy:
    """`keep`: so many of the newest manifests stay, at least 1. `grace`: how long a manifest stays after it was superseded, and a file
    that no manifest names after it was written; under 24 hours, writers that stall are not safe.
    """

    keep: int = 10
    grace: timedelta = timedelta(seconds=GRACE_SECONDS)


@dataclass(frozen=True)
class Observed:
    """What lies in the store. `manifests`: number → when it was written. `pins`: pinned numbers. `named`: keys that the manifests name
    which stay. `files`: the objects that manifests may name.
    """

    boundary: int
    manifests: Mapping[int, datetime]
    pins: frozenset[int] = frozenset()
    named: frozenset[str] = frozenset()
    files: tuple[ObjectInfo, ...] = ()


@dataclass(frozen=True)
class CollectionPlan:
    """`boundary`: to be advanced before anything is deleted. `manifests`: numbers to delete, ascending; then `files`."""

    boundary: int
    manifests: tuple[int, ...]
    files: tuple[ObjectInfo, ...]

    @property
    def size(self) -> int:
        """Bytes of `files`."""
        return sum(info.size for info in self.files)


@dataclass(frozen=True)
class CollectionReport:
    """What was deleted, or would be. `kept`: manifests that stay. `boundary`: numbers up to here are never used again."""

    boundary: int
    manifests: int
    kept: int
    files: int
    freed_bytes: int


def plan_collection(observed: Observed, policy: CollectionPolicy, now: datetime) -> CollectionPlan:
    """What may go. `now`: the store's time, as the times in `observed` are."""
    horizon = now - policy.grace
    boundary = observed.boundary
    numbers = sorted(number for number in observed.manifests if number > boundary)
    going = set(numbers[: max(0, len(numbers) - max(1, policy.keep))])
    # In order, up to the first that must stay. One that was written long ago may have been the newest until a moment ago.
    for number, after in pairwise(numbers):
        if number not in going or observed.manifests[after] > horizon:
            break
        boundary = number
    # Under the boundary everything may go, whatever its age: what a stalled writer created there is young.
    manifests = tuple(n for n in sorted(observed.manifests) if n <= boundary and n not in observed.pins)
    files = tuple(info for info in observed.files if info.key not in observed.named and info.modified <= horizon)
    return CollectionPlan(boundary, manifests, files)


def collect(
    store: ObjectStore,
    *,
    policy: CollectionPolicy | None = None,
    dry_run: bool = False,
    progress: Progress = no_progress,
    writer: str = "collect",
) -> CollectionReport:
    """Deletes what `plan_collection` says; with `dry_run` only says what.

    `progress` is told of the steps `read` (manifests that stay), `delete manifests` and `delete files`.
    Raises `NoIndexError`, `CorruptFileError` and `UnsupportedFormatError` (a pin or a manifest that stays cannot be read: what it keeps
    is unknown, so no file is deleted), `StorageError`, `ContentionError`.
    """
    policy = policy or CollectionPolicy()
    now = datetime.now(UTC) if dry_run else _time_at(store)
    manifests = list_manifests(store)
    if not manifests:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    before = read_boundary(store)
    boundary = plan_collection(Observed(before, manifests), policy, now).boundary
    if boundary > before and not dry_run:
        advance_boundary(store, boundary)
    # After the boundary: whoever pins later sees that it is too late.
    pins = frozenset(pin.manifest for pin in read_pins(store).values())
    doomed = plan_collection(Observed(boundary, manifests, pins), policy, now).manifests
    kept = [number for number in manifests if number not in doomed]
    if not dry_run:
        _delete(store, [manifest_key(number) for number in doomed], "manifests", progress)
    named = _named(store, kept, progress)
    files = tuple(info for prefix in (SEGMENTS, CODEBOOKS) for info in store.list(prefix))
    plan = plan_collection(Observed(boundary, manifests, pins, frozenset(named), files), policy, now)
    if not dry_run:
        plan = _fenced(store, plan, after=max(manifests), writer=writer)
        _delete(store, [info.key for info in plan.files], "files", progress)
        drop_lower_boundaries(store, boundary)
    return CollectionReport(boundary, len(doomed), len(kept), len(plan.files), plan.size)


def _fenced(store: ObjectStore, plan: CollectionPlan, *, after: int, writer: str) -> CollectionPlan:
    """`plan` without the files that were committed since manifest `after`; whoever commits from here on has looked at its files' age."""
    if not plan.files:
        return plan

    commit_change(store, lambda newest: newest, writer)
    named = _named(store, [number for number in list_manifests(store) if number > after])
    return CollectionPlan(plan.boundary, plan.manifests, tuple(info for info in plan.files if info.key not in named))


def _time_at(store: ObjectStore) -> datetime:
    """The store's present time, on the clock that dates its objects: ours may be wrong by more than the grace."""
    store.put(CLOCK, b"{}")
    return store.head(CLOCK).modified


def _named(store: ObjectStore, numbers: Iterable[int], progress: Progress = no_progress) -> set[str]:
    """Keys of all files that these manifests name."""
    wanted = sorted(numbers)
    named: set[str] = set()
    for done, number in enumerate(wanted):
        progress("read", done, len(wanted))
        try:
            named.update(file.key for file in read_manifest(store, number).files())
        except ObjectNotFoundError:
            if number > read_boundary(store):
                raise
            # another collector is further than we are
    progress("read", len(wanted), len(wanted))
    return named


def _delete(store: ObjectStore, keys: list[str], step: str, progress: Progress) -> None:
    for done, key in enumerate(keys):
        progress(f"delete {step}", done, len(keys))
        store.delete(key)
    progress(f"delete {step}", len(keys), len(keys))
