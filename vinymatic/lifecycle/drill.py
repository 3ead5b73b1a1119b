"""The drill: a backup is loaded with the production loader, asked what it was asked when it was made, and its answers compared.

It reads the backup only; the copies that it makes lie in a folder that is gone afterwards. A drill through a place restores the backup into
it first and asks what lies there then (`drill_place`).
"""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from vinymatic.errors import CatalogueError, CoverNotFoundError, NoIndexError, ObjectNotFoundError
from vinymatic.index.layout import manifest_key
from vinymatic.index.score_weights import StepWeights
from vinymatic.index.snapshot import Snapshot
from vinymatic.lifecycle.as_of import AsOf
from vinymatic.lifecycle.commit import newest_manifest_at, read_manifest
from vinymatic.lifecycle.drill_place import occupied, restore_into
from vinymatic.lifecycle.drill_questions import Answer, ask, fingerprint
from vinymatic.lifecycle.drill_record import Recorded, read_record
from vinymatic.lifecycle.reader import Reader
from vinymatic.storage.port import ObjectStore

# Another processor rounds differently; a wrong cover, or one less sure, is far outside.
SCORE_TOLERANCE = 0.02


@dataclass(frozen=True)
class DrillReport:
    """`age_seconds`: since the backup was taken. `right` of `questions`; `wrong`: a line for each that was not.

    `problem`: why it could not be asked at all, else None. `through`: the URL of the place that it was restored into, None: into none.
    Times in seconds.
    """

    url: str
    number: int
    taken_at: str
    age_seconds: float
    covers: int
    load_seconds: float
    ask_seconds: float
    questions: int
    right: int
    wrong: tuple[str, ...]
    problem: str | None
    through: str | None = None
    restore_seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return self.problem is None and self.right == self.questions


def drill(
    backup: ObjectStore, *, number: int | None = None, scratch: Path | None = None, through: ObjectStore | None = None
) -> DrillReport:
    """Drills the backup of manifest `number` (default: the newest). `scratch`: where its files are put meanwhile (default: the system's).

    `through`: a place that holds nothing. The backup is restored into it, loaded from there, and everything is taken away again.
    A damaged backup is a report, not an error. Raises `NoIndexError` (no backup, or not this one), `CatalogueError` (`through` holds
    something), `StorageUnavailableError` and `StorageDeniedError` (nothing can be said of the backup).
    """
    found = newest_manifest_at(backup) if number is None else (number, "")
    if found is None:
        raise NoIndexError(f"{backup.url} holds no backup")
    try:
        taken = backup.head(manifest_key(found[0])).modified
    except ObjectNotFoundError as error:
        raise NoIndexError(f"{backup.url} holds no backup of manifest {found[0]}") from error
    trial = _Trial()
    with nullcontext() if through is None else occupied(through):
        try:
            trial.run(backup, found[0], scratch, through)
        except (CatalogueError, ObjectNotFoundError) as error:
            trial.problem = str(error)
    return DrillReport(
        url=backup.url,
        number=found[0],
        taken_at=taken.astimezone(UTC).isoformat(timespec="seconds"),
        age_seconds=round(max(0.0, (datetime.now(UTC) - taken).total_seconds()), 1),
        covers=trial.covers,
        load_seconds=round(trial.load_seconds, 3),
        ask_seconds=round(trial.ask_seconds, 3),
        questions=trial.questions,
        right=trial.questions - len(trial.wrong) if trial.problem is None else 0,
        wrong=tuple(trial.wrong),
        problem=trial.problem,
        through=None if through is None else through.url,
        restore_seconds=round(trial.restore_seconds, 3),
    )


class _Trial:
    """What is known so far, for a trial may end early."""

    def __init__(self) -> None:
        self.covers = self.questions = 0
        self.restore_seconds = self.load_seconds = self.ask_seconds = 0.0
        self.wrong: list[str] = []
        self.problem: str | None = None

    def run(self, backup: ObjectStore, number: int, scratch: Path | None, through: ObjectStore | None) -> None:
        manifest = read_manifest(backup, number)
        self.covers = manifest.covers
        record = read_record(backup, manifest)
        if record is not None:
            self.questions = len(record.questions)
        source: ObjectStore = AsOf(backup, number)
        if through is not None:
            started = time.monotonic()
            source = AsOf(through, restore_into(through, backup, number))
            self.restore_seconds = time.monotonic() - started
        started = time.monotonic()
        if scratch is not None:
            scratch.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(prefix="vinymatic-drill-", dir=scratch) as folder:
            reader = Reader(source, Path(folder), dimensions=manifest.dimensions)
            try:
                reader.refresh()
                self.load_seconds = time.monotonic() - started
                if record is None:
                    self.problem = "it loads, but no answers were recorded when it was made"
                    return
                with reader.acquire() as snapshot:
                    asked, weights = time.monotonic(), record.step_weights
                    self.wrong = [
                        line for question in record.questions if (line := _fault(snapshot, question, weights))
                    ]
                    self.ask_seconds = time.monotonic() - asked
            finally:
                reader.close()
        if self.covers != record.covers:
            self.problem = f"it holds {self.covers} covers; when it was made there were {record.covers}"


def _fault(snapshot: Snapshot, question: Recorded, weights: StepWeights) -> str | None:
    """How the answer differs from the recorded one; None where it does not."""
    try:
        if fingerprint(snapshot, question.cover) != question.fingerprint:
            return f"{question.cover!r}: its features are not those that were backed up"
        answer = ask(snapshot, question.chosen, weights)
    except CoverNotFoundError as error:
        return str(error)
    then = question.answer
    same = (answer.verdict, answer.best) == (then.verdict, then.best)
    if same and abs(answer.score - then.score) <= SCORE_TOLERANCE:
        return None
    return f"{question.cover!r}: {_words(answer)}; when it was made: {_words(then)}"


def _words(answer: Answer) -> str:
    return f"{answer.verdict} {answer.best!r} with {answer.score:.3f}"
