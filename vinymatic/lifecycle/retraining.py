"""A whole retraining: train, measure, and promote the candidate or drop it. Each step is a command of its own as well.

Killed anywhere, the next run goes on: the candidate is in the manifest, its report beside it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from vinymatic.errors import EpochError
from vinymatic.index.manifest import CodebookEntry
from vinymatic.lifecycle.commit import require_newest
from vinymatic.lifecycle.gate import GatePolicy, gate
from vinymatic.lifecycle.gate_report import GateReport, read_gate_report
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.lifecycle.promotion import discard_candidate, promote
from vinymatic.lifecycle.training import train
from vinymatic.storage.port import ObjectStore

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class RetrainReport:
    """`epoch`: the candidate's. `promoted`: whether it is active now; otherwise it is gone. `number`: the newest manifest then."""

    epoch: int
    promoted: bool
    number: int
    gate: GateReport


def retrain(
    store: ObjectStore,
    work: Path,
    *,
    dimensions: int | None = None,
    policy: GatePolicy | None = None,
    labelled: ObjectStore | None = None,
    progress: Progress = no_progress,
    writer: str = "retrain",
) -> RetrainReport:
    """Trains the next epoch, or goes on with a candidate that is there, and makes it active when it passes its gate; else discards it.

    Raises what `train`, `gate` and `promote` raise. `EpochError`: somebody discarded the candidate meanwhile.
    """
    epoch = train(store, work, dimensions=dimensions, progress=progress, writer=writer).epoch
    book = require_newest(store).codebooks.get(epoch)
    if book is None:
        raise EpochError(f"epoch {epoch} was discarded meanwhile")
    try:
        report = gate(store, work, policy=policy, labelled=labelled, progress=progress)
        done = promote(store, writer=writer) if report.passed else discard_candidate(store, writer=writer)
    except EpochError:
        # Another retraining works on the same candidate and may have been first.
        return _settled_by_another(store, book)
    if not report.passed:
        log.warning("epoch %d did not pass its gate and is discarded: %s", epoch, "; ".join(report.failures))
    return RetrainReport(epoch, report.passed, done.manifest.number, report)


def _settled_by_another(store: ObjectStore, book: CodebookEntry) -> RetrainReport:
    newest, report = require_newest(store), read_gate_report(store, book)
    active = newest.active_codebook == book
    if report is None or (report.passed and not active):
        raise EpochError(f"epoch {book.epoch} was discarded meanwhile")
    return RetrainReport(book.epoch, active, newest.number, report)
