"""What the gate found of a candidate: one JSON object for each codebook, under `gates/`; the last measurement counts."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import Field

from vinymatic.errors import ObjectNotFoundError
from vinymatic.index.layout import gate_key
from vinymatic.index.manifest import CodebookEntry
from vinymatic.index.sealed import Record, Sealed
from vinymatic.storage.port import ObjectStore

FORMAT = "vinymatic-gate"
# 2: a checksum.
VERSION = 2
# Of `vinymatic retrain`, when the candidate was refused: the command itself has not failed.
EXIT_CODE_REFUSED = 3
# Scores are kept by the twentieth, counted: a report stays small however many photos were asked.
SCORE_BINS = 20


@dataclass(frozen=True)
class GatePolicy:
    """What a candidate must keep to. `photos`: simulated ones, of as many covers.

    `recall_loss`: most that recall may fall; `false_accept_gain`: most that the share of false accepts may rise; both by at least one photo
    (`gate_decision`). `slowdown`: most by which the median time of a search may be multiplied.
    """

    photos: int = 200
    recall_loss: float = 0.01
    false_accept_gain: float = 0.005
    slowdown: float = 2.0


class Figures(Record):
    """How one epoch answered. `present`: photos of covers that are in the index, `found` of them accepted and right, `first` of them
    ranked first, for `wrong` of them another cover was accepted. `absent`: photos of covers that are not in the index; for `accepted` of
    them some cover was accepted all the same. Times of a search in seconds.

    `present_scores`, `absent_scores`: photos by score, in twentieths from 0: the true cover's score, or the best one where none is true.
    Empty where nobody noted them.
    """

    epoch: int
    present: int = Field(ge=0)
    found: int = Field(ge=0)
    first: int = Field(ge=0)
    wrong: int = Field(ge=0)
    absent: int = Field(ge=0)
    accepted: int = Field(ge=0)
    median_seconds: float = Field(ge=0)
    p95_seconds: float = Field(ge=0)
    present_scores: tuple[int, ...] = ()
    absent_scores: tuple[int, ...] = ()

    @property
    def photos(self) -> int:
        return self.present + self.absent

    @property
    def recall(self) -> float:
        """Share of the photos of present covers that were accepted and right; 1 where none was asked."""
        return self.found / self.present if self.present else 1.0

    @property
    def false_accepts(self) -> float:
        """Share of all photos for which a cover was accepted that they do not show; 0 where none was asked."""
        return (self.accepted + self.wrong) / max(1, self.photos)


class Round(Record):
    """One set of photos, asked of both. `name`: `simulated`, or `labelled` for the user's own."""

    name: str
    active: Figures
    candidate: Figures


class GateReport(Sealed):
    """`codebook`: sha256 of the candidate's file: the report counts for no other. `number`: the manifest that was measured.

    `failures`: a line for each limit that was not kept; none: it passed. `policy`: those limits. `notes`: what whoever reads the figures
    should know, such as that there were fewer covers than photos asked for.
    """

    called = "gate's report"
    sealed_from = 2

    format: str = FORMAT
    version: int = VERSION
    epoch: int
    codebook: str
    number: int
    measured_at: str
    rounds: tuple[Round, ...]
    failures: tuple[str, ...]
    policy: GatePolicy | None = None
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return not self.failures


def read_gate_report(store: ObjectStore, book: CodebookEntry) -> GateReport | None:
    """The last report on this codebook; None where it was never measured. Raises `CorruptFileError`, `UnsupportedFormatError`."""
    try:
        data, _ = store.get(gate_key(book.epoch, book.file.sha256))
    except ObjectNotFoundError:
        return None
    report = GateReport.from_json(data)
    return report if report.codebook == book.file.sha256 else None


def write_gate_report(store: ObjectStore, report: GateReport) -> str:
    """The key under which it lies now."""
    key = gate_key(report.epoch, report.codebook)
    store.put(key, report.to_json())
    return key
