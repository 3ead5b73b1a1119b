"""The gate: is the candidate epoch as good as the active one? Both are asked the same photos, and only the figures decide.

It changes no manifest. Its report lies beside the index, where `promotion` looks for it. docs/retraining.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import EpochError, NoIndexError
from vinymatic.index.manifest import Manifest
from vinymatic.index.snapshot import Snapshot, open_snapshot
from vinymatic.lifecycle.commit import read_newest
from vinymatic.lifecycle.files import FileCache
from vinymatic.lifecycle.gate_asking import ask_both
from vinymatic.lifecycle.gate_page import page
from vinymatic.lifecycle.gate_photos import choose_simulated, simulated_photos, with_tombstones
from vinymatic.lifecycle.gate_report import Figures, GateReport, Round, write_gate_report
from vinymatic.lifecycle.labelled import labelled_photos, read_labels
from vinymatic.lifecycle.progress import Progress, no_progress
from vinymatic.storage.port import ObjectStore

# Shorter searches are not compared: the clock's own noise is a large part of them.
_COMPARABLE_SECONDS = 0.001


@dataclass(frozen=True)
class GatePolicy:
    """`photos`: simulated, of as many covers. `recall_loss`: most by which recall may fall. `false_accept_gain`: most by which the share
    of false accepts may rise. `slowdown`: most by which the median time of a search may be multiplied.

    No limit of a share is narrower than one photo.
    """

    photos: int = 200
    recall_loss: float = 0.01
    false_accept_gain: float = 0.005
    slowdown: float = 2.0


def gate(
    store: ObjectStore,
    work: Path,
    *,
    policy: GatePolicy | None = None,
    labelled: ObjectStore | None = None,
    progress: Progress = no_progress,
) -> GateReport:
    """Measures the candidate of the newest manifest against the active epoch, and writes the report beside the index.

    `work`: a folder for fetched files. `labelled`: a folder or prefix with the user's own photos and `labels.csv`.
    `progress` is told of the steps `ask` and `ask labelled`.
    Raises `NoIndexError`, `EpochError` (no candidate, or not encoded everywhere), `ListingError` and `ImageError` (the labelled photos),
    `CorruptFileError`, `StorageError`.
    """
    policy = policy or GatePolicy()
    manifest, epoch = _ready(store)
    book = manifest.codebooks[epoch]
    labels = None if labelled is None else read_labels(labelled)
    work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=work, prefix="gate-") as folder:
        files = FileCache(store, Path(folder))
        whole = open_snapshot(manifest, files.resolve)
        # Chosen by the codebook: the same candidate is asked the same again.
        chosen = choose_simulated(whole, policy.photos, seed=int(book.file.sha256[:8], 16))
        asked = with_tombstones(manifest, whole, {question.cover for question in chosen if not question.present})
        active = open_snapshot(asked, files.resolve, whole)
        candidate = open_snapshot(asked.model_copy(update={"active_epoch": epoch}), files.resolve)
        photos = simulated_photos(whole, chosen)
        rounds = [ask_both("simulated", active, candidate, photos, len(chosen), progress)]
        notes = [] if len(chosen) >= policy.photos else [f"the index has only {len(chosen)} covers to ask for"]
        if labelled is not None and labels is not None:
            # Asked of the index as it is: the labels say which photos show a cover that is not in it.
            candidate = open_snapshot(manifest.model_copy(update={"active_epoch": epoch}), files.resolve, candidate)
            photos = labelled_photos(labelled, labels, whole)
            rounds.append(ask_both("labelled", whole, candidate, photos, len(labels), progress))
            notes += [
                f"{label.cover!r} ({label.photo}) is not in the index" for label in labels if _lost(label.cover, whole)
            ]
    report = GateReport(
        epoch=epoch,
        codebook=book.file.sha256,
        number=manifest.number,
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        rounds=tuple(rounds),
        failures=failures(rounds, policy),
        notes=tuple(notes),
    )
    write_gate_report(store, report, page(report))
    return report


def failures(rounds: Sequence[Round], policy: GatePolicy) -> tuple[str, ...]:
    """A line for each limit that the candidate did not keep; none: it passes. Pure."""
    found = [line for measured in rounds for line in _failures_of(measured, policy)]
    return tuple(found)


def _failures_of(measured: Round, policy: GatePolicy) -> list[str]:
    name, active, candidate = measured.name, measured.active, measured.candidate
    lines = []
    loss = _allowed(policy.recall_loss, active.present)
    if active.recall - candidate.recall > loss:
        lines.append(
            f"recall on {name} photos fell from {active.recall:.3f} to {candidate.recall:.3f}; allowed is a fall of {loss:.3f}"
        )
    gain = _allowed(policy.false_accept_gain, active.present + active.absent)
    if candidate.false_accepts - active.false_accepts > gain:
        lines.append(
            f"false accepts on {name} photos rose from {active.false_accepts:.3f} to {candidate.false_accepts:.3f};"
            f" allowed is a rise of {gain:.3f}"
        )
    slowest = policy.slowdown * active.median_seconds
    if candidate.median_seconds > max(slowest, _COMPARABLE_SECONDS):
        lines.append(
            f"a search of {name} photos takes {_milliseconds(candidate)}, {_milliseconds(active)} under the active epoch;"
            f" allowed is {policy.slowdown:g} times as long"
        )
    return lines


def _allowed(share: float, photos: int) -> float:
    """The limit, but one photo at least, and a little for the rounding of fractions."""
    return max(share, 1.0 / max(1, photos)) + 1e-9


def _milliseconds(figures: Figures) -> str:
    return f"{figures.median_seconds * 1_000:.1f} ms"


def _lost(cover: str, whole: Snapshot) -> bool:
    return bool(cover) and cover not in whole


def _ready(store: ObjectStore) -> tuple[Manifest, int]:
    manifest = read_newest(store)
    if manifest is None:
        raise NoIndexError(f"nothing is committed in {store.url} yet")
    epoch = manifest.candidate_epoch
    if epoch is None:
        raise EpochError("there is no candidate to measure; `vinymatic train` makes one")
    if lacking := len(manifest.lacking(epoch)):
        raise EpochError(
            f"{lacking} of {len(manifest.segments)} segments have no encoding of epoch {epoch} yet; `vinymatic train` goes on with it"
        )
    return manifest, epoch
