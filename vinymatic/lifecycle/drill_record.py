"""What a backup answered when it was made: one JSON object beside its manifest, for drills to compare with."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from vinymatic.errors import CorruptFileError, ObjectNotFoundError
from vinymatic.index.layout import drill_key
from vinymatic.index.manifest import Manifest
from vinymatic.index.score import ScoreWeights
from vinymatic.index.score_weights import SHIPPED, StepWeights
from vinymatic.index.sealed import Record, Sealed
from vinymatic.index.snapshot import Snapshot, open_snapshot
from vinymatic.index.steps import STANDARD
from vinymatic.lifecycle.drill_questions import Answer, Chosen, ask, choose, fingerprint
from vinymatic.lifecycle.files import FileCache
from vinymatic.storage.port import ObjectStore

FORMAT = "vinymatic-drill"
# 2: a checksum.
VERSION = 2


class Recorded(Record):
    """One question and its answer. `fingerprint`: sha256 of what the index stored of the cover."""

    cover: str
    seed: int
    stranger: bool
    fingerprint: str
    verdict: str
    best: str | None
    score: float

    @property
    def chosen(self) -> Chosen:
        return Chosen(self.cover, self.seed, self.stranger)

    @property
    def answer(self) -> Answer:
        return Answer(self.verdict, self.best, self.score)


class DrillRecord(Sealed):
    """`commit_id`: of the manifest that was asked. `covers`: live covers in it.

    `weights`: of the score then; a newer Vinymatic's are others, and would find fault with every old backup. None: recorded before this.
    """

    called = "drill's record"
    sealed_from = 2

    format: str = FORMAT
    version: int = VERSION
    number: int
    commit_id: str
    recorded_at: str
    covers: int
    questions: tuple[Recorded, ...]
    weights: ScoreWeights | None = None

    @property
    def step_weights(self) -> StepWeights:
        return SHIPPED if self.weights is None else StepWeights.same("recorded", self.weights)


def read_record(store: ObjectStore, manifest: Manifest) -> DrillRecord | None:
    """What was recorded for `manifest`; None where nothing was, or for another index of the same number."""
    try:
        data, _ = store.get(drill_key(manifest.number))
    except ObjectNotFoundError:
        return None
    record = DrillRecord.from_json(data)
    return record if record.commit_id == manifest.commit_id else None


def record_answers(store: ObjectStore, manifest: Manifest, cache: Path, count: int) -> int:
    """Opens `manifest` from `store`, where its files lie already, asks `count` questions at most and writes the answers beside it.

    The number of questions. What is recorded already stands. Raises `CorruptFileError`, `StorageError`: it does not open.
    """
    try:
        known = read_record(store, manifest)
    except CorruptFileError:
        known = None  # half written by nobody we know: made anew
    if known is not None:
        return len(known.questions)
    files = FileCache(store, cache)
    snapshot = open_snapshot(manifest, files.resolve)
    record = DrillRecord(
        number=manifest.number,
        commit_id=manifest.commit_id,
        recorded_at=datetime.now(UTC).isoformat(timespec="milliseconds"),
        covers=len(snapshot),
        questions=_answered(snapshot, manifest, count),
        weights=SHIPPED.of(STANDARD.name),
    )
    store.put(drill_key(manifest.number), record.to_json())
    files.keep_only(manifest.files())
    return len(record.questions)


def _answered(snapshot: Snapshot, manifest: Manifest, count: int) -> tuple[Recorded, ...]:
    ids = [entry.id for entry in snapshot.list_covers(limit=len(snapshot))]
    # Other covers at each backup, the same for one of them however often it is tried.
    seed = int.from_bytes(manifest.commit_id.encode()[:8], "big")
    return tuple(
        Recorded(
            cover=chosen.cover,
            seed=chosen.seed,
            stranger=chosen.stranger,
            fingerprint=fingerprint(snapshot, chosen.cover),
            verdict=answer.verdict,
            best=answer.best,
            score=answer.score,
        )
        for chosen in choose(ids, count, seed)
        for answer in [ask(snapshot, chosen)]
    )
