"""What becomes of a candidate, one commit each: promoted, discarded; and of the epoch before: rolled back to, retired.

Each is safe to run twice: what is as wanted already stays, without a commit. The steps themselves are in `epochs`.
"""

from __future__ import annotations

from vinymatic.errors import EpochError
from vinymatic.index.manifest import Manifest
from vinymatic.lifecycle import epochs
from vinymatic.lifecycle.commit import Commit, commit_change, require_newest
from vinymatic.lifecycle.gate_report import read_gate_report
from vinymatic.storage.port import ObjectStore


def promote(store: ObjectStore, *, ungated: bool = False, writer: str = "promote") -> Commit:
    """Makes the candidate active, when its gate has passed; `ungated`: whatever its gate said.

    Raises `EpochError` (no candidate, not encoded everywhere, not measured, or measured and failed), `NoIndexError`, `StorageError`,
    `ContentionError`.
    """
    newest = require_newest(store)
    epoch = newest.candidate_epoch
    if epoch is None:
        raise EpochError("there is no candidate to promote; `vinymatic train` makes one")
    if not ungated:
        report = read_gate_report(store, newest.codebooks[epoch])
        if report is None:
            raise EpochError(f"epoch {epoch} was not measured yet; `vinymatic gate` does that")
        if not report.passed:
            raise EpochError(f"epoch {epoch} did not pass its gate: {'; '.join(report.failures)}")
    book = newest.codebooks[epoch]

    def step(manifest: Manifest) -> Manifest | None:
        if manifest.codebooks.get(epoch) != book:
            raise EpochError(f"epoch {epoch} was discarded meanwhile")
        return epochs.promoted(manifest, epoch)

    return commit_change(store, step, writer)


def roll_back(store: ObjectStore, epoch: int | None = None, *, writer: str = "rollback") -> Commit:
    """Makes the previous epoch active again. `epoch`: only this one; without it, a second run goes forth again.

    Raises `EpochError` when there is none or it is another, `NoIndexError`, `StorageError`, `ContentionError`.
    """
    epoch = require_newest(store).previous_epoch if epoch is None else epoch
    if epoch is None:
        raise EpochError("there is no previous epoch to go back to")
    wanted = epoch
    return commit_change(store, lambda manifest: epochs.rolled_back(manifest, wanted), writer)


def discard_candidate(store: ObjectStore, *, writer: str = "discard") -> Commit:
    """Drops the candidate, if there is one. Raises `NoIndexError`, `StorageError`, `ContentionError`."""
    epoch = require_newest(store).candidate_epoch
    return commit_change(
        store, lambda manifest: None if epoch is None else epochs.without_candidate(manifest, epoch), writer
    )


def retire_previous(store: ObjectStore, *, writer: str = "retire") -> Commit:
    """Drops the previous epoch, if there is one: ingestors stop writing it, and there is no way back any more.

    Raises `NoIndexError`, `StorageError`, `ContentionError`.
    """
    epoch = require_newest(store).previous_epoch
    return commit_change(
        store, lambda manifest: None if epoch is None else epochs.without_previous(manifest, epoch), writer
    )
