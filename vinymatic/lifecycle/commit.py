"""The commit: the only step that changes the index. Numbered manifests, created with compare-and-swap.

A writer uploads its files, reads the newest manifest N, proposes N + 1 and creates it. When another got there first it rebases (the files
are uploaded already) and tries again. Safety lies here, not in whoever runs the writers. docs/adr/0001-commits.md.
"""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from vinymatic.errors import (
    ContentionError,
    CorruptFileError,
    NoIndexError,
    ObjectExistsError,
    ObjectNotFoundError,
    StorageUnavailableError,
)
from vinymatic.index.layout import MANIFESTS, manifest_key, manifest_number
from vinymatic.index.manifest import VERSION, Manifest
from vinymatic.lifecycle.boundary import read_boundary
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)

ATTEMPTS = 12
LOOKS = 3
LONGEST_PAUSE = 5.0

# Makes manifest N + 1 from manifest N (None: nothing is committed yet); returns None when nothing is left to do.
Proposal = Callable[[Manifest | None], Manifest | None]


@dataclass(frozen=True)
class Commit:
    """`manifest`: the newest known after the commit. `changed`: whether we wrote it. `conflicts`: rounds that others won."""

    manifest: Manifest
    changed: bool
    conflicts: int


def newest_manifest_at(store: ObjectStore) -> tuple[int, str] | None:
    """Number and ETag of the newest manifest, by one LIST of one key, and of all keys where that one is not a manifest's; None where
    nothing is committed.
    """
    for limit in (1, None):
        keys = 0
        for info in store.list(MANIFESTS, limit=limit):
            keys += 1
            try:
                return manifest_number(info.key), info.etag
            except ValueError:
                log.warning("ignoring %r: not a manifest's name", info.key)
        if keys == 0:
            break
    return None


def read_manifest(store: ObjectStore, number: int) -> Manifest:
    """Raises `ObjectNotFoundError`, `CorruptFileError`, `UnsupportedFormatError`."""
    data, _ = store.get(manifest_key(number))
    return parse_manifest(data, number)


def parse_manifest(data: bytes, number: int) -> Manifest:
    """The manifest that lay under the key of `number`. Raises `CorruptFileError`, `UnsupportedFormatError`."""
    manifest = Manifest.from_json(data)
    if manifest.number != number:
        raise CorruptFileError(f"manifest {number} says that it is number {manifest.number}")
    return manifest


def read_newest(store: ObjectStore) -> Manifest | None:
    """The newest manifest; None where nothing is committed. Raises as `read_manifest` does, and `StorageUnavailableError`."""
    for _ in range(LOOKS):
        found = newest_manifest_at(store)
        if found is None:
            return None
        data, info = store.get(manifest_key(found[0]))
        # Whoever stalls between the two for longer than the grace may find under this number what another that stalled has created
        # since the listed one was collected: it counts for nothing.
        if info.etag == found[1]:
            return parse_manifest(data, found[0])
    raise StorageUnavailableError(f"{store.url}: the newest manifest is another each time it is read")


def require_newest(store: ObjectStore) -> Manifest:
    """As `read_newest`. Raises `NoIndexError` where nothing is committed."""
    newest = read_newest(store)
    if newest is None:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    return newest


def list_manifests(store: ObjectStore) -> dict[int, datetime]:
    """When each manifest was written, by number, the newest first. What is not a manifest is passed over: it is not ours."""
    found = {}
    for info in store.list(MANIFESTS):
        with suppress(ValueError):
            found[manifest_number(info.key)] = info.modified
    return found


def stamp(writer: str) -> dict[str, str | int]:
    """The fields that tell one commit from another: who, when, and an id by which a writer knows its own; and the version we write."""
    return {
        "version": VERSION,
        "commit_id": uuid.uuid4().hex,
        "writer": writer,
        "created_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }


def following(newest: Manifest, changed: Manifest, writer: str) -> Manifest:
    """`changed` as the commit after `newest`."""
    return changed.model_copy(update={"number": newest.number + 1} | stamp(writer))


def commit_change(store: ObjectStore, change: Callable[[Manifest], Manifest | None], writer: str) -> Commit:
    """Commits what `change` makes of the newest manifest; None: nothing is left to do. Raises what `commit` and `change` raise."""

    def propose(newest: Manifest | None) -> Manifest | None:
        if newest is None:
            raise NoIndexError(f"{store.url} has lost its manifests")
        changed = change(newest)
        return None if changed is None else following(newest, changed, writer)

    return commit(store, propose)


def commit(store: ObjectStore, propose: Proposal, *, attempts: int = ATTEMPTS) -> Commit:
    """Creates the next manifest.

    Raises `ContentionError` after `attempts` lost rounds, `StorageUnavailableError` when the store stays away; in the latter case the
    commit may have landed: the same work done again then finds it and changes nothing. Raises `NoIndexError` when the newest manifests
    are lost: every number that could be created was collected once.
    """
    boundary = 0
    for conflicts in range(attempts):
        newest = read_newest(store)
        if boundary and (newest is None or newest.number <= boundary):
            raise NoIndexError(
                f"{store.url} has lost its newest manifests: those up to {boundary} were collected, and none is left above"
            )
        proposal = propose(newest)
        if proposal is None:
            if newest is None:
                raise ValueError("the first commit cannot be empty")
            return Commit(newest, changed=False, conflicts=conflicts)
        if _create(store, proposal):
            boundary = _boundary_after(store)
            if proposal.number > boundary:
                return Commit(proposal, changed=True, conflicts=conflicts)
            # We stalled; others used this number, went on, and it was collected. Nobody will ever read what we created.
            log.warning("manifest %d was collected before we created it; rebasing", proposal.number)
            continue
        log.info("manifest %d was written by another; rebasing", proposal.number)
        # Full jitter: writers that collided once would otherwise collide again.
        time.sleep(random.uniform(0, min(LONGEST_PAUSE, 0.05 * 2**conflicts)))
    raise ContentionError(f"other writers won {attempts} rounds in a row")


def _boundary_after(store: ObjectStore) -> int:
    """The boundary, read after a create: the collector advances it before it deletes, so it covers any number that was free by deletion."""
    for _ in range(2):
        try:
            return read_boundary(store)
        except StorageUnavailableError as error:
            log.info("looking at the boundary again: %s", error)
    return read_boundary(store)


def _create(store: ObjectStore, proposal: Manifest) -> bool:
    """Whether `proposal` is committed now. A lost answer is looked up: the object that lies there is ours or another's."""
    key = manifest_key(proposal.number)
    unknown: StorageUnavailableError | None = None
    for _ in range(3):
        try:
            store.create(key, proposal.to_json())
        except ObjectExistsError:
            return read_manifest(store, proposal.number).commit_id == proposal.commit_id
        except StorageUnavailableError as error:
            unknown = error
            try:
                return read_manifest(store, proposal.number).commit_id == proposal.commit_id
            except ObjectNotFoundError:
                continue  # it did not land (or has not yet: then the next create meets it)
        else:
            return True
    assert unknown is not None
    raise unknown
