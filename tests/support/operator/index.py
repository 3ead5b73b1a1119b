"""An index in memory that `vinymatic`'s commands act on, as far as the operator can tell: its summary, and what each command answers."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from vinymatic.lifecycle.summary import IndexSummary
from vinymatic_operator.resources.base import Json


@dataclass
class Index:
    """`passes`: what the next gates say. `fails`: commands that end with an error, as many times each. `done`: those that ended well.

    `repeats`: commands whose pod runs twice, since the first was lost with its node. `dies_after`: commands whose pod dies once, when they
    are done.
    """

    clock: Callable[[], datetime]
    state: IndexSummary
    passes: bool = True
    measured: dict[str, bool] = field(default_factory=dict)
    fails: dict[str, int] = field(default_factory=dict)
    lost: bool = False
    backups: dict[int, IndexSummary] = field(default_factory=dict)
    elsewhere: dict[str, IndexSummary] = field(default_factory=dict)
    repeats: set[str] = field(default_factory=set)
    dies_after: set[str] = field(default_factory=set)
    ran: list[str] = field(default_factory=list)
    done: list[str] = field(default_factory=list)

    def commit(self, **changes: object) -> None:
        number = self.state.manifest + 1
        self.state = self.state.model_copy(
            update={"manifest": number, "created_at": self.clock().isoformat(), **changes}
        )

    @property
    def candidate(self) -> str:
        """What gates know it by: two indexes may each have had an epoch of one number, one after the other."""
        return f"{self.state.candidate_epoch} {self.state.trained_at}"

    def ingest(self, images: int) -> None:
        state = self.state
        self.commit(
            covers=state.covers + images,
            segments=state.segments + 1,
            images_since_training=state.images_since_training + images,
            mergeable=state.mergeable + 1,
        )

    def run(self, arguments: list[str]) -> tuple[int, Json]:
        """Exit code and result of `vinymatic arguments…`."""
        step = " ".join(arguments[: 2 if arguments[:2] == ["backup", "prune"] else 1])
        self.ran.append(step)
        if self.fails.get(step, 0) > 0:
            self.fails[step] -= 1
            return 1, {
                "command": step,
                "error": {"code": "storage_unavailable", "message": f"{step} met a closed store"},
            }
        command = getattr(self, f"_{step.replace(' ', '_')}")
        if step in self.repeats:
            command(arguments)
        code, outcome = command(arguments)
        if step in self.dies_after:
            self.dies_after.remove(step)
            return 1, {"command": step, "error": {"code": "no_result", "message": "exit code 137 (OOMKilled)"}}
        if code == 1 and "code" in outcome:
            return 1, {"command": step, "error": outcome}
        self.done.append(step)
        summary: Json = json.loads(self.state.model_dump_json())
        return code, {"command": step, "outcome": outcome, **({} if step == "drill" else {"index": summary})}

    def _train(self, arguments: list[str]) -> tuple[int, Json]:
        if self.state.candidate_epoch is None:
            epoch = self.state.next_epoch
            self.commit(
                candidate_epoch=epoch,
                next_epoch=epoch + 1,
                candidate_complete=False,
                images_since_training=0,
                trained_at=self.clock().isoformat(),
                covers_at_training=self.state.covers,
            )
        if "--no-encode" not in arguments:
            self.commit(candidate_complete=True)
        return 0, {"epoch": self.state.candidate_epoch}

    def _encode(self, arguments: list[str]) -> tuple[int, Json]:
        if self.state.candidate_epoch is None:
            return 1, {"code": "epoch", "message": "there is no candidate"}
        self.commit(candidate_complete=True)
        return 0, {"encoded": 3}

    def _gate(self, arguments: list[str]) -> tuple[int, Json]:
        candidate = self.state.candidate_epoch
        if candidate is None:
            return 1, {"code": "epoch", "message": "there is no candidate"}
        self.measured[self.candidate] = self.passes
        failures: list[str] = [] if self.passes else ["recall fell by 0.2"]
        return (0 if self.passes else 1), {"epoch": candidate, "passed": self.passes, "failures": [*failures]}

    def _promote(self, arguments: list[str]) -> tuple[int, Json]:
        state = self.state
        if state.candidate_epoch is None:
            return 1, {"code": "epoch", "message": "there is no candidate to promote"}
        if not self.measured.get(self.candidate, False) and "--ungated" not in arguments:
            return 1, {"code": "epoch", "message": "it was not measured, or did not pass its gate"}
        self.commit(
            active_epoch=state.candidate_epoch,
            previous_epoch=state.active_epoch,
            candidate_epoch=None,
            candidate_complete=False,
        )
        return 0, {"changed": True}

    def _discard(self, arguments: list[str]) -> tuple[int, Json]:
        if self.state.candidate_epoch is not None:
            self.commit(candidate_epoch=None, candidate_complete=False)
        return 0, {"changed": True}

    def _rollback(self, arguments: list[str]) -> tuple[int, Json]:
        wanted = int(arguments[arguments.index("--epoch") + 1]) if "--epoch" in arguments else None
        if wanted == self.state.active_epoch:
            return 0, {"changed": False}
        if self.state.previous_epoch is None or wanted not in (None, self.state.previous_epoch):
            return 1, {"code": "epoch", "message": "there is no previous epoch to go back to"}
        self.commit(active_epoch=self.state.previous_epoch, previous_epoch=self.state.active_epoch)
        return 0, {"changed": True}

    def _retire(self, arguments: list[str]) -> tuple[int, Json]:
        if self.state.previous_epoch is not None:
            self.commit(previous_epoch=None)
        return 0, {"changed": True}

    def _compact(self, arguments: list[str]) -> tuple[int, Json]:
        self.commit(segments=1, mergeable=0)
        return 0, {"merged": 2}

    def _collect(self, arguments: list[str]) -> tuple[int, Json]:
        return 0, {"manifests": 1}

    def _backup(self, arguments: list[str]) -> tuple[int, Json]:
        self.backups[self.state.manifest] = self.state
        return 0, {"number": self.state.manifest, "copied_files": 3, "copied_bytes": 1000, "questions": 16}

    def _backup_prune(self, arguments: list[str]) -> tuple[int, Json]:
        keep = int(arguments[arguments.index("--keep-count") + 1])
        kept = sorted(self.backups, reverse=True)[:keep]
        dropped = [number for number in self.backups if number not in kept]
        for number in dropped:
            del self.backups[number]
        return 0, {"kept": [*kept], "dropped": [*dropped]}

    def _drill(self, arguments: list[str]) -> tuple[int, Json]:
        if not self.backups:
            return 1, _no_backup(0)
        right = 16 if self.passes else 3
        report: Json = {"passed": self.passes, "right": right, "questions": 16, "number": max(self.backups)}
        return (0 if self.passes else 1), report

    def _restore(self, arguments: list[str]) -> tuple[int, Json]:
        newest_backup = max(self.backups, default=0)
        number = int(arguments[arguments.index("--number") + 1]) if "--number" in arguments else newest_backup
        wanted = self.backups.get(number)
        if wanted is None:
            return 1, _no_backup(number)
        if "--to" in arguments:
            self.elsewhere[arguments[arguments.index("--to") + 1]] = wanted
            return 0, {"number": number, "backup_number": number, "covers": wanted.covers}
        newest = 0 if self.lost else self.state.manifest
        self.lost = False
        restored = max(newest, *self.backups) + 1
        # Of an index that was lost, only what was backed up is known: numbers of epochs may be had again.
        known = [*self.backups.values(), *([] if newest == 0 else [self.state])]
        next_epoch = max(state.next_epoch for state in known)
        changes = {"manifest": restored, "created_at": self.clock().isoformat(), "next_epoch": next_epoch}
        self.state = wanted.model_copy(update=changes)
        return 0, {"number": restored, "backup_number": number, "covers": wanted.covers}

    def _erase(self, arguments: list[str]) -> tuple[int, Json]:
        self.lost = True
        return 0, {"deleted_files": 10, "deleted_bytes": 1000}


def _no_backup(number: int) -> Json:
    return {"code": "object_not_found", "message": f"there is no backup of manifest {number}"}


def new_index(clock: Callable[[], datetime]) -> Index:
    """Epoch 0, 500 covers in manifest 5."""
    summary = IndexSummary(
        manifest=5,
        index_id="01",
        created_at=clock().isoformat(),
        covers=500,
        segments=5,
        bytes=1_000,
        dimensions=128,
        active_epoch=0,
        candidate_epoch=None,
        candidate_complete=False,
        previous_epoch=None,
        next_epoch=1,
        images_since_training=500,
        trained_at=None,
        covers_at_training=0,
        training_error=None,
        fresh_features=0,
        fresh_error=0.0,
        mergeable=0,
        dead_covers=0,
    )
    return Index(clock, summary)
